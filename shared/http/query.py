"""Which list a request asks for: cursors carry its mark, since a place in one list is none in another."""

from __future__ import annotations

import hashlib
from contextvars import ContextVar
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

_NOT_ITS_OWN: Final = frozenset({"cursor", "limit"})
_MARK_LENGTH: Final = 12

query_mark: ContextVar[str | None] = ContextVar("query_mark", default=None)
"""The mark of the list that is being asked for; None outside of a request."""


def mark_of_list(path: str, query: str) -> str:
    """Return the mark of a list: its path and filters count, in any order; where a page begins and how long it is do not."""
    filters = sorted(pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in _NOT_ITS_OWN)
    return hashlib.sha256(repr((path, filters)).encode()).hexdigest()[:_MARK_LENGTH]


class QueryMark:
    """ASGI middleware: sets the mark of the list for as long as the request is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        before = query_mark.set(mark_of_list(scope["path"], scope["query_string"].decode("latin-1")))
        try:
            await self.app(scope, receive, send)
        finally:
            query_mark.reset(before)
