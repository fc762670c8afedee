"""Lists of which several indexes find a part each: newest first, every thing once, a page after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")
Position = tuple[datetime, str]
"""Moment and id of a thing: its place in the list."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A part of a list. ``rest``: position after which there may be more, None at the end of the list."""

    items: list[T]
    rest: Position | None


def merged(parts: Sequence[Listing[T]], position_of: Callable[[T], Position], limit: int) -> Listing[T]:
    """Return up to ``limit`` of what the parts have found, each of which is ordered newest first."""
    rest = max((part.rest for part in parts if part.rest is not None), default=None)
    newest_first = merge(*(part.items for part in parts), key=position_of, reverse=True)
    # What concerns somebody in two roles is found twice. What lies behind the end of one part may have others before it.
    found = {position_of(it): it for it in newest_first if rest is None or position_of(it) >= rest}
    listed = list(islice(found.values(), limit))
    return Listing(listed, position_of(listed[-1]) if len(found) > limit else rest)


async def portions_of(page: Callable[[Position | None], Awaitable[Listing[T]]]) -> AsyncIterator[list[T]]:
    """Yield the items of all pages, each read after the position that the one before has ended at."""
    after: Position | None = None
    while True:
        found = await page(after)
        yield found.items
        after = found.rest
        if after is None:
            return
