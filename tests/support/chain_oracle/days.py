"""Sets of days as bits of a number, and periods found by looking at one day after the other."""

from datetime import date, timedelta
from functools import lru_cache

BASE = date(1880, 1, 1).toordinal()
FOREVER = date(2260, 1, 1).toordinal() - BASE
"""The bit of all days that no case reaches."""
DAY = timedelta(days=1)


def place(day: str) -> int:
    """Return the bit of a day."""
    return date.fromisoformat(day).toordinal() - BASE


def last_place(day: str | None) -> int:
    """Return the bit of a last day."""
    return FOREVER if day is None else place(day)


def text(at: int) -> str | None:
    """Return the day of a bit, None for FOREVER."""
    return None if at == FOREVER else date.fromordinal(at + BASE).isoformat()


def span(first: int, last: int) -> int:
    """Return the set of the days from first to last."""
    return 0 if last < first else (1 << (last + 1)) - (1 << first)


def lowest(days: int) -> int:
    """Return the first day of a set that is not empty."""
    return (days & -days).bit_length() - 1


def runs(days: int) -> list[tuple[int, int]]:
    """Return first and last day of each unbroken range of a set."""
    found = []
    while days:
        first = lowest(days)
        length = lowest(~(days >> first))
        found.append((first, first + length - 1))
        days &= ~span(first, first + length - 1)
    return found


def later(day: date, months: int) -> date:
    """Return the same day some months on, or the last of that month."""
    year, month, number = day.year, day.month, day.day
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1


def starts(day: date, period: str) -> bool:
    """Return whether a period (MONTH, QUARTER, YEAR, ANY) starts on a day."""
    months = {"MONTH": range(1, 13), "QUARTER": (1, 4, 7, 10), "YEAR": (1,)}
    return period == "ANY" or (day.day == 1 and day.month in months[period])


@lru_cache(maxsize=100_000)
def first_end(day: date, to: str) -> date:
    """Return the first end of a period on or after a day."""
    while not starts(day if to == "ANY" else day + DAY, to.split("_", maxsplit=1)[0]):
        day += DAY
    return day


def first_start(day: date, from_: str) -> date:
    """Return the first start of a period on or after a day."""
    while not starts(day, from_.split("_", maxsplit=1)[0]):
        day += DAY
    return day


def notice_ends(received: date, months: int, to: str) -> date:
    """Return the last day of a notice."""
    return first_end(later(received, months), to)


def latest_receipt(last_day: date, months: int, to: str) -> date:
    """Return the latest day whose notice ends on a day or before, going back day by day."""
    received = last_day
    while later(received, months) > last_day or notice_ends(received, months, to) > last_day:
        received -= DAY
    return received
