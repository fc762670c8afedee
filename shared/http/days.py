"""Calendar days in requests: written as ISO 8601, nothing else is a day."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_as_day(value: object) -> object:
    if value is None or isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("a calendar day is written as YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_written_as_day)]
"""A calendar day. Without this, a number would count as seconds since 1970 (and the text ``0`` likewise)."""
