"""What the cleaner leaves of a compacted topic is the newest state of each key, however late an old event was repeated."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.store.opening import open_store
from shared.store.port import Store
from shared.topics import DELIVERIES
from tests.integration.bus.bus_fixture import fast_settings, read_topic, until
from tests.support.counting import COUNTERS, START, Clock, Counter, counted, increase, ledger_over
from tests.support.eager_kafka import EagerKafka

TOPIC = DELIVERIES.name
AFTER = timedelta(seconds=5)
EAGER = {
    "cleanup.policy": "compact",
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.001",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "1000",
}


class Killed(BaseException):
    """The process ends here."""


class Line:
    """A process's way to the broker: what happens before its next event is sent, and whether it dies when that stands there."""

    def __init__(self, publisher: KafkaPublisher) -> None:
        self.publisher = publisher
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.dies = False

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        flags = await self.publisher.publish(events)
        if self.dies:
            raise Killed
        return flags


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EagerKafka(tmp_path_factory.mktemp("eager")) as bootstrap:
        yield bootstrap


@pytest.fixture
async def publisher(eager: str) -> AsyncIterator[KafkaPublisher]:
    settings = fast_settings(eager)
    admin = AIOKafkaAdminClient(**settings.connection())
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, 1, topic_configs=EAGER)])
    await admin.close()
    publisher = KafkaPublisher(settings)
    await publisher.start()
    yield publisher
    await publisher.stop()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/one.db")
    await store.prepare([COUNTERS])
    yield store
    await store.close()


def process(store: Store, publisher: KafkaPublisher, clock: Clock) -> tuple[Ledger[Counter], Line]:
    line = Line(publisher)
    return ledger_over(store, line, clock, lambda counter: [counted(counter.id, counter.count)]), line


async def reported(settings: KafkaSettings, key: str) -> list[int]:
    """Return the numbers that the topic holds for a key, in its order."""
    return [json.loads(record.value)["attempts"] for record in await read_topic(settings, TOPIC) if record.key == key.encode()]


async def compacted(publisher: KafkaPublisher, *keys: str) -> None:
    """Have the cleaner run until it has left one record of each key. A segment is closed by what is written after its time."""

    async def cleaned() -> bool:
        assert await publisher.send([RawRecord(TOPIC, b"filler", b"{}")]) == [True]
        await asyncio.sleep(0.3)
        return all([len(await reported(publisher.settings, key)) == 1 for key in keys])

    await until(cleaned, "one record of each key is left")


async def test_the_newest_state_survives_a_late_repeat_whose_sender_died(store: Store, publisher: KafkaPublisher) -> None:
    clock = Clock()
    (first, broken), (relay, slow), (writer, _), (heir, _) = (process(store, publisher, clock) for _ in range(4))
    broken.dies = True
    with pytest.raises(Killed):
        await first.apply([increase("a", "first")])
    clock.time = START + timedelta(minutes=1)
    slow.meanwhile = lambda: writer.apply([increase("a", "second"), increase("a", "third")])
    slow.dies = True
    with pytest.raises(Killed):
        await relay.outbox.relay(AFTER)
    assert (await reported(publisher.settings, "a"))[-1] == 1, "the late repeat is not the last record: nothing to survive"
    # The same without anybody who says the newest once more: what the cleaner leaves then.
    forgotten = [RawRecord(TOPIC, b"forgotten", json.dumps({"attempts": number}).encode()) for number in (1, 2, 1)]
    for record in forgotten:
        assert await publisher.send([record]) == [True]
    clock.time += timedelta(minutes=1)
    heir.left_behind.patience = timedelta(0)
    while await heir.outbox.relay(AFTER):
        pass
    await compacted(publisher, "a", "forgotten")
    assert await reported(publisher.settings, "a") == [3]
    assert await reported(publisher.settings, "forgotten") == [1], "the cleaner has left something else than the last record"
