"""The newest checkpoint of the archive, as it is published. It never goes back."""

from __future__ import annotations

from collections.abc import Sequence

from shared.aggregate.base import Aggregate
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts_checkpoints import CheckpointSigned


def published_id(log: str) -> str:
    """Return the id under which the checkpoints of a log are published."""
    return derived_id("archive", log)


class PublishedCheckpoint(Aggregate):
    """What was published last of a log. ``id`` is derived of its name, which may hold signs that no key of a record may."""

    log: str
    size: int
    note: str

    @classmethod
    def begin(cls, log: str, size: int, note: str) -> tuple[PublishedCheckpoint, Sequence[Message]]:
        """Publish the first checkpoint of a log."""
        published = cls(id=published_id(log), log=log, size=size, note=note)
        return published, published.restate()

    def advance(self, size: int, note: str) -> Sequence[Message]:
        """Publish a checkpoint if it covers more than the last one."""
        if size <= self.size:
            return []
        self.size, self.note = size, note
        return self.restate()

    def restate(self) -> list[Message]:
        """Return the event of the checkpoint that was published last."""
        return [CheckpointSigned(log=self.log, size=self.size, note=self.note)]
