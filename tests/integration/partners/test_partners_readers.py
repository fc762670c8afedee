"""Partners come, go, pause and misbehave on a real broker: each record gets its receipt, and nobody holds up another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from services.ordering.metrics import PARTNER_RECORDS
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.messages.ordering_partners import PartnerQuota, PartnerState
from shared.topics import partner_orders, partner_receipts
from tests.integration.bus.bus_fixture import until
from tests.integration.partners.partners_fixture import Sender, Shop, said
from tests.support.publisher import RecordingPublisher

LONG_AGO, FAR_AHEAD = 1_000, 4_102_444_800_000


@pytest.fixture
async def shop(publisher: KafkaPublisher, tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path / "ordering.sqlite", publisher)
    await shop.open()
    yield shop
    await shop.store.close()


@pytest.fixture
async def sender(settings: KafkaSettings, publisher: KafkaPublisher) -> Sender:
    sender = Sender(settings, publisher)
    await sender.create()
    return sender


async def test_hostile_records_are_each_quarantined_and_good_ones_flow_between_them(
    shop: Shop, sender: Sender, settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    await shop.register(sender.system)
    order_id = await shop.order(sender.system.id)
    before = await shop.questions(order_id)
    oversize = await compressed(settings, partner_orders(sender.system.id).name, b"A" * 400_000)
    sender.sent += oversize
    await sender.send(sender.ask(order_id, "Eins?"), None, b"", b"\x00\xff", sender.ask(order_id, "Zwei?"), key=None)
    await sender.send(sender.ask(order_id, "Drei?"), key=b"\xff\xfe")
    async with shop.reading(settings, publisher):
        await until(sender.done)
        answers = await until_answered(sender, 7)
    assert said(answers) == sorted(
        [
            ("accepted", None),
            ("accepted", None),
            ("accepted", None),
            ("quarantined", "jws_malformed"),
            ("quarantined", "jws_malformed"),
            ("quarantined", "null_value"),
            ("quarantined", "record_too_large"),
        ],
        key=str,
    )
    assert sorted(await shop.questions(order_id)) == sorted([*before, "Eins?", "Zwei?", "Drei?"])
    for receipt in answers.values():
        if receipt["status"] == "quarantined":
            await shop.quarantine.original(str(receipt["reference"]))


async def test_the_time_of_a_record_is_the_brokers_whatever_its_sender_claims(
    shop: Shop, sender: Sender, settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    await shop.register(sender.system)
    order_id = await shop.order(sender.system.id)
    producer = AIOKafkaProducer(**settings.connection())
    await producer.start()
    topic = partner_orders(sender.system.id).name
    for claimed in (LONG_AGO, FAR_AHEAD):
        await producer.send_and_wait(topic, sender.ask(order_id, f"Um {claimed}?"), timestamp_ms=claimed)
        await producer.send_and_wait(
            topic, sender.ask(order_id, "Abgelaufen?", iat=claimed // 1000, exp=claimed // 1000 + 10), timestamp_ms=claimed
        )
    await producer.stop()
    sender.sent = 4
    async with shop.reading(settings, publisher):
        answers = await until_answered(sender, 4)
    assert said(answers) == [
        ("accepted", None),
        ("accepted", None),
        ("refused", "event_expired"),
        ("refused", "event_from_future"),
    ]


async def test_a_partner_that_is_registered_while_the_process_runs_is_read_and_one_that_is_suspended_is_not(
    shop: Shop, sender: Sender, settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    async with shop.reading(settings, publisher) as runner:
        assert runner.running() == frozenset()
        await shop.register(sender.system)
        order_id = await shop.order(sender.system.id)
        await sender.send(sender.ask(order_id, "Eins?"))
        await until(sender.done)
        await shop.register(sender.system, state=PartnerState.SUSPENDED)
        await until(lambda: not runner.running())
        await sender.send(sender.ask(order_id, "Zwei?"))
        await asyncio.sleep(1)
        assert not await sender.done()
        await shop.register(sender.system)
        await until(sender.done)
        assert said(await until_answered(sender, 2)) == [("accepted", None), ("accepted", None)]


async def test_a_partner_without_topics_hurts_nobody_and_is_read_once_they_are_there(
    shop: Shop, sender: Sender, settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    absent = Sender(settings, publisher)
    await shop.register(absent.system)
    await shop.register(sender.system)
    order_id = await shop.order(sender.system.id)
    async with shop.reading(settings, publisher) as runner:
        await sender.send(sender.ask(order_id, "Eins?"))
        await until(sender.done)
        assert not runner.runner(absent.system.id).ready()
        await absent.create()
        await absent.send(absent.ask(order_id, "Zwei?"))
        await until(absent.done)
    assert said(await until_answered(absent, 1)) == [("accepted", None)]


async def test_a_partner_beyond_its_quota_is_read_later_and_loses_nothing_while_another_flows(
    shop: Shop, sender: Sender, settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    flood = Sender(settings, publisher)
    await flood.create()
    await shop.register(flood.system, PartnerQuota(records_per_second=5, burst_seconds=2))
    await shop.register(sender.system)
    order_id = await shop.order(sender.system.id)
    await flood.send(*(b"poison %d" % number for number in range(40)))
    begun = time.monotonic()
    async with shop.reading(settings, publisher):
        await sender.send(sender.ask(order_id, "Eins?"))
        await until(sender.done)
        assert not await flood.done(), "the flood takes its time"
        await until(flood.done)
        taken = time.monotonic() - begun
        works = await shop.readers.current()
    assert taken >= (40 - 5 * 2 - 10) / 5, "no faster than the quota, but for one burst and one batch"
    assert len(await until_answered(flood, 40)) == 40
    pace = works[flood.system.id].pace
    assert pace is not None
    assert pace.throttled_seconds > 0


async def test_workers_that_read_a_partner_together_share_its_quota(
    shop: Shop, settings: KafkaSettings, publisher: KafkaPublisher, tmp_path: Path
) -> None:
    other = Shop(tmp_path / "ordering.sqlite", publisher)
    await other.open()
    flood = Sender(settings, publisher)
    await flood.create()
    await shop.register(flood.system, PartnerQuota(records_per_second=6, burst_seconds=1))

    async def shares() -> list[float]:
        works = [await worker.readers.current() for worker in (shop, other)]
        return sorted(pace.share for work in works if (pace := work[flood.system.id].pace) is not None)

    async def both_read() -> bool:
        return await shares() == pytest.approx([1 / 3, 2 / 3])

    async with shop.reading(settings, publisher), other.reading(settings, publisher):
        await until(both_read)
        begun = time.monotonic()
        for number in range(60):
            await flood.send(b"poison %d" % number, key=b"%d" % number)
        await until(flood.done)
        taken = time.monotonic() - begun
    await other.store.close()
    assert taken >= (60 - 6 - 10) / 6, "the two together are no faster than the quota, but for a burst and a batch each"
    assert len(await until_answered(flood, 60)) == 60


async def test_a_reader_that_fails_does_not_stop_the_others_nor_itself_for_good(
    shop: Shop, sender: Sender, settings: KafkaSettings, publisher: KafkaPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.consume.readers.FAILED_REST_SECONDS", 0.5)
    broken = Sender(settings, publisher)
    await broken.create()
    await shop.register(broken.system)
    await shop.register(sender.system)
    order_id = await shop.order(sender.system.id)
    take_all = shop.intake.take_all
    failures = iter([True])

    async def failing(partner: object, records: object, **options: bool) -> object:
        if getattr(partner, "id", None) == broken.system.id and next(failures, False):
            raise ZeroDivisionError
        return await take_all(partner, records, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.intake, "take_all", failing)
    async with shop.reading(settings, publisher):
        await broken.send(broken.ask(order_id, "Eins?"))
        await sender.send(sender.ask(order_id, "Zwei?"))
        await until(sender.done)
        await until(broken.done)
    assert said(await until_answered(broken, 1)) == [("accepted", None)]


async def test_a_record_whose_receipt_cannot_be_sent_is_not_passed_over(
    shop: Shop, sender: Sender, settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    await shop.register(sender.system)
    order_id = await shop.order(sender.system.id)
    receipts = partner_receipts(sender.system.id).name
    away = RecordingPublisher(refuses=lambda event: event.topic == receipts)
    await sender.send(sender.ask(order_id, "Eins?"))
    kept = shop.receipts.ledger.outbox.publisher
    shop.receipts.ledger.outbox.publisher = away
    async with shop.reading(settings, publisher):
        await until(sender.done)
        assert await sender.receipts() == []
    shop.receipts.ledger.outbox.publisher = kept
    await shop.relay()
    assert said(await until_answered(sender, 1)) == [("accepted", None)]


async def test_receipts_are_counted_by_partner_and_status(
    shop: Shop, sender: Sender, settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    await shop.register(sender.system)
    order_id = await shop.order(sender.system.id)
    await sender.send(sender.ask(order_id, "Eins?"), b"poison")
    async with shop.reading(settings, publisher):
        await until(sender.done)
    counted = {status: PARTNER_RECORDS.labels(sender.system.id, status)._value.get() for status in ("accepted", "quarantined")}
    assert counted == {"accepted": 1, "quarantined": 1}


async def compressed(settings: KafkaSettings, topic: str, value: bytes) -> int:
    """Send a record that fits the topic when it is packed only; return how many were sent."""
    producer = AIOKafkaProducer(**settings.connection(), compression_type="zstd", max_request_size=10 * 1024 * 1024)
    await producer.start()
    await producer.send_and_wait(topic, value)
    await producer.stop()
    return 1


async def until_answered(sender: Sender, count: int) -> dict[str, dict[str, object]]:
    """Return the receipts once there are so many."""

    async def enough() -> bool:
        return len(await sender.answers()) >= count

    await until(enough, f"{count} receipts")
    return dict(await sender.answers())
