"""Reads what the broker has: every event of every topic from beginning to end, and the committed offsets of the groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from services.notify.app import load_routing
from services.notify.domain.notification import Recipient
from services.notify.handlers import notification_plan
from shared.bus.consume.handling import Received
from shared.bus.consume.quarantine import GuardedConsumer
from shared.bus.envelope import decode
from shared.bus.faults import DecodeError
from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError
from shared.messages.contracts import ContractConcluded
from shared.messages.ordering import ContractRequested, OrderEvent
from shared.messages.values import Channel
from shared.topics import DEAD_LETTERS, DECLARED, NOTIFY, TOPICS, Topic, read_by

_COORDINATOR_SECONDS = 30.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Seen:
    """The last event of an aggregate over all topics. ``label`` is what people know it by, where an event says it."""

    seq: int
    topic: str
    type: str
    time: datetime
    label: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """A group's place in one partition. ``committed`` is None if the group has committed nothing there."""

    group: str
    topic: str
    partition: int
    begin: int
    committed: int | None
    end: int

    @property
    def waiting(self) -> int:
        """Number of records that the group has still to read."""
        return self.end - min(max(self.begin, self.committed or 0), self.end)


@dataclass(frozen=True, slots=True)
class Told:
    """A notification that notify must have made: it has read the event."""

    notification_id: str
    event_id: str
    event_type: str
    organisation: str
    key: str


@dataclass(slots=True)
class TopicFacts:
    """All topics. ``last`` is by producing service and id of the aggregate; ``numbers`` by contract id."""

    missing: list[str] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    last: dict[tuple[str, str], Seen] = field(default_factory=dict)
    requests: set[tuple[Channel, str]] = field(default_factory=set)
    numbers: dict[str, tuple[Channel, str]] = field(default_factory=dict)
    positions: list[Position] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    dead_letters: dict[str, int] = field(default_factory=dict)


async def read_topics(settings: KafkaSettings) -> TopicFacts:
    """Read all topics through as they are now. Raises BusUnavailableError."""
    facts = TopicFacts()
    async with administration(settings) as admin, _reader(settings) as reader:
        present = await partitions(admin)
        facts.missing = sorted({topic.name for topic in TOPICS} - present.keys())
        bounds = await _bounds(reader, present)
        facts.positions = [position async for position in _positions(admin, bounds)]
        read_by_notify = {(it.topic, it.partition): it.committed or 0 for it in facts.positions if it.group == NOTIFY}
        watch = _Watch(facts, read_by_notify)
        for topic in TOPICS:
            own = {place: ends for place, ends in bounds.items() if place.topic == topic.name}
            facts.records[topic.name] = 0
            async for record in _records(reader, own):
                facts.records[topic.name] += 1
                watch.take(topic, record)
        for letters in DEAD_LETTERS.values():
            count = sum(end - begin for place, (begin, end) in bounds.items() if place.topic == letters.name)
            if count:
                facts.dead_letters[letters.group] = count
    return facts


async def records_held(settings: KafkaSettings) -> dict[str, int | None]:
    """Return how many records each declared topic holds; None where the topic is missing.

    Raises BusUnavailableError.
    """
    held: dict[str, int | None] = dict.fromkeys(_names())
    async with administration(settings) as admin, _reader(settings) as reader:
        for place, (begin, end) in (await _bounds(reader, await partitions(admin))).items():
            held[place.topic] = (held[place.topic] or 0) + end - begin
    return held


async def partitions(admin: AIOKafkaAdminClient) -> dict[str, list[int]]:
    """Return the partitions of every topic of the cluster."""
    return {found["topic"]: sorted(it["partition"] for it in found["partitions"]) for found in await admin.describe_topics()}


