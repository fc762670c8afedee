"""Reads what the broker holds: every event of every topic from beginning to end, and the committed offsets of the groups."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from marktplatz.recovery.admin import administration, partitions
from marktplatz.recovery.reconcile.topic_facts import LastEvent, Position, TopicFacts
from services.notify.app import load_routing
from services.notify.facts import expected_notifications
from shared.bus.consume.quarantine import GuardedConsumer
from shared.bus.envelope import decode
from shared.bus.faults import DecodeError
from shared.bus.handling import Received
from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError
from shared.messages.contracts import ContractConcluded
from shared.messages.ordering import ContractRequested, OrderEvent
from shared.topics import DEAD_LETTERS, DECLARED, NOTIFY, TOPICS, Topic, read_by

Bounds = Mapping[TopicPartition, tuple[int, int]]


async def read_topics(settings: KafkaSettings) -> TopicFacts:
    """Read all topics through as they are now. Raises BusUnavailableError."""
    facts = TopicFacts()
    async with administration(settings) as admin, _reader(settings) as reader:
        present = await partitions(admin)
        facts.missing = sorted({topic.name for topic in TOPICS} - present.keys())
        bounds = await _bounds(reader, present)
        facts.positions = [position async for position in _positions(admin, bounds)]
        collector = _Collector(facts)
        for topic in TOPICS:
            own = {place: ends for place, ends in bounds.items() if place.topic == topic.name}
            facts.records[topic.name] = 0
            async for record in _records(reader, own):
                facts.records[topic.name] += 1
                collector.add(topic, record)
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


class _Collector:
    """Adds what each record states to the facts, whose positions are known."""

    def __init__(self, facts: TopicFacts) -> None:
        self._facts = facts
        self._routing = load_routing()
        self._read_by_notify = {(it.topic, it.partition): it.committed or 0 for it in facts.positions if it.group == NOTIFY}

    def add(self, topic: Topic, record: Any) -> None:  # noqa: ANN401 - a record of aiokafka
        facts = self._facts
        try:
            event = decode(record, topic)
        except DecodeError:
            facts.unreadable[topic.name] = facts.unreadable.get(topic.name, 0) + 1
            return
        source = (topic.producer, event.key)
        before = facts.last.get(source)
        if before is None or event.cause.seq >= before.seq:
            label = _label(event) or (None if before is None else before.label)
            facts.last[source] = LastEvent(event.cause.seq, topic.name, event.cause.type, event.time, label)
        match event.message:
            case ContractRequested(order=order):
                facts.requests.add((order.channel, order.id))
            case ContractConcluded(contract=contract):
                facts.numbers[contract.id] = (contract.channel, contract.number)
        if record.offset < self._read_by_notify.get((topic.name, record.partition), 0):
            facts.expected += expected_notifications(event, self._routing)


def _label(event: Received) -> str | None:
    match event.message:
        case OrderEvent(order=order) | ContractRequested(order=order):
            return order.number
        case ContractConcluded(contract=contract):
            return contract.number
    return None


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


async def _positions(admin: AIOKafkaAdminClient, bounds: Bounds) -> AsyncIterator[Position]:
    for group in DEAD_LETTERS:
        names = {topic.name for topic in read_by(group)}
        committed = await admin.list_consumer_group_offsets(group)
        for place, (begin, end) in bounds.items():
            if place.topic in names:
                offset = committed[place].offset if place in committed and committed[place].offset >= 0 else None
                yield Position(group, place.topic, place.partition, begin, offset, end)


async def _records(reader: GuardedConsumer, bounds: Bounds) -> AsyncIterator[Any]:
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
