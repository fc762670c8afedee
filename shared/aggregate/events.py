"""New events of an aggregate, appended to its outbox under the next numbers of its sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from shared.aggregate.change import Change
from shared.aggregate.outbox import OUTBOX_BYTES, OUTBOX_LIMIT
from shared.aggregate.outgoing import OutgoingEvent
from shared.aggregate.record import Record
from shared.errors import OutboxFullError
from shared.ids import derived_id
from shared.messages.base import Message, SealedMessage, Tombstone
from shared.store.port import Document
from shared.topics import topic_of
from shared.tracing import context


class EventWriter:
    """Writes the events of one service's collection into outboxes."""

    def __init__(self, service: str, collection: str, clock: Callable[[], datetime]) -> None:
        self._service = service
        self._collection = collection
        self._clock = clock

    def next_id(self, record: Record[Any]) -> str:
        """Return an id for a change without events, after those of the record's events so far and the changes that wait."""
        place = f"{record.seq}.{record.rev}.{len(record.journal or ())}"
        return derived_id("change", self._service, self._collection, record.id, place)

    def append(self, record: Record[Any], change: Change[Any], messages: Sequence[Message]) -> tuple[OutgoingEvent, ...]:
        """Append events to a record's outbox and return them; a repeat gives the same ids. Raises OutboxFullError."""
        if not messages:
            return ()
        if len(record.outbox) + len(messages) > OUTBOX_LIMIT:
            raise OutboxFullError(
                f"{record.id} holds {len(record.outbox)} events that could not be published yet.",
                id=record.id,
                waiting=len(record.outbox),
            )
        bodies = [_body(message) for message in messages]
        waiting = sum(_bytes(entry["data"]) for entry in record.outbox)
        if record.outbox and waiting + sum(map(_bytes, bodies)) > OUTBOX_BYTES:
            raise OutboxFullError(
                f"{record.id} holds {waiting} bytes of events that could not be published yet.",
                id=record.id,
                waiting=len(record.outbox),
                bytes=waiting,
            )
        cause = change.cause
        time = self._clock()
        parent = (cause.traceparent if cause else None) or context.traceparent.get()
        correlation = (
            change.correlation_id or (cause.correlation_id if cause else None) or context.correlation_id.get() or record.id
        )
        events: list[OutgoingEvent] = []
        for message, body in zip(messages, bodies, strict=True):
            record.seq += 1
            entry: Document = {
                "seq": record.seq,
                "id": derived_id("event", self._service, self._collection, record.id, str(record.seq)),
                "topic": topic_name(message),
                "type": message.TYPE,
                "time": time,
                "data": body,
                "traceparent": context.child_traceparent(parent),
                "correlation_id": correlation,
            }
            if isinstance(message, SealedMessage):
                entry |= {"record_key": message.record_key, "media_type": message.MEDIA_TYPE}
            record.outbox.append(entry)
            events.append(OutgoingEvent.of_entry(self._service, record.id, entry))
        record.pending_since = record.pending_since or time
        return tuple(events)


def topic_name(message: Message) -> str:
    """Return the name of the topic that an event goes to."""
    return message.topic if isinstance(message, SealedMessage) else topic_of(message).name


def _body(message: Message) -> str | None:
    if isinstance(message, Tombstone):
        return None
    return message.body if isinstance(message, SealedMessage) else message.model_dump_json(exclude_none=True)


def _bytes(body: str | None) -> int:
    return 0 if body is None else len(body.encode())
