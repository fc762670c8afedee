"""Calendar days in Germany: deadlines, awards, decisions and the years of contract numbers count in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

GERMANY = ZoneInfo("Europe/Berlin")


def day_of(moment: datetime) -> date:
    """Return the German calendar day of a moment."""
    return moment.astimezone(GERMANY).date()


def end_of(day: date) -> datetime:
    """Return the moment, in UTC, at which a German calendar day is over."""
    return datetime.combine(day + timedelta(days=1), time(), GERMANY).astimezone(UTC)
