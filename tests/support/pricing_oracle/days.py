"""Days, one by one: who takes part, and where a slice begins."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

ONE = timedelta(1)


def each(first: str, last: str) -> Iterator[str]:
    """Yield every day from the first to the last."""
    for number in range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1):
        yield date.fromordinal(number).isoformat()


def there(body: dict[str, Any], day: str) -> bool:
    """Return whether a body takes part on a day."""
    return any(days["from"] <= day and (days["to"] is None or day <= days["to"]) for days in body["participations"])


def basis(day: str, period: str) -> int:
    """Return the number of days of the year or month of a day."""
    at = date.fromisoformat(day)
    start = at.replace(day=1) if period == "MONAT" else at.replace(month=1, day=1)
    after = start
    while (after.year, after.month if period == "MONAT" else 0) == (start.year, start.month if period == "MONAT" else 0):
        after += ONE
    return (after - start).days


def begins(day: str, period: str, bodies: list[dict[str, Any]]) -> bool:
    """Return whether a slice begins on a day."""
    if day.endswith("-01-01") or (period == "MONAT" and day.endswith("-01")):
        return True
    eve = (date.fromisoformat(day) - ONE).isoformat()
    return any(days["from"] == day or days["to"] == eve for body in bodies for days in body["participations"])
