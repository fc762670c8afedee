"""Reads what the broker holds: every event of every topic from beginning to end, and the committed offsets of the groups."""

from __future__ import annotations

from typing import Any

from marktplatz.recovery.admin import administration, partitions
from marktplatz.recovery.reconcile.reading import bounds_of, positions_of, reader, records_in
from marktplatz.recovery.reconcile.topic_facts import LastEvent, TopicFacts
from services.notify.app import load_routing
from services.notify.facts import expected_notifications
from shared.bus.envelope import decode
from shared.bus.faults import DecodeError
from shared.bus.handling import Received
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.ids import contract_id
from shared.messages.contracts import ContractConcluded
from shared.messages.contracts_chain import ChainConcluded, ChainEvent
from shared.messages.contracts_changes import ContractSucceeded
from shared.messages.contracts_sub import SubContractConcluded
from shared.messages.ordering import ContractRequested, OrderEvent
from shared.messages.ordering_notices import NoticeRequested
from shared.topics import DEAD_LETTERS, DECLARED, NOTIFY, TOPICS, Topic, read_by


async def read_topics(settings: KafkaSettings) -> TopicFacts:
    """Read all topics through as they are now. Raises BusUnavailableError."""
    facts = TopicFacts()
    async with administration(settings) as admin, reader(settings) as consumer:
        present = await partitions(admin)
        facts.missing = sorted({topic.name for topic in TOPICS} - present.keys())
        bounds = await bounds_of(consumer, present, _names())
        facts.positions = [
            position
            for group in DEAD_LETTERS
            async for position in positions_of(admin, group, {topic.name for topic in read_by(group)}, bounds)
        ]
        collector = _Collector(facts)
        for topic in TOPICS:
            own = {place: ends for place, ends in bounds.items() if place.topic == topic.name}
            facts.records[topic.name] = 0
            async for record in records_in(consumer, own):
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
    async with administration(settings) as admin, reader(settings) as consumer:
        for place, (begin, end) in (await bounds_of(consumer, await partitions(admin), _names())).items():
            held[place.topic] = (held[place.topic] or 0) + end - begin
    return held


_NUMBERED = (ChainConcluded, SubContractConcluded, ContractSucceeded)
"""Events by which contracts of no order get their numbers."""


class _Collector:
    """Adds what each record states to the facts, whose positions are known."""

    def __init__(self, facts: TopicFacts) -> None:
        self._facts = facts
        self._routing = load_routing()
        self._at = now()
        self._read_by_notify = {(it.topic, it.partition): it.committed or 0 for it in facts.positions if it.group == NOTIFY}

    def add(self, topic: Topic, record: Any) -> None:  # noqa: ANN401 - a record of aiokafka
        if topic.many_writers:
            return  # what others write there of themselves belongs to no store
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
            case ContractRequested(order=order, attempt=attempt):
                facts.requests.add(contract_id(order.channel, order.id, attempt or 1))
            case ContractConcluded(contract=contract):
                facts.numbers[contract.id] = (contract.channel, contract.number)
            case ChainEvent(contract=head) if isinstance(event.message, _NUMBERED) and head.number is not None:
                facts.numbers[head.id] = (head.channel, head.number)
        if record.offset < self._read_by_notify.get((topic.name, record.partition), 0):
            facts.expected += expected_notifications(event, self._routing, self._at)


def _label(event: Received) -> str | None:
    match event.message:
        case OrderEvent(order=order) | ContractRequested(order=order) | NoticeRequested(order=order):
            return order.number
        case ContractConcluded(contract=contract):
            return contract.number
        case ChainEvent(contract=head) if isinstance(event.message, _NUMBERED):
            return head.number
    return None


def _names() -> list[str]:
    return [topic.name for topic in DECLARED]
