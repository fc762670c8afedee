"""The spans of a batch: one per event, child of the span that sent it, parent of all that it causes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.bus.handling import Received
from shared.tracing import context, spans
from shared.tracing.spans import Kind, Span


@dataclass(frozen=True, slots=True)
class _Entered:
    event: Received
    sent_by: str | None
    topic: str


class BatchSpans:
    """Gives the events of one batch their spans; does nothing while tracing is off."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._began = time.time_ns()
        self._entered: list[_Entered] = []

    def enter(self, event: Received, topic: str) -> Received:
        """Return the event as the handlers get it: its cause is the span of its processing."""
        if not spans.enabled():
            return event
        sent_by = event.cause.traceparent
        own = replace(event.cause, traceparent=context.child_traceparent(sent_by))
        entered = replace(event, cause=own)
        self._entered.append(_Entered(entered, sent_by, topic))
        return entered

    def end(self, codes: Mapping[int, str]) -> None:
        """Export the spans; ``codes`` maps the identity of an event to why it is dead."""
        ended = time.time_ns()
        for entered in self._entered:
            event = entered.event
            assert event.cause.traceparent is not None  # noqa: S101 - set by enter
            attributes: dict[str, str | int] = {
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": entered.topic,
                "messaging.consumer.group.name": self._group,
                "messaging.message.id": event.cause.event_id,
                "messaging.kafka.message.key": event.key,
                "messaging.batch.message_count": len(self._entered),
            }
            spans.export(
                Span(
                    f"process {event.cause.type}",
                    Kind.CONSUMER,
                    self._group,
                    event.cause.traceparent,
                    entered.sent_by,
                    self._began,
                    ended,
                    attributes,
                    codes.get(id(event)),
                )
            )
