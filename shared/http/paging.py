"""Keyset pages: an opaque cursor holds the index values of the last item seen, and the mark of the list that it belongs to."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel

from shared.http.limits import PAGE_BYTES
from shared.http.problem import RefusedRequestError
from shared.http.query import query_mark
from shared.store.port import Scalar

F = TypeVar("F")
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=200, description="Largest number of items on the page.")]
CURSOR_LENGTH = 1024
_VALUES = 8
_MARK = "q"


class Page(BaseModel, Generic[T]):
    """One page of a list; it may be shorter than asked for. ``next`` is the cursor of the next page, None on the last one."""

    items: list[T]
    next: str | None = None

    @staticmethod
    def ahead(limit: int) -> int:
        """Return how many to read for a page of ``limit``: one more, which shows that there is a next page."""
        return limit + 1

    @staticmethod
    def cut(
        found: Sequence[F],
        limit: int,
        position: Callable[[F], tuple[Scalar, ...]],
        show: Callable[[F], M],
        *,
        more: bool = False,
        behind: tuple[Scalar, ...] | None = None,
    ) -> Page[M]:
        """Return what was found as a page of at most ``limit`` items and ``PAGE_BYTES``, with the cursor of the rest.

        ``position`` gives the index values of an entry, ``show`` the item that it becomes. There is a rest if more was found than
        the page takes (read ``Page.ahead(limit)``), if there is ``more`` that was not read, or something ``behind`` a place that
        was not looked through.
        """
        return Page.cut_groups(found, limit, position, lambda entry: [show(entry)], more=more, behind=behind)

    @staticmethod
    def cut_groups(
        found: Sequence[F],
        limit: int,
        position: Callable[[F], tuple[Scalar, ...]],
        show: Callable[[F], Sequence[M]],
        *,
        more: bool = False,
        behind: tuple[Scalar, ...] | None = None,
    ) -> Page[M]:
        """Return a page as ``cut`` does where an entry becomes several items, which stay together."""
        items: list[M] = []
        size = shown = 0
        for entry in found[:limit]:
            group = show(entry)
            size += sum(len(item.model_dump_json().encode()) for item in group)
            if shown and size > PAGE_BYTES:
                break
            items += group
            shown += 1
        if behind is not None and shown == len(found):
            return Page(items=items, next=encode_cursor(behind))
        rest = more or shown < len(found)
        return Page(items=items, next=encode_cursor(position(found[shown - 1])) if rest else None)


def encode_cursor(values: tuple[Scalar, ...]) -> str:
    """Return the cursor that continues after the item with these index values in the list that is being asked for."""
    plain: list[object] = [{"t": value.isoformat()} if isinstance(value, datetime) else value for value in values]
    if (mark := query_mark.get()) is not None:
        plain.insert(0, {_MARK: mark})
    return base64.urlsafe_b64encode(orjson.dumps(plain)).rstrip(b"=").decode()


def decode_cursor(text: str | None, kinds: Sequence[type] | None = None) -> tuple[Scalar, ...] | None:
    """Return the values of a cursor, None for none. ``kinds`` states how many there must be and of which types.

    Raises RefusedRequestError (400, ``cursor_invalid``) for anything that ``encode_cursor`` did not make, and for the cursor of
    another list or of other filters. Version 0.1.0 made cursors without a mark: they are taken for those of the list.
    """
    if text is None:
        return None
    values = _decode(text)
    if values is None or (kinds is not None and [type(value) for value in values] != list(kinds)):
        raise RefusedRequestError("The cursor is not one of this list.", status=400, code="cursor_invalid")
    return values


def _decode(text: str) -> tuple[Scalar, ...] | None:
    if not 0 < len(text) <= CURSOR_LENGTH:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        plain = orjson.loads(raw)
        if not isinstance(plain, list):
            return None
        if plain and isinstance(plain[0], dict) and plain[0].keys() == {_MARK}:
            if plain[0][_MARK] != query_mark.get():
                return None
            del plain[0]
        if not 0 < len(plain) <= _VALUES:
            return None
        return tuple(_scalar(item) for item in plain)
    except (ValueError, OverflowError, binascii.Error):
        return None


def _scalar(item: object) -> Scalar:
    if isinstance(item, dict) and item.keys() == {"t"} and isinstance(item["t"], str):
        time = datetime.fromisoformat(item["t"])
        if time.tzinfo is None:
            raise ValueError(item)
        return time.astimezone(UTC)
    if isinstance(item, (str, bool)):
        return item
    if isinstance(item, int) and -(2**63) <= item < 2**63:
        return item
    raise ValueError(item)
