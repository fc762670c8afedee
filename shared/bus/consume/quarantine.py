"""The fetch guard: a batch that the client cannot decode is taken out below the handler, so that it neither stalls nor kills it.

aiokafka decodes lazily, inside the fetch: an error there loses what was read beside it and comes again for ever. Here each batch
is decoded when it is reached; a broken one is reported and replaced by an empty one that ends where the broken one ends.
"""

from __future__ import annotations

import hashlib
import json
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.record.memory_records import MemoryRecords

from shared.bus import codecs
from shared.bus.aiokafka_internals import FilteredConsumer, ReplacedBatch
from shared.bus.dead_letters.letter import UNDECODABLE_BATCH, Reason, to_dead_letter
from shared.bus.record import RawRecord

_LENGTH = struct.Struct(">qi")
_LAST_OFFSET_DELTA = struct.Struct(">i")
_LAST_OFFSET_POSITION = 23
_MAGIC_POSITION = 16
_CURRENT_MAGIC = 2
_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class BrokenBatch:
    """A batch that could not be decoded: where it lies, what was wrong, and the digest of its raw bytes."""

    topic: str
    partition: int
    base_offset: int
    next_offset: int
    sha256: str
    error: str


Report = Callable[[BrokenBatch], None]


class CheckedBatches:
    """The batches of one fetched partition, each decoded whole; broken ones are reported and passed over."""

    def __init__(self, partition: TopicPartition, data: bytes, report: Report) -> None:
        self._partition = partition
        self._slices = _slices(data)
        self._report = report
        self._next = next(self._slices, None)

    def has_next(self) -> bool:
        """Return whether another complete batch is there."""
        return self._next is not None

    def next_batch(self) -> ReplacedBatch:
        """Return the next batch, decoded."""
        data = self._next
        assert data is not None  # noqa: S101 - aiokafka asks has_next before
        self._next = next(self._slices, None)
        try:
            source: Any = MemoryRecords(data).next_batch()
            if not source.validate_crc():
                raise ValueError("the checksum does not match")  # noqa: TRY301 - one way for every kind of damage
            return ReplacedBatch(list(source), source.base_offset, source.next_offset, source)
        except Exception as error:  # noqa: BLE001 - damage shows as any error: codec, struct, index, Unicode
            base, following = _bounds(data)
            if self._next is not None:
                following = min(following, _bounds(self._next)[0])
            self._report(
                BrokenBatch(
                    topic=self._partition.topic,
                    partition=self._partition.partition,
                    base_offset=base,
                    next_offset=following,
                    sha256=hashlib.sha256(data).hexdigest(),
                    error=f"{type(error).__name__}: {error}"[:300],
                )
            )
            return ReplacedBatch([], base, following)


class GuardedConsumer(FilteredConsumer):
    """A consumer whose fetches pass the guard. ``broken`` holds what was taken out since it was last emptied."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        self.broken: list[BrokenBatch] = []
        super().__init__(*arguments, **options)

    def batches_of(self, partition: TopicPartition, data: bytes) -> CheckedBatches:
        """Return the batches in fetched bytes, checked."""
        return CheckedBatches(partition, data, self.broken.append)


def report(batch: BrokenBatch, group: str, time: datetime) -> RawRecord:
    """Return the quarantine record of a broken batch for the group's dead-letter topic: its place and digest, not its bytes."""
    facts = {
        "base_offset": batch.base_offset,
        "next_offset": batch.next_offset,
        "sha256": batch.sha256,
        "error": batch.error,
    }
    reason = Reason(UNDECODABLE_BATCH, batch.error, batch.topic, batch.partition, batch.base_offset, group, time)
    return to_dead_letter(None, json.dumps(facts).encode(), (), reason)


class HourlyLimit:
    """Counts what happens per name and reports when it happens more than ``limit`` times within an hour."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._times: dict[str, list[float]] = {}

    def admit(self, name: str) -> bool:
        """Count one more; return False if it is one too many."""
        present = self._clock()
        times = [moment for moment in self._times.get(name, ()) if present - moment < _HOUR_SECONDS]
        self._times[name] = [*times, present]
        return len(times) < self.limit


def _slices(data: bytes) -> Iterator[bytes]:
    """Yield the complete batches; the last one may be cut by the size of the fetch and is left for the next fetch."""
    position = 0
    while position + _LENGTH.size <= len(data):
        _, length = _LENGTH.unpack_from(data, position)
        end = position + _LENGTH.size + length
        if length <= 0 or end > len(data):
            return
        yield data[position:end]
        position = end


def _bounds(data: bytes) -> tuple[int, int]:
    """Return the first offset of a batch and the one after its last, from its header."""
    base, _ = _LENGTH.unpack_from(data)
    if len(data) < _LAST_OFFSET_POSITION + _LAST_OFFSET_DELTA.size or data[_MAGIC_POSITION] < _CURRENT_MAGIC:
        return base, base + 1
    (delta,) = _LAST_OFFSET_DELTA.unpack_from(data, _LAST_OFFSET_POSITION)
    return base, base + max(delta, 0) + 1


codecs.install()
