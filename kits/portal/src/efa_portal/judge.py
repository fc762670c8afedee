"""Which checkpoint judges which partition, and what the fold was at the offset that it speaks of."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from efa_portal.checkpoint import Checkpoint, PartitionCheckpoint
from efa_portal.fold import fold_digest
from efa_portal.record import Undo

HISTORY = 20_000
"""Applied records per partition whose predecessors are remembered: so far back a checkpoint can speak and still be compared."""
WAITING = 20
"""Checkpoints that wait for their offsets to be reached; older ones are overtaken by newer ones."""


@dataclass(slots=True)
class _Partition:
    """What is remembered of a partition: ``floor`` is the lowest offset whose fold can still be computed."""

    floor: int
    undone: deque[Undo] = field(default_factory=deque)
    judged: Checkpoint | None = None
    differs: bool = False


class Judge:
    """Compares the partitions of one generation with checkpoints, from when reading began.

    A checkpoint judges a partition only if its offset is not below the end that the partition had when reading began: below that,
    compaction may have removed records that the fold of then still held. What later records replaced is remembered and undone to
    compare at exactly the offset that a checkpoint speaks of.
    """

    def __init__(self, ends: Mapping[int, int], checkpoints: Iterable[Checkpoint] = ()) -> None:
        self._partitions = {number: _Partition(end) for number, end in ends.items()}
        self._ends = dict(ends)
        self._waiting: deque[Checkpoint] = deque(checkpoints, maxlen=WAITING)

    def record(self, undone: list[Undo]) -> None:
        """Remember what applied records replaced."""
        for undo in undone:
            part = self._partitions[undo.partition]
            if undo.offset >= part.floor:
                part.undone.append(undo)
            if len(part.undone) > HISTORY:
                part.floor = part.undone.popleft().offset + 1

    def announce(self, checkpoint: Checkpoint) -> None:
        """Queue a checkpoint of the topic."""
        self._waiting.append(checkpoint)

    def due(self, positions: Mapping[int, int]) -> dict[int, tuple[Checkpoint, PartitionCheckpoint]]:
        """Return for each partition the newest checkpoint that can judge it now and has not yet."""
        found = {}
        for number, part in self._partitions.items():
            for checkpoint in reversed(self._waiting):
                spoken = checkpoint.partition(number)
                if spoken is not None and part.floor <= spoken.offset <= positions[number]:
                    if checkpoint is not part.judged:
                        found[number] = (checkpoint, spoken)
                    break
        return found

    def compare(self, number: int, checkpoint: Checkpoint, digests: Mapping[bytes, str]) -> bool:
        """Return whether a partition was equal at the offset of a checkpoint that is due, given its digests of now."""
        part = self._partitions[number]
        spoken = checkpoint.partition(number)
        if spoken is None:
            raise ValueError(f"the checkpoint does not speak of partition {number}")
        then = dict(digests)
        for undo in reversed(part.undone):
            if undo.offset < spoken.offset:
                break
            if undo.before is None:
                then.pop(undo.key, None)
            else:
                then[undo.key] = undo.before
        part.judged = checkpoint
        part.differs = (len(then), fold_digest(then)) != (spoken.live, spoken.sha256)
        while part.undone and part.undone[0].offset < spoken.offset:
            part.undone.popleft()
        part.floor = max(part.floor, spoken.offset)
        return not part.differs

    def reached(self, positions: Mapping[int, int]) -> bool:
        """Whether every partition has reached the end that it had when reading began."""
        return all(positions[number] >= end for number, end in self._ends.items())

    @property
    def verified(self) -> bool:
        """Whether a checkpoint has found every partition equal since reading began, the newest one of each."""
        return all(part.judged is not None and not part.differs for part in self._partitions.values())

    @property
    def differs(self) -> bool:
        """Whether a newest checkpoint has found a partition different."""
        return any(part.differs for part in self._partitions.values())

    @property
    def newest(self) -> datetime | None:
        """When the newest checkpoint that judged a partition was taken."""
        return max((part.judged.taken_at for part in self._partitions.values() if part.judged is not None), default=None)
