"""An event on its way out: how it lies in an aggregate's outbox, and the port that publishes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """One event, complete: sent again it is byte-equal and has the same id.

    ``seq`` counts the events of the aggregate ``key`` over all topics from 1. ``data`` is the JSON body, None for a tombstone.
    With a ``media_type`` it is a whole value of that type: it travels under ``record_key``, without the headers of an event.
    """

    seq: int
    id: str
    topic: str
    key: str
    type: str
    source: str
    time: datetime
    data: str | None
    traceparent: str
    correlation_id: str
    record_key: str | None = None
    media_type: str | None = None

    @property
    def body(self) -> str:
        """The JSON body of an event that has one. Raises ValueError for a tombstone."""
        if self.data is None:
            raise ValueError(f"{self.type} is a tombstone, it has no body")
        return self.data

    @classmethod
    def of_entry(cls, service: str, aggregate_id: str, entry: Mapping[str, Any]) -> OutgoingEvent:
        """Return an entry of an aggregate's outbox as the event that it is. Raises KeyError, TypeError for a damaged one."""
        present: dict[str, Any] = {name: entry[name] for name in _ENTRY} | {name: entry.get(name) for name in _SEALED}
        return cls(key=aggregate_id, source=f"/{service}", **present)


_SEALED = ("record_key", "media_type")
_ENTRY = tuple(field.name for field in fields(OutgoingEvent) if field.name not in ("key", "source", *_SEALED))


class Publisher(Protocol):
    """Sends events to the bus."""

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """Send all, wait for the broker's acknowledgements, return for each whether it was acknowledged. Does not raise."""
