"""A process killed at any point between a partner's record and its commit: one effect and one receipt for each record."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError

from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.topics import partner_group, partner_orders
from tests.integration.bus.bus_fixture import read_topic, until
from tests.integration.partners import partners_child
from tests.integration.partners.partners_fixture import Sender, Shop, said
from tests.support.forked import run_process
from tests.support.publisher import RecordingPublisher

PASSAGES = {
    "store.insert": (1, 2, 3),
    "store.save": (1, 2, 3),
    "store.clean": (1, 3),
    "bus.send": (1, 2, 3),
    "bus.commit": (1,),
}
"""The first passages of a batch: receipts begun, the first Vorgang saved and published, all receipts signed and published."""


async def run_child(settings: KafkaSettings, store: Path, sender: Sender, failpoint: str) -> int:
    return await run_process(
        partners_child.main, settings.bootstrap_servers, store, sender.system.id, sender.sent, failpoint=failpoint
    )


@pytest.mark.slow
@pytest.mark.parametrize("point", PASSAGES)
async def test_each_record_has_one_effect_and_one_receipt_after_a_crash(
    settings: KafkaSettings, publisher: KafkaPublisher, tmp_path: Path, point: str
) -> None:
    failpoints = [f"{point}.{where}:{passage}" for where in ("before", "after") for passage in PASSAGES[point]]
    await asyncio.gather(*(crash_and_recover(settings, publisher, tmp_path, failpoint) for failpoint in failpoints))


async def crash_and_recover(settings: KafkaSettings, publisher: KafkaPublisher, folder: Path, failpoint: str) -> None:
    sender = Sender(settings, publisher)
    await sender.create()
    store = folder / f"{failpoint}.sqlite"
    shop = Shop(store, RecordingPublisher())
    await shop.open()
    await shop.register(sender.system)
    order_id = await shop.order(sender.system.id)
    before = await shop.questions(order_id)
    first, second = sender.ask(order_id, "Erste?"), sender.ask(order_id, "Zweite?")
    foreign = sender.ask(order_id, "Fremd?", organisation="02000000")
    await sender.send(first, b"poison", second, first, sender.ask(order_id, "Zu spät?", iat=1, exp=2), foreign)

    assert await run_child(settings, store, sender, failpoint) == -signal.SIGKILL, failpoint
    assert await run_child(settings, store, sender, "") == 0, failpoint
    answers = await check(sender, shop, order_id, before, failpoint)

    await rewind(settings, sender)
    assert await run_child(settings, store, sender, "") == 0, failpoint
    assert await check(sender, shop, order_id, before, failpoint) == answers, f"{failpoint}: a replay changes nothing"
    await shop.store.close()


async def check(sender: Sender, shop: Shop, order_id: str, before: list[str], failpoint: str) -> dict[str, object]:
    assert await shop.questions(order_id) == [*before, "Erste?", "Zweite?"], failpoint
    answers = await sender.answers()
    assert said(answers) == [
        ("accepted", None),
        ("accepted", None),
        ("quarantined", "jws_malformed"),
        ("quarantined", "organisation_foreign"),
        ("refused", "event_expired"),
    ], failpoint
    asked = [
        record.value
        for record in await read_topic(sender.settings, "ordering.order.v1")
        if record.key == order_id.encode() and b"question" in dict(record.headers)["ce_type"]
    ]
    assert len(set(asked)) == 2, failpoint
    return dict(answers)


async def rewind(settings: KafkaSettings, sender: Sender) -> None:
    """Set the group back to the beginning of the topic, once the broker has forgotten the member that was killed."""
    topic = partner_orders(sender.system.id)
    consumer = AIOKafkaConsumer(**settings.connection(), group_id=partner_group(sender.system.id), enable_auto_commit=False)

    async def set_back() -> bool:
        try:
            await consumer.commit({TopicPartition(topic.name, number): 0 for number in range(topic.partitions)})
        except CommitFailedError:
            return False
        return True

    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic.name, number) for number in range(topic.partitions)])
        await until(set_back)
    finally:
        await consumer.stop()
