"""Days as ISO text, closed intervals of them, and the agreed periods that notices and new prices keep.

Days are compared as text, which is right for ISO 8601.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple

OPEN: Final = "9999-99-99"
"""Last day of an interval that has none: later than every day."""

_MONTHS_OF: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


class Interval(NamedTuple):
    """Days from ``first`` to ``last``, both included; none if ``last`` comes before ``first``."""

    first: str
    last: str

    def common(self, other: Interval) -> Interval:
        """Return the days that both have."""
        return Interval(max(self.first, other.first), min(self.last, other.last))

    @property
    def empty(self) -> bool:
        """Whether there is no day in it."""
        return self.last < self.first


def shown(last: str) -> str | None:
    """Return a last day as it is written: None for an open end."""
    return None if last == OPEN else last


def day_after(day: str) -> str:
    """Return the next day."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def day_before(day: str) -> str:
    """Return the previous day."""
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def days_between(first: str, second: str) -> int:
    """Return how many days the second day comes after the first."""
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


def uncovered(term: Interval, covers: Iterable[Interval]) -> list[Interval]:
    """Return the maximal ranges of the term that no cover holds, in order."""
    found = []
    first = term.first
    for cover in sorted(covers):
        if cover.last < first or cover.empty:
            continue
        if cover.first > term.last:
            break
        if cover.first > first:
            found.append(Interval(first, day_before(cover.first)))
        if cover.last >= term.last:
            return found
        first = day_after(cover.last)
    return [*found, Interval(first, term.last)]


def plus_months(day: str, months: int) -> str:
    """Return the same day ``months`` months on (before, if negative), or the last of that month."""
    at = date.fromisoformat(day)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return date(year, month + 1, min(at.day, monthrange(year, month + 1)[1])).isoformat()


def period_end(day: str, to: str) -> str:
    """Return the first end of a period on or after the day. ``to``: ANY, MONTH_END, QUARTER_END, YEAR_END."""
    return day if to == "ANY" else day_before(_start_of_next(day, to.removesuffix("_END")))


def period_start(day: str, from_: str) -> str:
    """Return the first start of a period on or after the day. ``from_``: ANY, MONTH_START, QUARTER_START, YEAR_START."""
    return day if from_ == "ANY" else _start_of_next(day_before(day), from_.removesuffix("_START"))


def latest_receipt(last_day: str, months: int, to: str) -> str:
    """Return the latest day on which a notice may arrive that ends something on ``last_day`` or before."""
    latest = last_day if to == "ANY" else day_before(_start_of_this(day_after(last_day), to.removesuffix("_END")))
    if _ends_month(latest):
        return day_before(plus_months(day_after(latest), -months))
    return plus_months(latest, -months)


def _ends_month(day: str) -> bool:
    return day_after(day).endswith("-01")


def _start_of_this(day: str, period: str) -> str:
    at = date.fromisoformat(day)
    month = (at.month - 1) // _MONTHS_OF[period] * _MONTHS_OF[period] + 1
    return date(at.year, month, 1).isoformat()


def _start_of_next(day: str, period: str) -> str:
    return plus_months(_start_of_this(day, period), _MONTHS_OF[period])
