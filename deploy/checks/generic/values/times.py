"""Forms of schedules, time zones and durations."""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deploy.checks.generic.values.formats import Format

_EVERY = "@every "
_NAMED = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_PARTS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
"""Least, most and names of minute, hour, day, month and day of the week (0 is Sunday; there is no 7)."""

_DURATION = re.compile(r"([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+")


def is_schedule(value: object) -> bool:
    """Return whether a value is a schedule of a CronJob: five fields or ``@daily`` and the like (robfig/cron, version 3).

    A zone inside of it (``TZ=``) is refused, as the server does: ``timeZone`` says it.
    """
    if not isinstance(value, str):
        return False
    if value.startswith("@"):
        return value in _NAMED or (value.startswith(_EVERY) and is_duration(value.removeprefix(_EVERY)))
    fields = value.split()
    return len(fields) == len(_PARTS) and all(_is_field(field, *part) for field, part in zip(fields, _PARTS, strict=True))


def _is_field(field: str, least: int, most: int, names: dict[str, int]) -> bool:
    entries = [entry for entry in field.split(",") if entry]
    return bool(entries) and all(_is_entry(entry.lower(), least, most, names) for entry in entries)


def _is_entry(entry: str, least: int, most: int, names: dict[str, int]) -> bool:
    range_, slash, step = entry.partition("/")
    if slash and not (_is_digits(step) and int(step) > 0):
        return False
    if range_ in ("*", "?"):
        return True
    ends = [names.get(end, int(end) if _is_digits(end) else -1) for end in range_.split("-")]
    return len(ends) <= len(("first", "last")) and all(least <= end <= most for end in ends) and ends == sorted(ends)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def is_duration(value: object) -> bool:
    """Return whether a value is a duration as Go writes them: ``1h30m``."""
    return value == "0" or (isinstance(value, str) and _DURATION.fullmatch(value) is not None)


@lru_cache(maxsize=256)
def is_zone(value: object) -> bool:
    """Return whether a value names a time zone of the IANA database; the machine's own (``Local``) is none."""
    if not isinstance(value, str) or not value or value.lower() == "local":
        return False
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, such as Europe
        return False
    return True


SCHEDULE = Format("value-time", "a schedule of five fields, such as '30 2 * * *', or @daily", is_schedule)
ZONE = Format("value-time", "a time zone, such as Europe/Berlin", is_zone)
DURATION = Format("value-time", "a duration, such as 1h or 90s", is_duration)
