"""Ordering's readers of partners over a store of their own and a real broker, and partners that send to them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.ordering.domain.order import Order
from services.ordering.inbound.actions import Actions
from services.ordering.inbound.intake import RecordIntake
from services.ordering.inbound.readers import PartnerReaders
from services.ordering.inbound.receipts import RECEIPTS, Receipts
from services.ordering.inbound.seal import Signer
from services.ordering.partners.quarantine import ORIGINALS, QUARANTINE, Quarantine
from services.ordering.partners.repository import PARTNERS, Partners
from services.ordering.repository import LISTED_OFFERINGS, ORDERS, Offerings, Orders
from shared.aggregate.change import Cause, Change
from shared.aggregate.outgoing import Publisher
from shared.bus.admin import create_topics
from shared.bus.consume.readers import ReaderRunner, Readers
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.ids import derived_id
from shared.messages.ordering_partners import PartnerQuota, PartnerState
from shared.messages.values import OrderState
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from shared.topics import ORDERS as ORDERS_TOPIC
from shared.topics import PARTNERS as PARTNERS_TOPIC
from shared.topics import QUARANTINE as QUARANTINE_TOPIC
from shared.topics import partner_group, partner_orders, partner_receipts, partner_topics
from tests.integration.bus.bus_fixture import committed_offsets, read_topic
from tests.support.builders.orders import CUSTOMER, order_in
from tests.support.partners import AUDIENCE, PartnerSystem, TestSigner, customer, receipt_in

COLLECTIONS = (ORDERS, LISTED_OFFERINGS, PARTNERS, QUARANTINE, ORIGINALS, RECEIPTS)
SEEN = Cause("event", "test.v1", "test:source", 1)


class Shop:
    """What ordering's worker builds for partners, on a store."""

    def __init__(self, path: Path, publisher: Publisher, signer: Signer | None = None) -> None:
        self.store = SqliteStore(path)
        resources = Resources(self.store, publisher, Path())
        self.orders, self.offerings, self.partners = Orders(resources), Offerings(resources), Partners(resources)
        self.receipts, self.quarantine = Receipts(resources), Quarantine(resources)
        actions = Actions(self.orders, self.offerings, now)
        self.signer = TestSigner()
        self.intake = RecordIntake(actions, self.receipts, self.quarantine, signer or self.signer, now, AUDIENCE)
        self.readers = PartnerReaders(self.partners, self.intake, now)

    async def open(self) -> None:
        """Prepare the store."""
        await self.store.prepare(COLLECTIONS)

    async def register(self, system: PartnerSystem, quota: PartnerQuota | None = None, **changed: Any) -> None:
        """Register a partner with its key."""
        partner = system.registered(now(), quota).model_copy(update=changed)
        found = await self.partners.ledger.get(system.id)
        seen = Cause("event", "test.v1", "test:source", 1 if found is None else found[1] + 1)
        await self.partners.ledger.apply([Change(partner.id, lambda _: (partner, ()), seen)])

    async def order(self, name: str) -> str:
        """Store a Vorgang in the Abstimmung and return its id."""
        order_id = derived_id("test order", name)
        order = order_in(OrderState.IN_ABSTIMMUNG).model_copy(update={"id": order_id})
        await self.orders.ledger.apply([Change(order_id, lambda _: (order, ()), SEEN)])
        return order_id

    async def questions(self, order_id: str) -> list[str]:
        """Return the texts of a Vorgang's questions."""
        found = await self.orders.ledger.get(order_id)
        assert found is not None
        order: Order = found[0]
        return [question.text for question in order.questions.value]

    async def relay(self) -> None:
        """Publish what a crash left behind."""
        for ledger in (self.orders.ledger, self.receipts.ledger, self.quarantine.ledger, self.partners.ledger):
            await ledger.outbox.relay(timedelta(0))

    @asynccontextmanager
    async def reading(self, settings: KafkaSettings, publisher: KafkaPublisher) -> AsyncIterator[ReaderRunner]:
        """Run the readers."""
        readers = Readers("test", timedelta(seconds=0.3), self.readers.current)
        runner = ReaderRunner(settings, readers, publisher)
        await runner.start()
        try:
            yield runner
        finally:
            await runner.stop()


def new_system(**changed: Any) -> PartnerSystem:
    """Return a partner of an id that no other test has."""
    return PartnerSystem(f"p-{uuid.uuid4().hex[:10]}", (customer(CUSTOMER.id, CUSTOMER.name),), **changed)


@dataclass
class Sender:
    """A partner on the broker. ``sent`` counts its records."""

    settings: KafkaSettings
    publisher: KafkaPublisher
    system: PartnerSystem = field(default_factory=new_system)
    sent: int = 0

    async def create(self) -> None:
        """Create the topics that it and ordering write to."""
        topics = [*partner_topics(self.system.id), ORDERS_TOPIC, QUARANTINE_TOPIC, PARTNERS_TOPIC]
        await create_topics(self.settings, replicas=1, topics=topics)

    def ask(self, order_id: str, text: str, *, organisation: str = CUSTOMER.id, **changed: Any) -> bytes:
        """Return a signed question."""
        data = {"organisation": organisation, "order_id": order_id, "text": text}
        return self.system.sign(self.system.event("question-asked", data, now(), **changed))

    async def send(self, *values: bytes | None, key: bytes | None = b"k") -> None:
        """Send records in order."""
        topic = partner_orders(self.system.id).name
        for value in values:
            assert await self.publisher.send([RawRecord(topic, key, value, ())]) == [True]
            self.sent += 1

    async def done(self) -> bool:
        """Return whether all that was sent is committed."""
        topic = partner_orders(self.system.id).name
        offsets = await committed_offsets(self.settings, partner_group(self.system.id), topic)
        return sum(offsets.values()) >= self.sent

    async def receipts(self) -> list[tuple[bytes, bytes]]:
        """Return key and value of each record on the topic of receipts."""
        records = await read_topic(self.settings, partner_receipts(self.system.id).name)
        return [(record.key, record.value) for record in records]

    async def answers(self) -> dict[str, dict[str, Any]]:
        """Return the receipts by id. Each must always have had the same bytes."""
        found: dict[str, bytes] = {}
        for _, value in await self.receipts():
            assert found.setdefault(receipt_in(value)["id"], value) == value
        return {receipt_id: receipt_in(value) for receipt_id, value in found.items()}


def said(answers: Mapping[str, dict[str, Any]]) -> Sequence[tuple[str, str | None]]:
    """Return status and code of receipts, sorted."""
    return sorted(((it["status"], it["code"]) for it in answers.values()), key=str)


SUSPENDED = {"state": PartnerState.SUSPENDED}
