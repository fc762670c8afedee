"""Fourteen consumers read again soon after any trouble on the way to the broker; none needs a human."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

import pytest
import uvloop

from shared.bus.admin import create_topics
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.lifeline import dead_task
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.messages.notify import NotificationFailed
from shared.topics import Topic
from tests.faults.clients.proxied_kafka import LISTENERS, ProxiedKafka
from tests.integration.bus.bus_fixture import Recorder, event

CONSUMERS = 14
HEAL_SECONDS = 100.0
"""Some seconds where nothing else runs; a client that hangs hangs for ever."""
STALL_SECONDS = 45.0
FROZEN_STALL_SECONDS = 15.0
RESETS = 24
LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedKafka]:
    broker = ProxiedKafka(tmp_path_factory.mktemp("proxied"))
    try:
        yield broker.opened()
    finally:
        broker.closed()


class Crowd:
    """The consumers, each in a group of its own, with one publisher and what they have read."""

    def __init__(self, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
        mark = uuid.uuid4().hex[:10]
        self.settings = settings
        self.groups = [f"test.{mark}.{number}" for number in range(CONSUMERS)]
        self.topic = Topic(f"test.{mark}.v1", "id", (NotificationFailed,), "notify", tuple(self.groups), partitions=2)
        monkeypatch.setattr("shared.bus.consume.worker.subscribed", lambda _: (self.topic,))
        self.recorders = [Recorder() for _ in self.groups]
        self.publisher = KafkaPublisher(settings)
        self.runner = ConsumerRunner(
            settings, [one.consumer(group) for one, group in zip(self.recorders, self.groups, strict=True)], self.publisher
        )
        self._numbers = itertools.count(1)
        self.ever_dead = False

    def whole(self) -> bool:
        """Return whether all are ready and no client has lost a task: one that has may still read for a while."""
        clients = [self.publisher.line.producer, *(worker.client for worker in self.runner.workers)]
        return self.runner.ready() and all(client is not None and dead_task(client) is None for client in clients)

    async def reported(self, seconds: float) -> None:
        """Publish something new and wait until all have read it and are whole. Fails if that takes longer than ``seconds``."""
        begun = time.monotonic()
        number = next(self._numbers)
        sent = False
        missing: set[str] = set(self.groups)
        while missing or not self.whole():
            assert time.monotonic() - begun < seconds, (number, sent, sorted(missing), self._state())
            sent = sent or await self.publisher.publish([event(self.topic.name, f"one {number}", number=number)]) == [True]
            await asyncio.sleep(0.1)
            missing = {group for group, one in zip(self.groups, self.recorders, strict=True) if number not in one.numbers()}

    async def watched(self) -> None:
        """Note whether liveness ever goes."""
        while True:
            self.ever_dead = self.ever_dead or not self.runner.live()
            await asyncio.sleep(0.2)

    def _state(self) -> dict[str, object]:
        return {one.group: one.progress for one in self.runner.workers if not one.progress.ready()}


Trouble = Callable[[Crowd], Awaitable[None]]


def play(
    loop: str, settings: KafkaSettings, trouble: Trouble, monkeypatch: pytest.MonkeyPatch, *, seconds: float = HEAL_SECONDS
) -> None:
    async def scene() -> None:
        crowd = Crowd(settings, monkeypatch)
        await create_topics(settings, replicas=1, topics=[crowd.topic])
        await crowd.publisher.start()
        await crowd.runner.start()
        watching = asyncio.create_task(crowd.watched())
        try:
            await crowd.reported(60)
            await trouble(crowd)
            await crowd.reported(seconds)
            assert crowd.runner.failures() == {}
            assert not crowd.ever_dead
        finally:
            watching.cancel()
            await crowd.runner.stop()
            await crowd.publisher.stop()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(scene())


def impatient(kafka: ProxiedKafka, listener: str = "plain", stall: float = STALL_SECONDS) -> KafkaSettings:
    return kafka.settings(
        listener,
        check_every=timedelta(seconds=2),
        session_timeout=timedelta(seconds=10),
        stall_after=timedelta(seconds=stall),
    )


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("listener", LISTENERS)
def test_all_read_again_after_connections_were_reset_by_the_dozen(
    kafka: ProxiedKafka, listener: str, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = random.Random(f"{listener} {loop}")  # noqa: S311 - the same pauses in every run

    async def trouble(crowd: Crowd) -> None:
        cut = 0
        for number in range(RESETS):
            cut += await asyncio.to_thread(kafka.proxies[listener].reset)
            if number % 6 == 0:
                await crowd.publisher.publish([event(crowd.topic.name, f"amid {number}", number=1000 + number)])
            await asyncio.sleep(pauses.uniform(0, 0.6))
        assert cut >= RESETS, "hardly a connection was met"

    play(loop, impatient(kafka, listener), trouble, monkeypatch)


@pytest.mark.parametrize("loop", LOOPS)
def test_all_read_again_after_connections_stood_still_while_new_ones_work(
    kafka: ProxiedKafka, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trouble(_: Crowd) -> None:
        assert await asyncio.to_thread(kafka.proxies["plain"].silence) >= CONSUMERS

    play(loop, impatient(kafka), trouble, monkeypatch)


@pytest.mark.parametrize("loop", LOOPS)
def test_all_read_again_after_their_metadata_tasks_died(kafka: ProxiedKafka, loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trouble(crowd: Crowd) -> None:
        producer = crowd.publisher.line.producer
        assert producer is not None
        producer.client._sync_task.cancel()
        for worker in crowd.runner.workers:
            assert worker.client is not None
            worker.client._client._sync_task.cancel()
        await asyncio.sleep(0.1)
        assert not crowd.whole()

    play(loop, impatient(kafka), trouble, monkeypatch)


@pytest.mark.parametrize("loop", LOOPS)
def test_all_read_again_after_the_broker_was_killed(kafka: ProxiedKafka, loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trouble(_: Crowd) -> None:
        for _number in range(2):
            await asyncio.to_thread(kafka.kill)
            # Not in a thread: the broker is tied to the life of the thread that makes it.
            kafka.start()
            await asyncio.sleep(1)

    play(loop, impatient(kafka), trouble, monkeypatch)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_broker_that_is_frozen_for_longer_than_a_stall_kills_nobody(
    kafka: ProxiedKafka, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trouble(crowd: Crowd) -> None:
        kafka.freeze(True)
        try:
            await asyncio.sleep(FROZEN_STALL_SECONDS * 1.5)
            assert not crowd.runner.ready()
        finally:
            kafka.freeze(False)

    play(loop, impatient(kafka, stall=FROZEN_STALL_SECONDS), trouble, monkeypatch)
