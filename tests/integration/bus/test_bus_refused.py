"""What the broker refuses holds up nothing else: not another topic, not another record of the same partition."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.aggregate.ledger import aggregate_collection
from shared.aggregate.outbox import PAGE, Outbox
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.admin import create_topics
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.messages.notify import NotificationFailed
from shared.store.port import Document
from shared.topics import CleanupPolicy, Topic
from tests.integration.bus.bus_fixture import AT, event, fast_settings, read_topic, until
from tests.integration.bus.refusing_kafka import RefusingKafka, allow_all, allow_only
from tests.support.memory_store import MemoryStore

SHORT = timedelta(seconds=3)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with RefusingKafka(tmp_path_factory.mktemp("refusing")) as bootstrap:
        yield bootstrap


@pytest.fixture
def settings(refusing: str) -> KafkaSettings:
    return fast_settings(refusing).model_copy(update={"publish_timeout": SHORT})


@pytest.fixture
async def publisher(settings: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    publisher = KafkaPublisher(settings)
    await publisher.start()
    yield publisher
    await publisher.stop()


async def made(settings: KafkaSettings, count: int = 2, **values: object) -> list[str]:
    """Make topics, one per channel, and return their names."""
    blank = Topic("", "id", (NotificationFailed,), "notify", (), partitions=1)
    topics = [replace(blank, name=f"test.{uuid.uuid4().hex[:10]}.request.v1", **values) for _ in range(count)]  # type: ignore[arg-type]
    await create_topics(settings, replicas=1, topics=topics)
    return [topic.name for topic in topics]


async def keys(settings: KafkaSettings, topic: str) -> list[str]:
    return [record.key.decode() for record in await read_topic(settings, topic)]


@pytest.mark.parametrize("left", [("READ", "DESCRIBE"), ("ALTER_CONFIGS",)], ids=["shown", "hidden"])
async def test_a_channel_whose_topic_refuses_us_leaves_the_other_going(
    left: Sequence[str], settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    fitko, govdigital = await made(settings)
    await allow_only(settings, fitko, *left)
    producer = publisher.line.producer
    sent: list[OutgoingEvent] = []
    for number in range(10):
        one, other = event(fitko, f"f{number}"), event(govdigital, f"g{number}")
        sent += [one, other]
        assert await publisher.publish([one, other]) == [False, True]
    assert publisher.line.producer is producer
    await allow_all(settings, fitko)

    async def taken() -> bool:
        return await publisher.publish([event(fitko, "again")]) == [True]

    await until(taken)
    assert await publisher.publish(sent) == [True] * len(sent)
    assert publisher.line.producer is producer, "the numbers of what was refused were used up"
    assert await keys(settings, govdigital) == [it.key for it in sent if it.topic == govdigital] * 2
    assert (await keys(settings, fitko))[-10:] == [it.key for it in sent if it.topic == fitko]


async def test_senders_beside_a_refused_one_are_not_disturbed(settings: KafkaSettings, publisher: KafkaPublisher) -> None:
    fitko, govdigital = await made(settings)
    await allow_only(settings, fitko, "DESCRIBE")
    rounds = [publisher.publish([event(name, f"{name} {number}")]) for number in range(200) for name in (fitko, govdigital)]
    assert await asyncio.gather(*rounds) == [[False], [True]] * 200


async def test_topics_that_are_missing_cost_the_others_nothing(settings: KafkaSettings, publisher: KafkaPublisher) -> None:
    (there,) = await made(settings, 1)
    producer = publisher.line.producer
    absent = [f"test.{uuid.uuid4().hex[:10]}" for _ in range(30)]
    begun = time.monotonic()
    events = [*(event(name, "a") for name in absent), event("no topic, that name!", "a"), event(there, "b")]
    assert await publisher.publish(events) == [*([False] * 31), True]
    assert time.monotonic() - begun < SHORT.total_seconds()
    assert publisher.line.producer is producer


async def test_the_relay_passes_over_pages_of_refused_requests(settings: KafkaSettings, publisher: KafkaPublisher) -> None:
    fitko, govdigital = await made(settings)
    await allow_only(settings, fitko, "DESCRIBE")
    collection, store = aggregate_collection("orders"), MemoryStore()
    outbox = Outbox(service="ordering", collection=collection, store=store, publisher=publisher)
    count = PAGE * 4
    await store.insert_many(collection, [_waiting(f"{number:04}", fitko) for number in range(count)])
    await store.insert_many(collection, [_waiting("behind", govdigital)])
    assert await outbox.relay(timedelta(seconds=5)) == 1
    assert await keys(settings, govdigital) == [event(govdigital, "behind").key]
    assert await outbox.relay(timedelta(seconds=5)) == 0
    await allow_all(settings, fitko)

    async def emptied() -> bool:
        await outbox.relay(timedelta(seconds=5))
        return (await outbox.backlog()).events == 0

    await until(emptied)
    assert len(set(await keys(settings, fitko))) == count


def _waiting(name: str, topic: str) -> Document:
    sent = event(topic, name)
    entry = {field: getattr(sent, field) for field in sent.__slots__ if field not in ("key", "source")}
    return {"_id": sent.key, "rev": 1, "seq": 1, "outbox": [entry], "pending_since": AT}


async def test_a_batch_with_a_giant_fails_for_the_giant_alone(settings: KafkaSettings, publisher: KafkaPublisher) -> None:
    (narrow,) = await made(settings, 1, max_message_bytes=8000)
    producer = publisher.line.producer
    small = [RawRecord(narrow, f"small {number}".encode(), os.urandom(2000)) for number in range(20)]
    giant = RawRecord(narrow, b"giant", os.urandom(20_000))
    for _ in range(3):
        assert await publisher.send([*small[:10], giant, *small[10:]]) == [*[True] * 10, False, *[True] * 10]
        assert await publisher.send(small[:1]) == [True]
    assert publisher.line.producer is producer
    assert set(await keys(settings, narrow)) == {record.key.decode() for record in small if record.key}


async def test_a_record_that_the_broker_finds_unfit_fails_alone(settings: KafkaSettings, publisher: KafkaPublisher) -> None:
    (compacted,) = await made(settings, 1, keep=CleanupPolicy.COMPACT)
    producer = publisher.line.producer
    sound, unfit = RawRecord(compacted, b"key", b"value"), RawRecord(compacted, None, b"without a key")
    for _ in range(3):
        assert await publisher.send([sound, unfit, sound]) == [True, False, True]
    assert publisher.line.producer is producer
    assert await keys(settings, compacted) == ["key"] * 6


async def test_an_event_that_cannot_be_written_down_fails_alone(settings: KafkaSettings, publisher: KafkaPublisher) -> None:
    (topic,) = await made(settings, 1)
    broken = replace(event(topic, "broken"), data='"\ud800"')
    assert await publisher.publish([broken, event(topic, "sound")]) == [False, True]


async def test_a_topic_that_keeps_the_others_waiting_gets_a_line_of_its_own(
    settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    fitko, govdigital = await made(settings)
    assert await publisher.publish([event(fitko, "a"), event(govdigital, "a")]) == [True, True]
    await _delete(settings, fitko)
    # The producer still believes in its leader, and asks for another one for longer than anybody waits.
    assert await publisher.publish([event(fitko, "b"), event(govdigital, "b")]) == [False, True]
    await until(lambda: publisher.connected)
    producer = publisher.line.producer
    assert set(publisher.apart) == {fitko}
    for number in range(20):
        assert await publisher.publish([event(fitko, "b"), event(govdigital, number)]) == [False, True]
    assert publisher.line.producer is producer
    blank = Topic(fitko, "id", (NotificationFailed,), "notify", (), partitions=1)
    await create_topics(settings, replicas=1, topics=[blank])

    async def taken() -> bool:
        return await publisher.publish([event(fitko, "b"), event(govdigital, "c")]) == [True, True]

    await until(taken)


async def _delete(settings: KafkaSettings, topic: str) -> None:
    client = AIOKafkaAdminClient(**settings.connection())
    await client.start()
    try:
        await client.delete_topics([topic])
        while topic in await client.list_topics():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
    finally:
        await client.close()
