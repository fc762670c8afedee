"""An offer's life on a real broker to its tombstone and beyond: what the cleaner leaves, what late readers see, whoever dies."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.catalog.repository import COLLECTIONS, OFFERINGS
from services.ordering.app import build as build_ordering
from services.ordering.repository import LISTED_OFFERINGS
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.admin import create_topics, settings_of, verify_topics
from shared.bus.dead_letter_operations import list_dead_letters, replay_dead_letters
from shared.bus.dead_letters.replay import replay_topic
from shared.bus.envelope import decode, encode
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.messages.catalog import OfferingRemoved
from shared.process.files import shipped
from shared.process.service import Resources, Service
from shared.store.opening import open_store
from shared.store.port import Store
from shared.topics import DEAD_LETTERS, KNOWN_SERVICES, ORDERING_OFFERINGS, PROVISIONS, REPLAYS, SUBMISSIONS
from shared.topics import OFFERINGS as TOPIC
from tests.integration.bus import removal_child
from tests.integration.bus.bus_fixture import committed_offsets, fast_settings, read_topic, running, until
from tests.integration.bus.removal_child import catalog, publish, remove, withdraw
from tests.support.builders.offerings import AT
from tests.support.eager_kafka import EagerKafka
from tests.support.forked import run_process

TOPICS = (SUBMISSIONS, PROVISIONS, TOPIC, KNOWN_SERVICES, DEAD_LETTERS[ORDERING_OFFERINGS], REPLAYS[ORDERING_OFFERINGS])
RESTING = {**settings_of(TOPIC, replicas=1), "max.compaction.lag.ms": str(2**62)}
EAGER = {
    **settings_of(TOPIC, replicas=1),
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.001",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "1000",
    "delete.retention.ms": "0",
}


def _filler(partition: int) -> RawRecord:
    """A sound record that closes a segment: the end of an offer that nobody knows."""
    key = str(uuid.UUID(int=partition))
    event = OutgoingEvent(
        seq=1,
        id=key,
        topic=TOPIC.name,
        key=key,
        type=OfferingRemoved.TYPE,
        source="/catalog",
        time=AT,
        data=None,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        correlation_id=key,
    )
    return replace(encode(event), partition=partition)


FILLERS = [_filler(partition) for partition in range(TOPIC.partitions)]


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EagerKafka(tmp_path_factory.mktemp("eager")) as bootstrap:
        yield bootstrap


@pytest.fixture
async def settings(eager: str) -> KafkaSettings:
    settings = fast_settings(eager)
    await create_topics(settings, replicas=1, topics=TOPICS)
    await configure(settings, RESTING)
    return settings


@pytest.fixture
async def publisher(settings: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    publisher = KafkaPublisher(settings)
    await publisher.start()
    yield publisher
    await publisher.stop()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{path}")
    await store.prepare(COLLECTIONS)
    yield store
    await store.close()


async def configure(settings: KafkaSettings, configuration: dict[str, str]) -> None:
    """Give the topic of the offers another configuration."""
    admin = AIOKafkaAdminClient(**settings.connection())
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC.name, configuration)])
    await admin.close()


async def records_of(settings: KafkaSettings, offering_id: str) -> list[Any]:
    """Return what the topic holds of an offer, in its order."""
    return [record for record in await read_topic(settings, TOPIC.name) if record.key == offering_id.encode()]


async def types_of(settings: KafkaSettings, offering_id: str) -> list[str]:
    return [dict(record.headers)["ce_type"].decode() for record in await records_of(settings, offering_id)]


async def cleaned(settings: KafkaSettings, publisher: KafkaPublisher, offering_id: str, left: int) -> None:
    """Have the cleaner run until it has left so many records of an offer. A later record closes the segment."""
    await configure(settings, EAGER)

    async def look() -> bool:
        assert all(await publisher.send(FILLERS))
        await asyncio.sleep(0.3)
        return len(await records_of(settings, offering_id)) == left

    await until(look, f"{left} records of {offering_id} are left")


def ordering(store: Store, publisher: KafkaPublisher) -> Service:
    return build_ordering(Resources(store=store, publisher=publisher, data_dir=shipped("data")))


async def followed(settings: KafkaSettings, publisher: KafkaPublisher, folder: Path) -> dict[str, str]:
    """Have ordering, with a store and a group that begin now, read all offers; return their states by id."""
    store = open_store(f"sqlite:///{folder}/ordering-{uuid.uuid4().hex}.db")
    service = ordering(store, publisher)
    await store.prepare(service.collections)
    (consumer,) = [it for it in service.consumers if it.group == ORDERING_OFFERINGS]
    records = await read_topic(settings, TOPIC.name)
    ends = {record.partition: record.offset + 1 for record in records}

    async def finished() -> bool:
        reached = await committed_offsets(settings, ORDERING_OFFERINGS, TOPIC.name)
        return all(reached.get(partition, 0) >= end for partition, end in ends.items())

    async with running(settings, consumer, publisher=publisher):
        await until(finished, "ordering has read all offers")
    states = {document["_id"]: str(document["state"]) for document in await store.scan(LISTED_OFFERINGS)}
    await store.close()
    return states


async def rewind(settings: KafkaSettings) -> None:
    """Send the group of ordering back to the beginning."""
    consumer = AIOKafkaConsumer(**settings.connection(), group_id=ORDERING_OFFERINGS, enable_auto_commit=False)
    consumer.assign(places := [TopicPartition(TOPIC.name, number) for number in range(TOPIC.partitions)])
    await consumer.start()
    await consumer.commit(await consumer.beginning_offsets(places))
    await consumer.stop()


async def test_the_topics_are_made_as_they_are_declared(settings: KafkaSettings) -> None:
    assert await verify_topics(settings, replicas=1, topics=(KNOWN_SERVICES,)) == {}
    declared = settings_of(TOPIC, replicas=1)
    assert (declared["delete.retention.ms"], declared["min.compaction.lag.ms"]) == ("1209600000", "3600000")


async def test_an_offer_lives_to_its_tombstone_and_the_cleaner_leaves_nothing_of_it(
    settings: KafkaSettings, publisher: KafkaPublisher, store: Store, tmp_path: Path
) -> None:
    ended, lives = str(uuid.uuid4()), str(uuid.uuid4())
    service = catalog(store, publisher)
    ledger = service.ledgers[0]
    await ledger.apply([publish(ended), publish(lives), withdraw(ended)])
    await remove(service)
    (*states, tombstone) = await records_of(settings, ended)
    assert tombstone.value is None
    assert "content-type" not in dict(tombstone.headers)
    assert decode(tombstone, TOPIC).message == OfferingRemoved()
    assert [dict(record.headers)["ce_type"].decode() for record in states] == [
        "catalog.offering.published.v1",
        "catalog.offering.withdrawn.v1",
    ]
    found = await followed(settings, publisher, tmp_path)
    assert (found[ended], found[lives]) == ("ZURUECKGEZOGEN", "VEROEFFENTLICHT")
    assert await list_dead_letters(settings, ORDERING_OFFERINGS) == []

    await cleaned(settings, publisher, ended, left=0)
    assert await types_of(settings, lives) == ["catalog.offering.published.v1"]
    assert await service.ledgers[0].get(ended) is not None, "the store still answers for it"


async def test_a_reader_that_comes_late_sees_no_offer_that_was_removed(
    settings: KafkaSettings, publisher: KafkaPublisher, store: Store, tmp_path: Path
) -> None:
    ended = str(uuid.uuid4())
    service = catalog(store, publisher)
    await service.ledgers[0].apply([publish(ended), withdraw(ended)])
    await remove(service)
    await configure(settings, {**EAGER, "delete.retention.ms": RESTING["delete.retention.ms"]})

    async def only_the_tombstone() -> bool:
        assert all(await publisher.send(FILLERS))
        await asyncio.sleep(0.3)
        return await types_of(settings, ended) == ["catalog.offering.removed.v1"]

    await until(only_the_tombstone, "the cleaner has left the tombstone alone")
    await rewind(settings)
    assert ended not in await followed(settings, publisher, tmp_path)
    assert await list_dead_letters(settings, ORDERING_OFFERINGS) == []


@pytest.mark.parametrize("point", ["store.save.after:1", "bus.send.before:1", "bus.send.after:1", "store.clean.before:1"])
async def test_a_worker_killed_while_it_removes_leaves_one_tombstone_to_the_relay(
    settings: KafkaSettings, publisher: KafkaPublisher, store: Store, path: Path, point: str
) -> None:
    ended = str(uuid.uuid4())
    service = catalog(store, publisher)
    ledger = service.ledgers[0]
    await ledger.apply([publish(ended), withdraw(ended)])
    assert await run_process(removal_child.main, settings.bootstrap_servers, path, failpoint=point) == -signal.SIGKILL
    document = await store.get(OFFERINGS, ended)
    assert document is not None
    assert document["removed_at"] is not None
    assert [entry["type"] for entry in document["outbox"]] == ["catalog.offering.removed.v1"]

    await remove(service)
    ledger.left_behind.patience = timedelta(0)
    while await ledger.outbox.relay(timedelta(seconds=-1)):
        pass
    records = await records_of(settings, ended)
    tombstones = [record for record in records if record.value is None]
    assert records[-1] is tombstones[-1]
    (first, *repeats) = tombstones
    assert {(dict(it.headers)["ce_id"], dict(it.headers)["ce_sequence"]) for it in tombstones} >= {
        (dict(first.headers)["ce_id"], dict(first.headers)["ce_sequence"])
    }
    assert [dict(record.headers)["ce_type"] for record in records[: -len(tombstones)]][-1] == b"catalog.offering.withdrawn.v1"
    assert len(repeats) <= 2, "the repeat, and the restatement of whoever took the dead one's duty over"
    document = await store.get(OFFERINGS, ended)
    assert document is not None
    assert (document["outbox"], document["pending_since"]) == ([], None)


async def test_a_null_value_that_is_no_tombstone_becomes_a_dead_letter_and_is_sent_back_as_it_was(
    settings: KafkaSettings, publisher: KafkaPublisher, store: Store, tmp_path: Path
) -> None:
    ended = str(uuid.uuid4())
    service = catalog(store, publisher)
    await service.ledgers[0].apply([publish(ended), withdraw(ended)])
    await remove(service)
    tombstone = (await records_of(settings, ended))[-1]
    headers = tuple((name, b"catalog.offering.withdrawn.v1" if name == "ce_type" else value) for name, value in tombstone.headers)
    assert await publisher.send([RawRecord(TOPIC.name, ended.encode(), None, headers)]) == [True]
    await rewind(settings)
    await followed(settings, publisher, tmp_path)
    letters = [letter for letter in await list_dead_letters(settings, ORDERING_OFFERINGS) if letter.key == ended.encode()]
    assert [(letter.reason.code, letter.value) for letter in letters] == [("null_value", None)]
    await replay_dead_letters(settings, ORDERING_OFFERINGS, ids=[letters[0].id])
    (back,) = await read_topic(settings, replay_topic(ORDERING_OFFERINGS))
    assert (back.key, back.value) == (ended.encode(), None)
    await followed(settings, publisher, tmp_path)
