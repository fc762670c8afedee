"""The day of an award or decision: the one in Germany, where the law counts it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def local_day(at: datetime) -> date:
    """Return the German calendar day of a moment."""
    return at.astimezone(BERLIN).date()
