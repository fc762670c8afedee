"""Checkpoints of the topics that portals follow: computed from what stands on the topics, not from the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from services.catalog.domain.checkpoint import Checkpoint
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger
from shared.aggregate.sweep import Sweep
from shared.bus.mirror.content import Content
from shared.bus.mirror.mirror import TopicMirror
from shared.messages.base import Message
from shared.messages.catalog_checkpoints import CheckpointState, PartitionCheckpoint
from shared.topics import KNOWN_SERVICES, OFFERINGS, Topic

FOLLOWED: Mapping[str, tuple[Topic, str]] = {"offering": (OFFERINGS, "offering"), "known-service": (KNOWN_SERVICES, "service")}
"""Topics that portals follow, by the key of their checkpoints, each with the member of its bodies that carries the state."""


def mirrors() -> dict[str, TopicMirror]:
    """Return a mirror of each topic that portals follow, by the key of its checkpoints."""
    return {name: TopicMirror(topic, member) for name, (topic, member) in FOLLOWED.items()}


class Checkpoints:
    """Records a checkpoint of each mirrored topic when it is time; of several processes the store lets one be first."""

    def __init__(
        self,
        ledger: Ledger[Checkpoint],
        followed: Mapping[str, TopicMirror],
        idle: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._followed = followed
        self._idle = idle
        self._clock = clock

    async def record(self) -> None:
        """Record what the mirrors hold. A topic that was not read through yet has no checkpoint.

        Raises OutboxFullError after the others, for one that could not be recorded.
        """
        changes = [
            _change(name, mirror.content, state_of(mirror.topic, mirror.content, self._clock()), self._idle)
            for name, mirror in self._followed.items()
            if mirror.content is not None
        ]
        if changes:
            sweep = Sweep(self._ledger)
            await sweep.apply(changes)
            sweep.finish()


def state_of(topic: Topic, content: Content, at: datetime) -> CheckpointState:
    """Return the checkpoint of what was read of a topic."""
    return CheckpointState(
        topic=topic.name,
        taken_at=at,
        live=content.live(),
        sha256=content.digest(),
        partitions=tuple(PartitionCheckpoint(**asdict(fold)) for fold in content.folds()),
    )


def _change(name: str, content: Content, seen: CheckpointState, idle: timedelta) -> Change[Checkpoint]:
    begun_at = content.begun_at

    def decide(checkpoint: Checkpoint | None) -> tuple[Checkpoint, Sequence[Message]]:
        if checkpoint is None:
            return Checkpoint.begin(name, seen)
        return checkpoint, checkpoint.advance(seen, begun_at, idle)

    return Change(name, decide)
