"""A mirror holds what its topic holds, through everything that can happen to the topic and to the broker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from marktplatz.infrastructure.kafka_native import NativeKafka
from shared.bus.admin import create_topics
from shared.bus.mirror.mirror import TopicMirror
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.fold import EMPTY, entry_digest, fold_digest
from shared.topics import CleanupPolicy, Topic
from tests.integration.bus import raw_batches
from tests.integration.bus.bus_fixture import fast_settings, until

State = dict[str, int | None]


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NativeKafka]:
    broker = NativeKafka(tmp_path_factory.mktemp("mirrored-broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def settings(own_broker: NativeKafka) -> KafkaSettings:
    return fast_settings(own_broker.bootstrap).model_copy(update={"metadata_age": timedelta(seconds=2)})


@pytest.fixture
async def publisher(settings: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    publisher = KafkaPublisher(settings)
    await publisher.start()
    yield publisher
    await publisher.stop()


@pytest.fixture
async def topic(settings: KafkaSettings) -> Topic:
    made = Topic(f"test.{uuid.uuid4().hex[:10]}.v1", "id", (), "test", (), partitions=3, keep=CleanupPolicy.COMPACT)
    await create_topics(settings, replicas=1, topics=[made])
    return made


@asynccontextmanager
async def following(mirror: TopicMirror, settings: KafkaSettings) -> AsyncIterator[TopicMirror]:
    task = asyncio.create_task(mirror.run(settings))
    try:
        yield mirror
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def value(key: str, version: int) -> bytes:
    return json.dumps({"offering": {"id": key, "version": version}}).encode()


async def write(publisher: KafkaPublisher, topic: Topic, states: State) -> None:
    records = [
        RawRecord(topic.name, key.encode(), None if version is None else value(key, version), ())
        for key, version in states.items()
    ]
    assert await publisher.send(records) == [True] * len(records)


def digest(states: Mapping[str, int | None]) -> str:
    live = [(key, version) for key, version in states.items() if version is not None]
    return fold_digest((key.encode(), entry_digest(value(key, version), "offering")) for key, version in live)


def shows(mirror: TopicMirror, states: Mapping[str, int | None]) -> bool:
    return mirror.content is not None and mirror.content.digest() == digest(states)


async def test_a_mirror_shows_nothing_before_it_has_read_the_topic_through(
    settings: KafkaSettings, topic: Topic, publisher: KafkaPublisher
) -> None:
    states: State = {f"key-{number}": 1 for number in range(200)}
    await write(publisher, topic, states)
    seen: set[int] = set()
    async with following(TopicMirror(topic, "offering"), settings) as mirror:
        while not shows(mirror, states):
            if mirror.content is not None:
                seen.add(mirror.content.live())
            await asyncio.sleep(0)
    assert seen <= {200}


async def test_a_mirror_follows_changes_and_removals_and_wakes_who_waits(
    settings: KafkaSettings, topic: Topic, publisher: KafkaPublisher
) -> None:
    async with following(TopicMirror(topic, "offering"), settings) as mirror:
        await until(lambda: mirror.content is not None, "an empty topic is read through too")
        assert mirror.content is not None
        assert (mirror.content.digest(), mirror.content.live()) == (EMPTY, 0)
        woken = asyncio.create_task(mirror.moved(60))
        await asyncio.sleep(0)
        await write(publisher, topic, {"a": 1, "b": 1})
        assert await woken
        await until(lambda: shows(mirror, {"a": 1, "b": 1}))
        await write(publisher, topic, {"a": 2, "b": None})
        await until(lambda: shows(mirror, {"a": 2}))
        assert not await mirror.moved(0.01)
        assert {entry.key: entry.value is None for entry in mirror.content.after({})} == {b"a": False, b"b": True}


async def test_a_mirror_that_reads_again_from_the_beginning_never_shows_less(
    settings: KafkaSettings, topic: Topic, publisher: KafkaPublisher
) -> None:
    states: State = {f"key-{number}": 1 for number in range(50)}
    await write(publisher, topic, states)
    async with following(TopicMirror(topic, "offering", reread_every=timedelta(seconds=1)), settings) as mirror:
        await until(lambda: shows(mirror, states))
        first = mirror.content
        while mirror.content is first:
            assert shows(mirror, states)
            await asyncio.sleep(0.01)
        assert shows(mirror, states)


async def test_a_topic_that_is_created_again_is_mirrored_as_it_is_then(
    settings: KafkaSettings, topic: Topic, publisher: KafkaPublisher
) -> None:
    await write(publisher, topic, {f"key-{number}": 1 for number in range(30)})
    async with following(TopicMirror(topic, "offering"), settings) as mirror:
        await until(lambda: mirror.content is not None and mirror.content.live() == 30)
        admin = AIOKafkaAdminClient(**settings.connection())
        await admin.start()
        await admin.delete_topics([topic.name])
        await admin.close()
        await asyncio.sleep(1)
        await create_topics(settings, replicas=1, topics=[topic])
        states: State = {"key-1": 2, "other": 1}

        async def written() -> bool:
            records = [RawRecord(topic.name, key.encode(), value(key, it), ()) for key, it in states.items() if it is not None]
            return all(await publisher.send(records))

        await until(written)
        await until(lambda: shows(mirror, states))


async def test_a_mirror_shows_what_it_has_while_the_broker_is_away_and_goes_on_after_it(
    own_broker: NativeKafka, settings: KafkaSettings, topic: Topic, publisher: KafkaPublisher
) -> None:
    await write(publisher, topic, {"a": 1})
    async with following(TopicMirror(topic, "offering"), settings) as mirror:
        await until(lambda: shows(mirror, {"a": 1}))
        await asyncio.to_thread(own_broker.stop)
        await asyncio.sleep(2)
        assert shows(mirror, {"a": 1})
        await asyncio.to_thread(own_broker.start)

        async def written() -> bool:
            return all(await publisher.send([RawRecord(topic.name, b"a", value("a", 2), ())]))

        await until(written)
        await until(lambda: shows(mirror, {"a": 2}))


async def test_a_batch_that_cannot_be_decoded_is_passed_over(
    own_broker: NativeKafka, settings: KafkaSettings, publisher: KafkaPublisher
) -> None:
    topic = Topic(f"test.{uuid.uuid4().hex[:10]}.v1", "id", (), "test", (), partitions=1, keep=CleanupPolicy.COMPACT)
    await create_topics(settings, replicas=1, topics=[topic])
    for key in ("a", "b", "c"):
        await write(publisher, topic, {key: 1})
    await asyncio.to_thread(own_broker.stop)
    raw_batches.damage(own_broker.data_dir / "log", topic.name, {1: raw_batches.bad_crc})
    await asyncio.to_thread(own_broker.start)
    async with following(TopicMirror(topic, "offering"), settings) as mirror:
        await until(lambda: shows(mirror, {"a": 1, "c": 1}))
        assert mirror.content is not None
        assert mirror.content.positions == {0: 3}


async def test_a_topic_that_is_not_there_is_mirrored_once_it_is(settings: KafkaSettings, publisher: KafkaPublisher) -> None:
    topic = Topic(f"test.{uuid.uuid4().hex[:10]}.v1", "id", (), "test", (), partitions=1, keep=CleanupPolicy.COMPACT)
    async with following(TopicMirror(topic, "offering"), settings) as mirror:
        await asyncio.sleep(1)
        assert mirror.content is None
        await create_topics(settings, replicas=1, topics=[topic])
        await write(publisher, topic, {"a": 1})
        await until(lambda: shows(mirror, {"a": 1}))
