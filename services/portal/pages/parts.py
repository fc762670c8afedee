"""Parts of a page that it can do without."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from shared.errors import MarktplatzError, RejectedError

T = TypeVar("T")
ENTITY_ID = re.compile(r"[0-9a-f-]{36}")
"""The id of a thing that the services have made; in addresses of pages there may be anything."""

log = structlog.get_logger()


async def or_none(asked: Awaitable[T], page: str) -> T | None:
    """Return what a page can do without, None where there is none for whoever reads, or none just now."""
    try:
        return await asked
    except MarktplatzError as error:
        note = log.info if isinstance(error, RejectedError) else log.warning
        note("part_left_out", page=page, code=error.code, detail=error.detail)
        return None


async def nothing() -> None:
    """Return None, in place of a part that is not for whoever reads."""
