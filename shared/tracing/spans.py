"""Spans of what happens, under the W3C ids that travel with the work anyway; off unless a receiver is named.

Who does the work carries its trace context (``shared.tracing.context``, headers of requests and events) whether this is on or
off. A span is exported once, when its work is done, with the ids that it had: nothing is wrapped, and off it costs one
comparison.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from shared.tracing import context

Attributes = Mapping[str, str | int]


class Kind(StrEnum):
    """The side of a span (OpenTelemetry, SpanKind)."""

    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of work that is done. ``scope`` names who did it (OpenTelemetry, instrumentation scope).

    Times are nanoseconds since 1970. ``parent`` counts only if it belongs to the same trace. ``error`` is a code, never a text:
    that may name people.
    """

    name: str
    kind: Kind
    scope: str
    traceparent: str
    parent: str | None
    began: int
    ended: int
    attributes: Attributes = field(default_factory=dict)
    error: str | None = None


class Exporter(Protocol):
    """Port that exports spans. Neither method waits for the receiver, but ``close`` for a bounded time, and none raises."""

    def export(self, span: Span) -> None:
        """Export one span."""

    def close(self) -> None:
        """Send what is left."""


class _Switch:
    exporter: Exporter | None = None


def use(exporter: Exporter | None) -> None:
    """Send spans to ``exporter`` from now on, or to nobody."""
    _Switch.exporter = exporter


def stop() -> None:
    """Send what is left and end."""
    exporter, _Switch.exporter = _Switch.exporter, None
    if exporter is not None:
        exporter.close()


def enabled() -> bool:
    """Return whether spans are sent: nothing needs to be gathered for them otherwise."""
    return _Switch.exporter is not None


def export(span: Span) -> None:
    """Export the span if its trace is sampled."""
    if _Switch.exporter is not None and _sampled(span.traceparent):
        _Switch.exporter.export(span)


@dataclass(slots=True)
class OpenSpan:
    """A span that has not ended; ``error`` may be set to a code before it does."""

    error: str | None = None


@contextmanager
def recorded_span(name: str, kind: Kind, scope: str, parent: str | None, attributes: Attributes) -> Iterator[OpenSpan]:
    """Run the block as a child span of ``parent``: what it causes is of the same trace, whether spans are exported or not."""
    own = context.child_traceparent(parent)
    token = context.traceparent.set(own)
    span, began = OpenSpan(), time.time_ns()
    try:
        yield span
    except BaseException as error:
        span.error = type(error).__name__
        raise
    finally:
        context.traceparent.reset(token)
        export(Span(name, kind, scope, own, parent, began, time.time_ns(), attributes, span.error))


def _sampled(traceparent: str) -> bool:
    return int(traceparent[-2:], 16) & 1 == 1
