"""Ordering with its intake of partner events, on a real broker: what the partner kit talks to in tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from efa_partner import keys
from efa_partner.keys import SigningKey
from services.ordering.domain.partner.keys import public_jwk
from services.ordering.domain.partner.partner import Partner
from services.ordering.inbound.actions import Actions
from services.ordering.inbound.intake import RecordIntake
from services.ordering.inbound.receipts import RECEIPTS, Receipts
from services.ordering.partners.quarantine import ORIGINALS, QUARANTINE, Original, Quarantine
from services.ordering.repository import Offerings, Orders
from shared.ids import derived_id
from shared.messages.ordering_partners import PartnerKey
from tests.component.ordering.ordering_world import BEREITSTELLER, KUNDE, World
from tests.component.ordering.test_ordering_uses import productive
from tests.support.builders.orders import CUSTOMER, offering
from tests.support.partners import AUDIENCE, PartnerSystem, TestSigner, customer
from tests.support.served import serving

PARTNER = "nord"
ORDERS, ANSWERS = f"partner.{PARTNER}.orders.v1", f"partner.{PARTNER}.receipts.v1"


class TodayWorld(World):
    """Ordering on the real clock, as the broker sets the time of records."""

    def clock(self) -> datetime:
        return datetime.now(UTC)

    async def declare(self, who: str = KUNDE, **changes: Any) -> dict[str, Any]:
        """Declare interest in an offer of its own: there is one open Vorgang on each."""
        own = derived_id("test", "offering", str(len(self.publisher.events)))
        await self.offer(offering(id=own))
        return await super().declare(who, offering_id=own, **changes)


@dataclass
class PartnerMarketplace:
    """A running marketplace. ``pause`` stops its reading of the partner's topic."""

    bootstrap: str
    world: TodayWorld
    key: SigningKey
    jwks: Path
    token: Path
    api: str
    intake: RecordIntake
    partner: Partner
    producer: AIOKafkaProducer
    reading: asyncio.Task[None] | None = None

    async def read(self) -> None:
        """Answer the records of the partner as long as this runs."""
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id="ordering.partner.nord", **_READING) as consumer:
            consumer.subscribe([ORDERS])
            while True:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    for record in records:
                        at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
                        original = Original(record.topic, record.partition, record.offset, at, record.key, record.value)
                        await self._answer(original)
                await consumer.commit()

    def pause(self) -> None:
        """Stop reading."""
        if self.reading is not None:
            self.reading.cancel()

    def resume(self) -> None:
        """Read on."""
        self.reading = asyncio.create_task(self.read())

    async def _answer(self, original: Original) -> None:
        sent = len(self.world.publisher.events)
        await self.intake.take_all(self.partner, [original])
        for event in self.world.publisher.events[sent:]:
            if event.topic == ANSWERS:
                key = (event.record_key or event.key).encode()
                await self.producer.send_and_wait(ANSWERS, str(event.data).encode(), key=key)

    async def prepare_orders(self) -> None:
        """Bring the organisation's Vorgänge to the states in which the partner can go on; one offer for each."""
        world = self.world
        await self._clarified()
        await world.offered()
        order = await world.step((await world.contracted())["id"], "onboarding", BEREITSTELLER)
        assert order["state"] == "IN_ANBINDUNG"
        assert (await productive(world))["state"] == "PRODUKTIV"

    async def _clarified(self) -> None:
        order = await self.world.declare()
        await self.world.judge(order)
        await self.world.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
        await self.world.step(order["id"], "questions", BEREITSTELLER, {"text": "Wie viele Fälle im Jahr?"})


_READING: dict[str, Any] = {"auto_offset_reset": "earliest", "enable_auto_commit": False}


@asynccontextmanager
async def partner_marketplace(bootstrap: str, folder: Path) -> AsyncIterator[PartnerMarketplace]:
    """Make the partner's topics and answer on them."""
    await _topics(bootstrap)
    world = TodayWorld()
    await world.start()
    await world.store.prepare([RECEIPTS, QUARANTINE, ORIGINALS])
    key, signer = keys.generate(kid="k1"), TestSigner()
    partner = PartnerSystem(PARTNER, (customer(CUSTOMER.id, CUSTOMER.name),)).registered(datetime(2020, 1, 1, tzinfo=UTC))
    jwk = public_jwk({name: it for name, it in key.public_jwk().items() if name != "kid"})
    partner.keys = (PartnerKey(kid="k1", jwk=jwk, valid_from=datetime(2020, 1, 1, tzinfo=UTC)),)
    actions = Actions(Orders(world.resources), Offerings(world.resources), world.clock)
    intake = RecordIntake(actions, Receipts(world.resources), Quarantine(world.resources), signer, world.clock, AUDIENCE)
    jwks, token = folder / "jwks.json", folder / "token"
    jwks.write_text(json.dumps({"keys": [signer.key.as_dict(private=False) | {"kid": "ours"}]}), encoding="utf-8")
    token.write_text(KUNDE, encoding="utf-8")
    async with (
        AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type="zstd") as producer,
        serving(world.app) as (_, port),
    ):
        api = f"http://127.0.0.1:{port}"
        made = PartnerMarketplace(bootstrap, world, key, jwks, token, api, intake, partner, producer)
        made.resume()
        try:
            yield made
        finally:
            made.pause()
            if made.reading is not None:
                with contextlib.suppress(asyncio.CancelledError):
                    await made.reading
            await world.store.close()


async def _topics(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        there = await admin.list_topics()
        for name in {ORDERS, ANSWERS} & set(there):
            await admin.delete_topics([name])
        while {ORDERS, ANSWERS} & set(await admin.list_topics()):  # noqa: ASYNC110 - the broker deletes in its own time
            await asyncio.sleep(0.1)
        bounds = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "262144"}
        done = await admin.create_topics([NewTopic(ORDERS, 3, 1, topic_configs=bounds), NewTopic(ANSWERS, 3, 1)])
        assert [error[1] for error in done.topic_errors] == [0, 0]
    finally:
        await admin.close()
