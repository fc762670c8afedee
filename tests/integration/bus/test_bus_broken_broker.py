"""What needs a broker of its own: damaged logs and restarts of the broker."""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
from collections.abc import AsyncIterator, Iterator

import pytest
from aiokafka import AIOKafkaProducer

from marktplatz.infrastructure.kafka_native import NativeKafka
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.dead_letter_operations import list_dead_letters, replay_dead_letters
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from tests.integration.bus import raw_batches
from tests.integration.bus.bus_fixture import Lane, Recorder, event, fast_settings, running, until

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


@pytest.fixture
async def lane(settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> Lane:
    lane = Lane(settings, partitions=1)
    await lane.create()
    monkeypatch.setattr("shared.bus.consume.worker.subscribed", lane.subscribed)
    return lane


@pytest.fixture
async def publisher(settings: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    publisher = KafkaPublisher(settings)
    await publisher.start()
    yield publisher
    await publisher.stop()


def committed(runner: ConsumerRunner) -> list[int]:
    worker = runner.workers[0]
    return [offset for partition, offset in worker.commits.positions.items() if partition.topic != f"{worker.group}.replay"]


async def test_batches_that_cannot_be_decoded_are_quarantined_and_passed(
    own_broker: NativeKafka, lane: Lane, publisher: KafkaPublisher
) -> None:
    for number in range(9):
        await publisher.publish([event(lane.topic.name, f"one {number}", number=number)])
    await publisher.stop()
    await asyncio.to_thread(own_broker.stop)
    changes = {1: raw_batches.bad_crc, 3: raw_batches.unknown_codec, 5: raw_batches.truncated}
    stored = raw_batches.damage(own_broker.data_dir / "log", lane.topic.name, changes)
    await asyncio.to_thread(own_broker.start)

    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)) as runner:
        await until(lambda: committed(runner) == [9])
        await until(runner.ready)
    assert recorder.numbers() == [0, 2, 4, 6, 7, 8]
    letters = await list_dead_letters(lane.settings, lane.group)
    found = {letter.reason.offset: json.loads(letter.value or b"") for letter in letters}
    assert {letter.reason.code for letter in letters} == {"undecodable_batch"}
    assert sorted(found) == [1, 3, 5]
    for offset, facts in found.items():
        assert facts["next_offset"] == offset + 1
        assert facts["sha256"] == hashlib.sha256(stored[offset]).hexdigest()
    replayed = await replay_dead_letters(lane.settings, lane.group)
    assert (len(replayed.not_replayable), replayed.sent) == (3, [])


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=["gzip", "snappy", "lz4", "zstd"])
async def test_a_batch_that_unpacks_past_the_cap_is_refused_before_it_fills_the_memory(
    own_broker: NativeKafka, lane: Lane, publisher: KafkaPublisher, codec: int
) -> None:
    for number in range(3):
        await publisher.publish([event(lane.topic.name, f"one {number}", number=number)])
    await publisher.stop()
    await asyncio.to_thread(own_broker.stop)
    raw_batches.damage(own_broker.data_dir / "log", lane.topic.name, {1: raw_batches.bomb(codec, 256 * MIB)})
    await asyncio.to_thread(own_broker.start)

    before = _peak()
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)) as runner:
        await until(lambda: committed(runner) == [3])
    assert recorder.numbers() == [0, 2]
    assert _peak() - before < 200 * MIB
    (letter,) = await list_dead_letters(lane.settings, lane.group)
    assert (letter.reason.code, letter.reason.offset) == ("undecodable_batch", 1)
    assert "OversizedBatchError" in letter.reason.text


async def test_a_writer_can_store_a_bomb_and_it_is_passed(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.publish([event(lane.topic.name, "first", number=1)])
    foreign = AIOKafkaProducer(
        **lane.settings.connection(), compression_type="zstd", max_request_size=64 * MIB, max_batch_size=64 * MIB
    )
    await foreign.start()
    await foreign.send_and_wait(lane.topic.name, bytes(32 * MIB), b"bomb")
    await foreign.stop()
    await publisher.publish([event(lane.topic.name, "last", number=2)])
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)) as runner:
        await until(lambda: committed(runner) == [3])
    assert recorder.numbers() == [1, 2]
    assert [letter.reason.code for letter in await list_dead_letters(lane.settings, lane.group)] == ["undecodable_batch"]


async def test_more_than_three_broken_batches_in_an_hour_stop_the_consumer(
    own_broker: NativeKafka, lane: Lane, publisher: KafkaPublisher
) -> None:
    for number in range(5):
        await publisher.publish([event(lane.topic.name, f"one {number}", number=number)])
    await publisher.stop()
    await asyncio.to_thread(own_broker.stop)
    raw_batches.damage(own_broker.data_dir / "log", lane.topic.name, dict.fromkeys(range(1, 5), raw_batches.bad_crc))
    await asyncio.to_thread(own_broker.start)
    async with running(lane.settings, Recorder().consumer(lane.group)) as runner:
        await until(lambda: not runner.live())
        assert "undecodable batches" in runner.failures()[lane.group]
    assert all(offset <= 1 for offset in (await lane.committed()).values())


async def test_consumers_and_publisher_resume_after_a_restart_of_the_broker(
    own_broker: NativeKafka, lane: Lane, publisher: KafkaPublisher
) -> None:
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group), publisher=publisher) as runner:
        await publisher.publish([event(lane.topic.name, "one", 1)])
        await until(lambda: recorder.sequence("one") == [1])
        await asyncio.to_thread(own_broker.stop)
        assert await publisher.publish([event(lane.topic.name, "one", 2)]) == [False]
        assert await publisher.publish([event(lane.topic.name, "one", 2)]) == [False]
        await until(lambda: not runner.ready())
        assert runner.live()
        await asyncio.to_thread(own_broker.start)
        await until(lambda: publisher.connected)
        assert await publisher.publish([event(lane.topic.name, "one", 2)]) == [True]
        await until(lambda: set(recorder.sequence("one")) == {1, 2})
        await until(runner.ready)
        assert runner.live()


async def test_a_consumer_that_finds_no_broker_joins_when_there_is_one(
    own_broker: NativeKafka, lane: Lane, publisher: KafkaPublisher
) -> None:
    await publisher.publish([event(lane.topic.name, "one", 1)])
    await publisher.stop()
    await asyncio.to_thread(own_broker.kill)
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)) as runner:
        assert not runner.ready()
        assert runner.live()
        await asyncio.to_thread(own_broker.start)
        await until(lambda: recorder.sequence("one") == [1])
        await until(runner.ready)


async def test_a_client_whose_fetch_task_died_is_made_anew(lane: Lane, publisher: KafkaPublisher) -> None:
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)) as runner:
        first = runner.workers[0].client
        assert first is not None
        first._fetcher._fetch_task.cancel()
        await publisher.publish([event(lane.topic.name, "one", 1)])
        await until(lambda: recorder.sequence("one") == [1])
        assert runner.workers[0].client is not first


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
