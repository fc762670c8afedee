"""A publisher for work on stores beside the services: it sends nothing, a worker's relay does."""

from __future__ import annotations

from collections.abc import Sequence

from shared.aggregate.outgoing import OutgoingEvent


class Silent:
    """A publisher that sends nothing: events stay in their outboxes."""

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """Acknowledge nothing, so that nothing could be lost here."""
        return [False] * len(events)
