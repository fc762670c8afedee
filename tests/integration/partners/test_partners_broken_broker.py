"""Batches of a partner that no client can decode, and bombs among them: each has its receipt, and what lies behind flows on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from marktplatz.infrastructure.kafka_native import NativeKafka
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.topics import partner_orders
from tests.integration.bus import raw_batches
from tests.integration.bus.bus_fixture import fast_settings, until
from tests.integration.partners.partners_fixture import Sender, Shop, said

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NativeKafka]:
    broker = NativeKafka(tmp_path_factory.mktemp("own-broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def settings(own_broker: NativeKafka) -> KafkaSettings:
    return fast_settings(own_broker.bootstrap)


async def test_more_broken_batches_than_our_own_groups_would_bear_stop_no_partner(
    own_broker: NativeKafka, settings: KafkaSettings, tmp_path: Path
) -> None:
    publisher = KafkaPublisher(settings)
    await publisher.start()
    shop = Shop(tmp_path / "ordering.sqlite", publisher)
    await shop.open()
    broken, other = Sender(settings, publisher), Sender(settings, publisher)
    for sender in (broken, other):
        await sender.create()
        await shop.register(sender.system)
    order_id = await shop.order("one")
    before = await shop.questions(order_id)
    topic = partner_orders(broken.system.id).name
    for number in range(9):
        record = RawRecord(topic, b"k", broken.ask(order_id, f"Nummer {number}?"), (), 0)
        assert await publisher.send([record]) == [True]
    broken.sent = 9
    await publisher.stop()
    await asyncio.to_thread(own_broker.stop)
    changes = {
        1: raw_batches.bad_crc,
        2: raw_batches.bad_crc,
        3: raw_batches.unknown_codec,
        4: raw_batches.bomb(4, 256 * MIB),
        5: raw_batches.truncated,
        6: raw_batches.bomb(1, 64 * MIB),
    }
    raw_batches.damage(own_broker.data_dir / "log", topic, changes)
    await asyncio.to_thread(own_broker.start)
    publisher = KafkaPublisher(settings)
    await publisher.start()
    broken.publisher = other.publisher = publisher
    shop.receipts.publisher = publisher
    for ledger in (shop.orders.ledger, shop.receipts.ledger, shop.quarantine.ledger):
        ledger.outbox.publisher = publisher
    await other.send(other.ask(order_id, "Daneben?"))
    async with shop.reading(settings, publisher) as runner:
        await until(other.done)
        await until(broken.done)
        assert runner.runner(broken.system.id).failures() == {}
    answers = await broken.answers()
    assert said(answers) == sorted([("accepted", None)] * 3 + [("quarantined", "undecodable_batch")] * 6, key=str)
    assert sorted(await shop.questions(order_id)) == sorted([*before, "Nummer 0?", "Nummer 7?", "Nummer 8?", "Daneben?"])
    offsets = {it["event"]["offset"] for it in answers.values() if it["status"] == "quarantined"}
    assert offsets == set(changes)
    assert said(await other.answers()) == [("accepted", None)]
    await publisher.stop()
    await shop.store.close()
