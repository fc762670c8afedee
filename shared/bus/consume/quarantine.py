"""The fetch guard: a batch that the client cannot decode is taken out below the handler, so that it neither stalls nor kills it.

aiokafka decodes lazily, inside the fetch: an error there loses what was read beside it and comes again for ever. Here each batch
is decoded when it is reached; a broken one is reported and replaced by an empty one that ends where the broken one ends.
"""

from __future__ import annotations

import collections
import hashlib
import json
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import aiokafka.consumer.fetcher
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.record.memory_records import MemoryRecords

from shared.bus import codecs
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


class _RawRecords(MemoryRecords):  # type: ignore[misc] # aiokafka is untyped
    """Fetched bytes that can still be seen after aiokafka has taken them."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.raw = data


class _Batch:
    """A decoded batch, or the gap that a broken one leaves, in the form that aiokafka's reader wants."""

    def __init__(self, records: list[Any], base_offset: int, next_offset: int, source: Any = None) -> None:  # noqa: ANN401
        self.base_offset = base_offset
        self.next_offset = next_offset
        # A control batch is skipped without a look at its records: just right for a gap.
        self.is_control_batch = source is None or source.is_control_batch
        self.is_transactional = source is not None and source.is_transactional
        self.producer_id = None if source is None else source.producer_id
        self._records = iter(records)

    def validate_crc(self) -> bool:
        return True

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:  # noqa: ANN401 - a record of aiokafka
        return next(self._records)


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

    def next_batch(self) -> _Batch:
        """Return the next batch, decoded."""
        data = self._next
        assert data is not None  # noqa: S101 - aiokafka asks has_next before
        self._next = next(self._slices, None)
        try:
            source: Any = MemoryRecords(data).next_batch()
            if not source.validate_crc():
                raise ValueError("the checksum does not match")  # noqa: TRY301 - one way for every kind of damage
            return _Batch(list(source), source.base_offset, source.next_offset, source)
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
            return _Batch([], base, following)


class _Buffer(collections.OrderedDict[TopicPartition, Any]):
    """The fetcher's buffer: what is put in is read through the guard."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def __setitem__(self, partition: TopicPartition, entry: Any) -> None:  # noqa: ANN401 - a private type of aiokafka
        if isinstance(entry, aiokafka.consumer.fetcher.FetchResult):
            records = entry._partition_records  # noqa: SLF001
            records._records = CheckedBatches(partition, records._records.raw, self._report)  # noqa: SLF001
        super().__setitem__(partition, entry)


class GuardedConsumer(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka is untyped
    """An AIOKafkaConsumer whose fetches pass the guard. ``broken`` holds what was taken out since it was last emptied."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        self.broken: list[BrokenBatch] = []
        super().__init__(*arguments, **options)

    @property
    def _fetcher(self) -> Any:  # noqa: ANN401 - a private type of aiokafka
        return self._guarded_fetcher

    @_fetcher.setter
    def _fetcher(self, fetcher: Any) -> None:  # noqa: ANN401 - a private type of aiokafka
        # The consumer makes its fetcher in ``start``; its buffer is exchanged here, before the first fetch can fill it.
        if fetcher is not None:
            fetcher._records = _Buffer(self.broken.append)  # noqa: SLF001
        self._guarded_fetcher = fetcher


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


def install() -> None:
    """Put the capped codecs and the guard's view of fetched bytes into aiokafka; safe to call again."""
    codecs.install()
    aiokafka.consumer.fetcher.MemoryRecords = _RawRecords


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


install()
