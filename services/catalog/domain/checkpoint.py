"""The checkpoint of a catalog topic: when there is a new one to publish. It never goes back on the same topic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.aggregate.base import Aggregate
from shared.messages.base import Message
from shared.messages.catalog_checkpoints import CheckpointRecorded, CheckpointState


class Checkpoint(Aggregate):
    """The newest checkpoint of a topic. ``id`` is the topic's short name, the key of its checkpoints."""

    taken: CheckpointState

    @classmethod
    def begin(cls, name: str, seen: CheckpointState) -> tuple[Checkpoint, Sequence[Message]]:
        """Record the first checkpoint of a topic."""
        return cls(id=name, taken=seen), [CheckpointRecorded(checkpoint=seen)]

    def advance(self, seen: CheckpointState, begun_at: datetime, idle: timedelta) -> Sequence[Message]:
        """Record what was seen if it is newer, or nothing was recorded for ``idle``.

        ``begun_at`` is when the topic began to be read: a topic that was read through after the last checkpoint and is shorter
        was created again, and its checkpoints begin again with it. Shorter otherwise: another process is ahead.
        """
        before = {part.partition: part.offset for part in self.taken.partitions}
        behind = any(part.offset < before.get(part.partition, 0) for part in seen.partitions)
        behind = behind or before.keys() - {part.partition for part in seen.partitions} != set()
        if behind and begun_at <= self.taken.taken_at:
            return []
        if seen.partitions == self.taken.partitions and seen.taken_at - self.taken.taken_at < idle:
            return []
        self.taken = seen
        return [CheckpointRecorded(checkpoint=seen)]
