"""Calendar days in Germany: deadlines, awards, decisions and the years of contract numbers count in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

GERMANY = ZoneInfo("Europe/Berlin")
_SATURDAY = 5
_FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)})
_AFTER_EASTER = frozenset({-2, 1, 39, 50})
"""Karfreitag, Ostermontag, Christi Himmelfahrt, Pfingstmontag, in days from Easter Sunday."""


def day_of(moment: datetime) -> date:
    """Return the German calendar day of a moment."""
    return moment.astimezone(GERMANY).date()


def end_of(day: date) -> datetime:
    """Return the moment, in UTC, at which a German calendar day is over."""
    return datetime.combine(day + timedelta(days=1), time(), GERMANY).astimezone(UTC)


def last_day_before(moment: datetime) -> date:
    """Return the German calendar day on which the last second before a moment lies: of ``end_of(day)`` that day."""
    return day_of(moment - timedelta(seconds=1))


def is_working_day(day: date) -> bool:
    """Return whether a day is neither Saturday, Sunday nor a public holiday in all of Germany."""
    holiday = (day.month, day.day) in _FIXED_HOLIDAYS or (day - easter(day.year)).days in _AFTER_EASTER
    return day.weekday() < _SATURDAY and not holiday


def easter(year: int) -> date:
    """Return Easter Sunday of a year in the Gregorian calendar (Meeus, Jones and Butcher)."""
    century, rest = divmod(year, 100)
    shift = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - shift - rest % 4) % 7
    late = (year % 19 + 11 * shift + 22 * weekday) // 451
    month, day = divmod(shift + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
