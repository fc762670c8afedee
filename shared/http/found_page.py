"""Pages of what a search by words found, and cursors that belong to their query."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.canonical_json import canonical
from shared.http.paging import Page, decode_cursor
from shared.http.problem import RefusedRequestError
from shared.search.index import Found
from shared.store.port import Scalar

T = TypeVar("T", bound=BaseModel)
_MARK_LENGTH = 12


class FoundPage(Page[T]):
    """A page of what a search found, nearest first.

    ``match``: each word was found (all), found with typing errors put right (corrected), or most words only (some).
    ``suggestion``: the words as corrected, to be asked whether they are meant; null if they were not.
    """

    match: Found = Found.ALL
    suggestion: str | None = None


def mark_of(query: Mapping[str, Any]) -> str:
    """Return what the cursors of a query begin with: a place in the answer to another query is none in its own."""
    return hashlib.sha256(canonical(dict(query))).hexdigest()[:_MARK_LENGTH]


def place_after(cursor: str | None, mark: str, kinds: Sequence[type]) -> tuple[Scalar, ...] | None:
    """Return the place that a cursor stands for, without its mark; None for none.

    Raises RefusedRequestError (400, ``cursor_invalid``) for one that is none, or that of another query.
    """
    values = decode_cursor(cursor, (str, *kinds))
    if values is None:
        return None
    if values[0] != mark:
        raise RefusedRequestError("The cursor is that of another query.", status=400, code="cursor_invalid")
    return values[1:]
