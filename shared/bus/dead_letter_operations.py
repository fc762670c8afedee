"""Lists, shows, replays and discards the dead letters of a consumer group.

A replay remembers what it has sent: the group ``<group>.dlq.replay`` commits, per partition of the dead-letter topic, the
offset up to which all was replayed, and in the commit's note the offsets beyond it that were replayed singly. What is discarded
counts as replayed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from shared.bus.admin import partitions_of
from shared.bus.aiokafka_internals import committed_with_notes
from shared.bus.consume.quarantine import GuardedConsumer
from shared.bus.dead_letters.letter import DeadLetter, dead_letter_topic, from_dead_letter, unknown_letter
from shared.bus.dead_letters.replay import replay_topic, sent_back
from shared.bus.lifeline import drop
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError, ConflictError, InvalidError

SINGLES_LIMIT = 300

log = structlog.get_logger()


@dataclass(slots=True)
class Replayed:
    """The result of a replay, by the ids of dead letters: what was sent to ``topic``, and in ``origins`` where it once stood.

    ``not_replayable`` holds no original bytes, ``failed`` was not acknowledged.
    """

    topic: str
    origins: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    not_replayable: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    already: int = 0


@dataclass(slots=True)
class Settled:
    """Which offsets of a partition were replayed or discarded: all below ``below``, and ``singly`` beyond."""

    below: int
    singly: set[int]

    @classmethod
    def of(cls, committed: OffsetAndMetadata | None, start: int) -> Self:
        """Return what a commit of the replays says about a partition whose first offset is ``start``."""
        below = start if committed is None else max(committed.offset, start)
        singly = json.loads(committed.metadata) if committed is not None and committed.metadata else ()
        return cls(below, {offset for offset in singly if offset >= below})

    def has_room(self, offset: int) -> bool:
        """Return whether one can be noted as settled: the next in turn always, as many as a commit can note out of turn."""
        return offset == self.below or len(self.singly) < SINGLES_LIMIT

    def __contains__(self, offset: int) -> bool:
        return offset < self.below or offset in self.singly

    def add(self, offset: int) -> None:
        """Note one as settled."""
        self.singly.add(offset)
        while self.below in self.singly:
            self.singly.discard(self.below)
            self.below += 1

    def committed(self) -> OffsetAndMetadata:
        """Return the commit that says so."""
        return OffsetAndMetadata(self.below, json.dumps(sorted(self.singly)) if self.singly else "")


class FirstLetters:
    """The first ``limit`` letters by time of death, of however many: hardly more than these are held at any time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._found: dict[tuple[str, int, int, str], DeadLetter] = {}

    def add(self, letter: DeadLetter) -> None:
        """Add a letter; of one that a crash left twice the first counts."""
        origin = (letter.reason.topic, letter.reason.partition, letter.reason.offset, letter.reason.code)
        present = self._found.get(origin)
        if present is None or _died(letter) < _died(present):
            self._found[origin] = letter
        if len(self._found) > 2 * self._limit:
            first = sorted(self._found.items(), key=lambda item: _died(item[1]))[: self._limit]
            self._found = dict(first)

    def letters(self) -> list[DeadLetter]:
        """Return them, the first first."""
        return sorted(self._found.values(), key=_died)[: self._limit]


def _died(letter: DeadLetter) -> tuple[datetime, int, int]:
    return letter.reason.time, letter.partition, letter.offset


async def list_dead_letters(settings: KafkaSettings, group: str, *, limit: int = 1000) -> list[DeadLetter]:
    """Return the first ``limit`` dead letters that are still there, by time of death; one that a crash left twice is listed once.

    Raises NotFoundError for a group without a dead-letter topic, BusUnavailableError if the broker does not answer.
    """
    first = FirstLetters(limit)
    async with reader_of(settings, group) as reader:
        async for letter in letters_in(reader, group):
            first.add(letter)
    return first.letters()


async def get_dead_letter(settings: KafkaSettings, group: str, letter_id: str) -> DeadLetter:
    """Return one dead letter by its id ``<partition>:<offset>``. Raises NotFoundError, InvalidError for a malformed id."""
    check_letter_id(letter_id)
    async with reader_of(settings, group) as reader:
        async for letter in letters_in(reader, group):
            if letter.id == letter_id:
                return letter
    raise unknown_letter(group, letter_id)


async def replay_dead_letters(settings: KafkaSettings, group: str, *, ids: Collection[str] | None = None) -> Replayed:
    """Send dead letters, byte for byte, back to the group that failed, and to nobody else: all, or those named by ``ids``.

    What was replayed before is passed over, so a replay may be repeated. Raises as ``list_dead_letters``.
    """
    for letter_id in ids or ():
        check_letter_id(letter_id)
    result = Replayed(replay_topic(group))
    # Not the process's own, whose connection the metrics show: this one is gone in a moment.
    publisher = KafkaPublisher(settings, shown=lambda _: None)
    await publisher.start()
    try:
        async with reader_of(settings, group) as reader:
            done = await settled_of(reader)
            async for letter in letters_in(reader, group):
                if ids is not None and letter.id not in ids:
                    continue
                await _replay_one(publisher, letter, done[letter.partition], result)
                if letter.id not in result.failed:
                    partition = TopicPartition(dead_letter_topic(group), letter.partition)
                    await reader.commit({partition: done[letter.partition].committed()})
    finally:
        await publisher.stop()
    log.info(
        "dead_letters_replayed", group=group, sent=len(result.sent), kept=len(result.not_replayable), failed=len(result.failed)
    )
    return result


