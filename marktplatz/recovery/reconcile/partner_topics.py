"""Reads the topics of partners: what ordering has read of them and never answered, and which receipts they lack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition

from marktplatz.assembly import ServiceName
from marktplatz.recovery.admin import administration, partitions
from marktplatz.recovery.reconcile.reading import Bounds, bounds_of, positions_of, reader, records_in
from marktplatz.recovery.reconcile.topic_facts import Position
from marktplatz.recovery.stores import Stores
from services.ordering.domain.partner.partner import Partner
from services.ordering.inbound.answers import Answers, digest_of
from services.ordering.partners.quarantine import Original
from shared.bus.consume.quarantine import GuardedConsumer
from shared.bus.settings import KafkaSettings
from shared.messages.ordering_partners import PartnerState
from shared.topics import partner_group, partner_orders, partner_receipts, partner_topics

_AT_ONCE = 500


@dataclass(slots=True)
class PartnerTopics:
    """The topics of all partners that are not removed, beside ordering's store.

    ``unanswered``: records that a group has passed and no receipt answers, by partner. ``absent``: ids of receipts that were
    sent and do not lie on their topic, by partner. ``suspended``: groups that rest.
    """

    missing: list[str] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    positions: list[Position] = field(default_factory=list)
    suspended: set[str] = field(default_factory=set)
    unanswered: dict[str, list[Original]] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)


def answers_in(stores: Stores) -> Answers:
    """Return ordering's answers on these stores."""
    return Answers(stores[ServiceName.ORDERING].resources)


async def read_partner_topics(answers: Answers, settings: KafkaSettings) -> PartnerTopics:
    """Read the topics of partners through as they are now. Raises StoreUnavailableError, BusUnavailableError."""
    found = PartnerTopics()
    partners = await answers.partners()
    if not partners:
        return found
    sent = await answers.sent()
    async with administration(settings) as admin, reader(settings) as consumer:
        present = await partitions(admin)
        names = [topic.name for partner in partners for topic in partner_topics(partner.id)]
        found.missing = sorted(set(names) - present.keys())
        bounds = await bounds_of(consumer, present, names)
        for partner in partners:
            orders, receipts = partner_orders(partner.id).name, partner_receipts(partner.id).name
            group = partner_group(partner.id)
            if partner.state is PartnerState.SUSPENDED:
                found.suspended.add(group)
            if orders in present:  # else nothing is asked about the group: nobody may have a right to it
                own = [position async for position in positions_of(admin, group, [orders], bounds)]
                found.positions += own
                passed = _passed(own)
                found.records[orders] = sum(end - begin for begin, end in passed.values())
                found.unanswered[partner.id] = await _unanswered(answers, partner, consumer, passed)
            if receipts in present:
                of_receipts = {place: ends for place, ends in bounds.items() if place.topic == receipts}
                lying = {digest_of(record.value) async for record in records_in(consumer, of_receipts)}
                found.records[receipts] = len(lying)
                found.absent[partner.id] = [it for digest, it in sent.get(partner.id, {}).items() if digest not in lying]
    return found


def _passed(positions: list[Position]) -> Bounds:
    """Return the part of each partition that its group has passed."""
    return {
        TopicPartition(it.topic, it.partition): (it.begin, it.committed)
        for it in positions
        if it.committed is not None and it.begin < it.committed <= it.end
    }


async def _unanswered(answers: Answers, partner: Partner, consumer: GuardedConsumer, passed: Bounds) -> list[Original]:
    missing: list[Original] = []
    async for records in _portions(consumer, passed):
        missing += await answers.unanswered(partner, records)
    return missing


async def _portions(consumer: GuardedConsumer, bounds: Bounds) -> AsyncIterator[list[Original]]:
    portion: list[Original] = []
    async for record in records_in(consumer, bounds):
        portion.append(_original(record))
        if len(portion) == _AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def _original(record: Any) -> Original:  # noqa: ANN401 - a ConsumerRecord of aiokafka, which is untyped
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return Original(record.topic, record.partition, record.offset, at, record.key, record.value)
