"""What travels along with a piece of work: correlation id (the order's id) and W3C trace context."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

_TRACEPARENT = re.compile(r"((?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
"""W3C Trace Context, 3.2: neither id is all zeros, version ff is forbidden."""
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(slots=True)
class Request:
    """A request that may be repeated under its Idempotency-Key. ``changes`` counts what it has changed so far, by aggregate.

    ``repeat``: an earlier run ended without an answer, it may have changed something. ``settled``: an earlier run was answered,
    this one only answers what may be answered now and changes nothing.
    """

    id: str
    repeat: bool = False
    settled: bool = False
    changes: Counter[str] = field(default_factory=Counter)

    def next_change(self, aggregate: str) -> str:
        """Return the name of the request's next change of an aggregate: a repeat goes the same way and finds the same names."""
        self.changes[aggregate] += 1
        return f"{self.id}/{self.changes[aggregate]}"


@contextmanager
def bound(variable: ContextVar[T], value: T) -> Iterator[None]:
    """Give a context variable a value for the duration of a block."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


request: ContextVar[Request | None] = ContextVar("request", default=None)
correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def is_settled() -> bool:
    """Return whether the request in hand was answered before: then it only answers, and changes nothing."""
    current = request.get()
    return current is not None and current.settled


def valid_traceparent(text: str | None) -> str | None:
    """Return a ``traceparent`` that came from outside if it is one, else None: the work begins a trace of its own then."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None


def valid_correlation_id(text: str | None) -> str | None:
    """Return a correlation id that came from outside if it is 1 to 64 letters, digits and ``._:-``, else None."""
    return text if text is not None and _CORRELATION_ID.fullmatch(text) else None


def new_traceparent() -> str:
    """Return a new W3C ``traceparent`` (version 00, sampled)."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def child_traceparent(parent: str | None) -> str:
    """Return the ``traceparent`` of a child span: same trace id, new span id."""
    found = _TRACEPARENT.fullmatch(parent or "")
    return f"{found[1]}-{secrets.token_hex(8)}-{found[2]}" if found else new_traceparent()


def trace_id() -> str | None:
    """Return the trace id of the work in hand, or None."""
    found = (traceparent.get() or "").split("-")[1:2]
    return found[0] if found else None