async def _replay_one(publisher: KafkaPublisher, letter: DeadLetter, done: Settled, result: Replayed) -> None:
    if letter.offset in done:
        result.already += 1
        return
    if not letter.replayable:
        result.not_replayable.append(letter.id)
    elif not done.has_room(letter.offset):
        result.failed.append(letter.id)
        return
    else:
        (acknowledged,) = await publisher.send([sent_back(letter)])
        if not acknowledged:
            result.failed.append(letter.id)
            return
        result.sent.append(letter.id)
        result.origins[letter.id] = f"{letter.reason.topic}/{letter.reason.partition}/{letter.reason.offset}"
    done.add(letter.offset)


async def discard_dead_letter(settings: KafkaSettings, group: str, letter_id: str) -> None:
    """Settle a dead letter without sending it anywhere: a replay passes over it, its topic holds it until its retention ends.

    Raises as ``get_dead_letter``, and ConflictError (``too_many_settled_singly``).
    """
    check_letter_id(letter_id)
    async with reader_of(settings, group) as reader:
        done = await settled_of(reader)
        async for letter in letters_in(reader, group):
            if letter.id == letter_id:
                settled = done[letter.partition]
                if letter.offset not in settled:
                    if not settled.has_room(letter.offset):
                        raise out_of_turn(letter_id)
                    settled.add(letter.offset)
                    await reader.commit({TopicPartition(dead_letter_topic(group), letter.partition): settled.committed()})
                break
        else:
            raise unknown_letter(group, letter_id)
    log.info("dead_letter_discarded", group=group, letter=letter_id)


def out_of_turn(letter_id: str) -> ConflictError:
    """Return the error for a dead letter that cannot be settled before those that lie in front of it."""
    return ConflictError(
        f"{SINGLES_LIMIT} dead letters in the partition of {letter_id} were settled out of turn; settle the oldest first.",
        code="too_many_settled_singly",
        letter=letter_id,
    )


def check_letter_id(letter_id: str) -> None:
    """Raise InvalidError unless a text has the form of a dead letter's id."""
    partition, _, offset = letter_id.partition(":")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise InvalidError(f"'{letter_id}' is no id of a dead letter: it has the form <partition>:<offset>", id=letter_id)


@asynccontextmanager
async def reader_of(settings: KafkaSettings, group: str) -> AsyncIterator[GuardedConsumer]:
    """Yield a consumer that all partitions of a group's dead letters are assigned to. Raises as ``list_dead_letters``."""
    topic = dead_letter_topic(group)
    partitions = [TopicPartition(topic, number) for number in await partitions_of(settings, topic)]
    reader = GuardedConsumer(
        **settings.connection(), group_id=f"{topic}.replay", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    reader.assign(partitions)
    try:
        await reader.start()
        yield reader
    except (KafkaError, OSError) as error:
        raise BusUnavailableError(f"the broker failed: {type(error).__name__}") from error
    finally:
        # It is in no group that would wait for a farewell; over TLS a close with a fetch under way would last half a minute.
        await drop(reader)


async def settled_of(reader: GuardedConsumer) -> dict[int, Settled]:
    """Return which dead letters were replayed or discarded, by partition."""
    partitions = list(reader.assignment())
    starts = await reader.beginning_offsets(partitions)
    notes = await committed_with_notes(reader, partitions)
    found: dict[int, Settled] = {}
    for partition in partitions:
        found[partition.partition] = Settled.of(notes.get(partition), starts[partition])
    return found


async def letters_in(reader: GuardedConsumer, group: str) -> AsyncIterator[DeadLetter]:
    """Yield all dead letters that the topic has now; a record that is none is logged and passed over."""
    partitions = list(reader.assignment())
    ends = await reader.end_offsets(partitions)
    starts = await reader.beginning_offsets(partitions)
    for partition in partitions:
        reader.seek(partition, starts[partition])
    open_ends = {partition: ends[partition] for partition in partitions if ends[partition] > starts[partition]}
    while open_ends:
        for partition, records in (await reader.getmany(*open_ends, timeout_ms=1000)).items():
            for record in records:
                if record.offset >= ends[partition]:
                    break
                try:
                    yield from_dead_letter(record.partition, record.offset, record.key, record.value, record.headers)
                except ValueError as error:
                    log.warning("no_dead_letter", group=group, reason=str(error))
        for partition in list(open_ends):
            if await reader.position(partition) >= open_ends[partition]:
                del open_ends[partition]