@asynccontextmanager
async def administration(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give an admin client; the broker's silence becomes BusUnavailableError."""
    admin = AIOKafkaAdminClient(**settings.connection())
    try:
        await admin.start()
        await _coordinators(admin)
        yield admin
    except (KafkaError, OSError) as error:
        raise BusUnavailableError(f"the broker failed: {type(error).__name__}") from error
    finally:
        await admin.close()


async def _coordinators(admin: AIOKafkaAdminClient) -> None:
    """Return when every group has its coordinator: a broker that is new makes the place for groups when first asked for one."""
    end = asyncio.get_running_loop().time() + _COORDINATOR_SECONDS
    for group in DEAD_LETTERS:
        while True:
            try:
                await admin.find_coordinator(group)
                break
            except GroupCoordinatorNotAvailableError:
                if asyncio.get_running_loop().time() >= end:
                    raise
                await asyncio.sleep(_LOOK_SECONDS)


class _Watch:
    """Takes note of each record."""

    def __init__(self, facts: TopicFacts, read_by_notify: Mapping[tuple[str, int], int]) -> None:
        self._facts = facts
        self._read_by_notify = read_by_notify
        self._routing = load_routing()

    def take(self, topic: Topic, record: Any) -> None:  # noqa: ANN401 - a record of aiokafka
        facts = self._facts
        try:
            event = decode(record, topic)
        except DecodeError:
            facts.unreadable[topic.name] = facts.unreadable.get(topic.name, 0) + 1
            return
        source = (topic.producer, event.key)
        before = facts.last.get(source)
        if before is None or event.cause.seq >= before.seq:
            facts.last[source] = Seen(event.cause.seq, topic.name, event.cause.type, event.time, _label(event) or _kept(before))
        match event.message:
            case ContractRequested() as asked:
                facts.requests.add((asked.order.channel, asked.order.id))
            case ContractConcluded(contract=contract):
                facts.numbers[contract.id] = (contract.channel, contract.number)
        if type(event.message) in self._routing.handled and record.offset < self._read_by_notify.get(
            (topic.name, record.partition), 0
        ):
            facts.told += self._told(event)

    def _told(self, event: Received) -> Iterable[Told]:
        event_id = event.cause.event_id
        for organisation in notification_plan(event, self._routing).templates:
            yield Told(Recipient(organisation).notification_id(event_id), event_id, event.cause.type, organisation, event.key)


def _label(event: Received) -> str | None:
    match event.message:
        case OrderEvent(order=order) | ContractRequested(order=order):
            return order.number
        case ContractConcluded(contract=contract):
            return contract.number
    return None


def _kept(before: Seen | None) -> str | None:
    return None if before is None else before.label


@asynccontextmanager
async def _reader(settings: KafkaSettings) -> AsyncIterator[GuardedConsumer]:
    reader = GuardedConsumer(**settings.connection(), enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        await reader.start()
        yield reader
    except (KafkaError, OSError) as error:
        raise BusUnavailableError(f"the broker failed: {type(error).__name__}") from error
    finally:
        await reader.stop()


def _names() -> list[str]:
    return [topic.name for topic in DECLARED]


async def _bounds(reader: GuardedConsumer, present: Mapping[str, list[int]]) -> dict[TopicPartition, tuple[int, int]]:
    places = [TopicPartition(name, number) for name in _names() for number in present.get(name, ())]
    if not places:
        return {}
    # Without an assignment: an assigned partition would be fetched, and dead letters are counted here, not read.
    begins, ends = await reader.beginning_offsets(places), await reader.end_offsets(places)
    return {place: (begins[place], ends[place]) for place in places}


async def _positions(admin: AIOKafkaAdminClient, bounds: Mapping[TopicPartition, tuple[int, int]]) -> AsyncIterator[Position]:
    for group in DEAD_LETTERS:
        names = {topic.name for topic in read_by(group)}
        committed = await admin.list_consumer_group_offsets(group)
        for place, (begin, end) in bounds.items():
            if place.topic in names:
                offset = committed[place].offset if place in committed and committed[place].offset >= 0 else None
                yield Position(group, place.topic, place.partition, begin, offset, end)


async def _records(reader: GuardedConsumer, bounds: Mapping[TopicPartition, tuple[int, int]]) -> AsyncIterator[Any]:
    open_ends = {place: end for place, (begin, end) in bounds.items() if end > begin}
    if not open_ends:
        return
    reader.assign(list(open_ends))
    for place in open_ends:
        reader.seek(place, bounds[place][0])
    while open_ends:
        for place, records in (await reader.getmany(*open_ends, timeout_ms=1000)).items():
            for record in records:
                if record.offset < bounds[place][1]:
                    yield record
        for place in list(open_ends):
            if await reader.position(place) >= open_ends[place]:
                del open_ends[place]
