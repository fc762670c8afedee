"""The port to Kafka itself: each question opens its own connection, since operators ask seldom, and none is held for them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.structs import OffsetAndMetadata

from shared.bus.admin import Declared
from shared.bus.dead_letter_operations import (
    Settled,
    discard_dead_letter,
    letters_in,
    reader_of,
    replay_dead_letters,
    settled_of,
)
from shared.bus.dead_letters.letter import DeadLetter, dead_letter_topic, unknown_letter
from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError
from shared.operations.desk import TYPE_HEADER, FoundLetter, GroupState
from shared.release import read_client_name
from shared.topics import read_by

MOST_LETTERS: Final = 20_000
"""As many open dead letters are looked through at once, and as many settled ones; open ones behind them show later."""
_AT_ONCE: Final = 2
_SECONDS: Final = 20.0
_CODE, _STATE, _MEMBERS = 0, 2, 5
"""Places in the description of a group."""
_CLIENT = 1
"""Place of the client's id in the description of a member."""
_TYPE_BYTES: Final = 200

Commits = Mapping[TopicPartition, OffsetAndMetadata]


class KafkaDesk:
    """The groups and dead letters on a broker. As few questions at once as operators need: each reads a topic through.

    ``reads`` returns the topics that a group reads.
    """

    def __init__(self, settings: KafkaSettings, reads: Callable[[str], Sequence[Declared]] = read_by) -> None:
        self._settings = settings
        self._reads = reads
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def groups(self, names: Sequence[str]) -> list[GroupState]:
        """Return the state of groups. Raises BusUnavailableError."""
        async with self._turn(), self._clients() as (admin, reader):
            present = {found["topic"]: found["partitions"] for found in await admin.describe_topics()}
            topics = {name: {topic.name for topic in self._reads(name)} for name in names}
            asked = {*(dead_letter_topic(name) for name in names), *(it for own in topics.values() for it in own)}
            places = [TopicPartition(name, it["partition"]) for name in sorted(asked) for it in present.get(name, ())]
            starts, ends = await reader.beginning_offsets(places), await reader.end_offsets(places)
            bounds = _Bounds(starts, ends)
            return [await _state_of(admin, name, topics[name], bounds) for name in names]

    async def letters(self, group: str) -> list[FoundLetter]:
        """Return the dead letters of a group, by time of death. Raises NotFoundError, BusUnavailableError."""
        return await self._read(group, whole=None)

    async def letter(self, group: str, letter_id: str) -> FoundLetter | None:
        """Return one dead letter, None if it does not lie there. Raises NotFoundError for no such topic, BusUnavailableError."""
        return next((it for it in await self._read(group, whole=letter_id) if it.letter.id == letter_id), None)

    async def replay(self, group: str, letter_id: str) -> None:
        """Send a dead letter back to its group. Raises NotFoundError, BusUnavailableError."""
        async with self._turn():
            result = await replay_dead_letters(self._settings, group, ids={letter_id})
        if result.failed:
            raise BusUnavailableError("The broker did not acknowledge the record.")
        if not result.sent and not result.already:
            raise unknown_letter(group, letter_id)

    async def discard(self, group: str, letter_id: str) -> None:
        """Settle a dead letter without sending it. Raises NotFoundError, ConflictError, BusUnavailableError."""
        async with self._turn():
            await discard_dead_letter(self._settings, group, letter_id)

    async def _read(self, group: str, whole: str | None) -> list[FoundLetter]:
        """Read the topic through; of all letters but one only that is held in memory which a list shows."""
        async with self._turn(), reader_of(self._settings, group) as reader:
            settled = await settled_of(reader)
            briefs = (it if it.id == whole else _brief(it) async for it in letters_in(reader, group))
            found = await bounded(briefs, settled, MOST_LETTERS)
        return _counted(found, settled)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(_SECONDS), self._turns:
                yield
        except (KafkaError, OSError, TimeoutError) as error:
            raise BusUnavailableError(f"The broker failed: {type(error).__name__}.") from error

    @asynccontextmanager
    async def _clients(self) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
        connection = self._settings.connection()
        admin, reader = AIOKafkaAdminClient(**connection), AIOKafkaConsumer(**connection, enable_auto_commit=False)
        try:
            await admin.start()
            await reader.start()
            yield admin, reader
        finally:
            await reader.stop()
            await admin.close()


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The offsets of the first record and behind the last one, by partition."""

    starts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]


async def _state_of(admin: AIOKafkaAdminClient, group: str, topics: Collection[str], bounds: _Bounds) -> GroupState:
    # One by one: aiokafka reads the answer about several groups with the layout of an older version and fails.
    (response,) = await admin.describe_consumer_groups([group])
    (found,) = response.groups
    if found[_CODE]:
        raise for_code(found[_CODE])(group)
    letters = dead_letter_topic(group)
    committed: Commits = await admin.list_consumer_group_offsets(group)
    settled: Commits = await admin.list_consumer_group_offsets(f"{letters}.replay")
    return GroupState(
        group=group,
        state=found[_STATE],
        members=tuple(sorted((read_client_name(it[_CLIENT]) for it in found[_MEMBERS]), key=repr)),
        lag=sum(_behind(place, committed, bounds) for place in bounds.ends if place.topic in topics),
        open_letters=sum(_open(place, settled, bounds) for place in bounds.ends if place.topic == letters),
    )


def _behind(place: TopicPartition, commits: Commits, bounds: _Bounds) -> int:
    commit, start = commits.get(place), bounds.starts[place]
    return max(0, bounds.ends[place] - (start if commit is None else max(start, commit.offset)))


def _open(place: TopicPartition, commits: Commits, bounds: _Bounds) -> int:
    settled = Settled.of(commits.get(place), bounds.starts[place])
    return max(0, bounds.ends[place] - settled.below - len(settled.singly))


async def bounded(letters: AsyncIterator[DeadLetter], settled: Mapping[int, Settled], most: int) -> list[DeadLetter]:
    """Return the first open letters, as many as ``most``, and the last settled ones among them: these must hide no open one."""
    done: deque[DeadLetter] = deque(maxlen=most)
    waiting: list[DeadLetter] = []
    async for letter in letters:
        if letter.offset in settled[letter.partition]:
            done.append(letter)
        else:
            waiting.append(letter)
            if len(waiting) >= most:
                break
    return [*done, *waiting]


def _brief(letter: DeadLetter) -> DeadLetter:
    """Return a letter without its value, and of its headers with that of the event's type alone."""
    types = (it for it in letter.headers if it[0] == TYPE_HEADER and len(it[1] or b"") <= _TYPE_BYTES)
    return replace(letter, value=None, headers=tuple(types)[:1])


def _counted(found: Sequence[DeadLetter], settled: Mapping[int, Settled]) -> list[FoundLetter]:
    """Return the letters by time of death, each with the number of those up to it that come from the same place."""
    attempts: Counter[tuple[str, int, int]] = Counter()
    counted: list[FoundLetter] = []
    for letter in sorted(found, key=lambda it: (it.reason.time, it.partition, it.offset)):
        origin = (letter.reason.topic, letter.reason.partition, letter.reason.offset)
        attempts[origin] += 1
        own = settled[letter.partition]
        counted.append(FoundLetter(letter, letter.offset in own, attempts[origin], own.has_room(letter.offset)))
    return counted
