"""On a real broker: a reader of the feed holds what the topic holds, and no portal stops the reports of the others."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from efa_portal.fold import entry_digest, fold_digest
from efa_portal.health import Health, health_record
from marktplatz.infrastructure.kafka_native import NativeKafka
from services.catalog.app import build
from services.catalog.feed.changes import Feed, Waiting
from services.catalog.feed.cursor import FeedCursor
from services.catalog.portals.repository import Portals
from shared.bus.admin import create_topics
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.mirror.mirror import TopicMirror
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from shared.topics import CATALOG_PORTALS, DEAD_LETTERS, OFFERINGS, PORTAL_HEALTH, REPLAYS
from tests.integration.bus.bus_fixture import fast_settings, until

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NativeKafka]:
    broker = NativeKafka(tmp_path_factory.mktemp("outside-broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def settings(broker: NativeKafka) -> KafkaSettings:
    return fast_settings(broker.bootstrap)


@pytest.fixture
async def publisher(settings: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    letters = (DEAD_LETTERS[CATALOG_PORTALS], REPLAYS[CATALOG_PORTALS])
    await create_topics(settings, replicas=1, topics=[OFFERINGS, PORTAL_HEALTH, *letters])
    publisher = KafkaPublisher(settings)
    await publisher.start()
    yield publisher
    await publisher.stop()


def record(key: str, version: int | None) -> RawRecord:
    value = None if version is None else json.dumps({"offering": {"id": key, "version": version}}).encode()
    return RawRecord(OFFERINGS.name, key.encode(), value, (("ce_type", b"catalog.offering.changed.v1"),))


async def test_a_reader_of_the_feed_holds_what_the_topic_holds(settings: KafkaSettings, publisher: KafkaPublisher) -> None:
    mirror = TopicMirror(OFFERINGS, "offering")
    following = asyncio.create_task(mirror.run(settings))
    feed = Feed(mirror, Waiting(5), now)
    state: dict[bytes, str] = {}
    versions: dict[str, int | None] = {}
    cursor: FeedCursor | None = None
    try:
        await until(lambda: mirror.content is not None)
        for step in range(40):
            written = {f"offer-{(step * 7 + number) % 25}": None if (step + number) % 5 == 4 else step for number in range(3)}
            versions |= written
            assert all(await publisher.send([record(key, version) for key, version in written.items()]))
            page = await feed.read(cursor, 4, 0)
            cursor = apply(state, page)
        alive = {key for key, version in versions.items() if version is not None}

        async def reached() -> bool:
            nonlocal cursor
            page = await feed.read(cursor, 4, 1)
            cursor = apply(state, page)
            if page.checkpoint is None or {key.decode() for key in state} != alive:
                return False
            return page.checkpoint.sha256 == fold_digest(state)

        await until(reached)
        expected = {key.encode(): entry_digest(record(key, versions[key]).value or b"", "offering")[0] for key in alive}
        assert state == expected
        waiting = asyncio.create_task(feed.read(cursor, 10, 30))
        await asyncio.sleep(0.2)
        assert all(await publisher.send([record("late", 1)]))
        assert [json.loads(item)["key"] for item in (await waiting).items] == ["late"]
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


def apply(state: dict[bytes, str], page: Any) -> FeedCursor:
    """Fold a page as a reader outside does, by the kit's rules, and return where to go on."""
    for text in page.items:
        item = json.loads(text)
        if item["body"] is None:
            state.pop(item["key"].encode(), None)
        else:
            state[item["key"].encode()] = entry_digest(json.dumps(item["body"]).encode(), "offering")[0]
    cursor: FeedCursor = page.next
    return cursor


def report(portal: str, key: str | None = None) -> RawRecord:
    health = Health.model_validate({"portal": portal, "reported_at": datetime.now(UTC), "kit": "efa-portal 0.1.0", "topics": ()})
    _, value, headers = health_record(health)
    return RawRecord(PORTAL_HEALTH.name, (key or portal).encode(), value, tuple(headers))


async def test_no_portal_stops_the_reports_of_the_others(settings: KafkaSettings, publisher: KafkaPublisher) -> None:
    store = SqliteStore(None)
    resources = Resources(store=store, publisher=publisher, data_dir=DATA)
    service = build(resources)
    await store.prepare(service.collections)
    portals = Portals(resources)
    impostors = [report("sued", key="nord") for _ in range(60)]  # three times as many as stop any other consumer
    junk = [RawRecord(PORTAL_HEALTH.name, b"junk", b"{", ()) for _ in range(60)]
    runner = ConsumerRunner(settings, service.consumers, publisher)
    await runner.start()
    try:
        assert all(await publisher.send([*impostors, *junk, report("west")]))

        async def arrived() -> bool:
            return set(await portals.all()) == {"west"}

        await until(arrived)
        assert all(await publisher.send([report("nord")]))

        async def both() -> bool:
            return set(await portals.all()) == {"nord", "west"}

        await until(both)
        assert runner.live()
    finally:
        await runner.stop()
        await store.close()
