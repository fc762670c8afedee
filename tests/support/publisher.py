"""A publisher that keeps what it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.aggregate.outgoing import OutgoingEvent


class RecordingPublisher:
    """Acknowledges every event and keeps it, unless ``refuses`` says otherwise."""

    def __init__(self, refuses: Callable[[OutgoingEvent], bool] = lambda _: False) -> None:
        self.events: list[OutgoingEvent] = []
        self.refuses = refuses

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        flags = []
        for event in events:
            acked = not self.refuses(event)
            if acked:
                self.events.append(event)
            flags.append(acked)
        return flags

    def types(self) -> list[str]:
        """Return the types of the events so far."""
        return [event.type for event in self.events]
