"""A portal follows the catalog on a real broker: it joins late, comes back, and finds out by itself when it is not in step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from efa_portal import Catalog, StoreInUseError
from tests.integration.kits.catalog_topics import CHECKPOINTS, HEALTH, OFFERINGS, SERVICES, CatalogTopics
from tests.integration.kits.portal import digest, following, ids, in_step, states, until
from tests.support.eager_kafka import EagerKafka

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def change(store: Path, old: bytes, new: bytes) -> None:
    """Change bytes of the file, as a broken disk would."""
    data = store.read_bytes()
    assert data.count(old) == 1
    store.write_bytes(data.replace(old, new))


def overwrite(store: Path) -> None:
    store.write_bytes(b"x" * 50_000)


async def some_offers(catalog: CatalogTopics) -> None:
    for key in ("alpha", "beta", "gamma", "delta"):
        await catalog.offer(key)
    await catalog.service("known-1")
    await catalog.checkpoint()


async def test_who_joins_late_comes_to_the_same_digest_and_follows(catalog: CatalogTopics, store: Path) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store):
        await in_step(store)
        assert digest(store) == catalog.fold(OFFERINGS)
        assert digest(store, SERVICES) == catalog.fold(SERVICES)
        assert [service.id for service in Catalog(store).known_services()] == ["known-1"]
        await catalog.offer("alpha", title="Neue Fassung")
        await catalog.remove("beta")
        await catalog.checkpoint()
        await until(lambda: digest(store) == catalog.fold(OFFERINGS) and states(store)[OFFERINGS] == "in-step")
        assert ids(store) == ["alpha", "delta", "gamma"]


async def test_who_missed_an_update_and_a_removal_past_the_retention_of_tombstones_is_equal_again(
    catalog: CatalogTopics, store: Path
) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store):
        await in_step(store)
    await catalog.offer("alpha", title="Neue Fassung")
    await catalog.remove("beta")
    await catalog.compacted(OFFERINGS)
    assert b"beta" not in [key for _, _, key, _ in await catalog.records(OFFERINGS)]
    async with following(catalog.bootstrap, store):
        await until(lambda: states(store).get(OFFERINGS) == "unverified")
        assert "beta" in ids(store)
        await catalog.checkpoint()
        await in_step(store)
        assert digest(store) == catalog.fold(OFFERINGS)
        assert "beta" not in ids(store)


async def test_a_portal_joins_a_compacted_topic(catalog: CatalogTopics, store: Path) -> None:
    for number in range(30):
        await catalog.offer(f"offer-{number % 5}", number=number)
    await catalog.service("known-1")
    await catalog.compacted(OFFERINGS)
    await catalog.checkpoint()
    async with following(catalog.bootstrap, store):
        await in_step(store)
        assert digest(store) == catalog.fold(OFFERINGS)


async def test_a_changed_byte_in_the_store_is_found_and_healed(catalog: CatalogTopics, store: Path) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store):
        await in_step(store)
        before = digest(store)
    change(store, b'"title": "Gamma"', b'"title": "Gammb"')
    async with following(catalog.bootstrap, store):
        await until(lambda: store.with_name("store.sqlite.damaged").exists())
        await in_step(store)
        assert digest(store) == before
        assert [offer.title for offer in Catalog(store).offers()] == ["Alpha", "Beta", "Delta", "Gamma"]


async def test_a_file_that_is_no_database_any_more_is_built_again(catalog: CatalogTopics, store: Path) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store):
        await in_step(store)
    overwrite(store)
    async with following(catalog.bootstrap, store):
        await in_step(store)
        assert ids(store) == ["alpha", "beta", "delta", "gamma"]


async def test_a_topic_that_is_made_again_while_it_is_followed_is_built_again(catalog: CatalogTopics, store: Path) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store):
        await in_step(store)
        await catalog.create(OFFERINGS)
        await catalog.offer("omega")
        await catalog.checkpoint()
        await until(lambda: ids(store) == ["omega"])
        await in_step(store)


async def test_a_topic_that_was_made_again_while_nobody_looked_is_built_again(catalog: CatalogTopics, store: Path) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store):
        await in_step(store)
    for topic in (OFFERINGS, CHECKPOINTS):
        await catalog.create(topic)
    await catalog.offer("omega")
    await catalog.checkpoint()
    async with following(catalog.bootstrap, store):
        await in_step(store)
        assert ids(store) == ["omega"]


async def test_deleted_records_lead_to_a_new_build(catalog: CatalogTopics, store: Path) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store):
        await in_step(store)
    for number in range(12):
        await catalog.offer(f"later-{number}")
    await catalog.alter(OFFERINGS, {"cleanup.policy": "compact,delete"})
    await catalog.delete_before(OFFERINGS, {number: records[-1][0] for number, records in catalog.log[OFFERINGS].items()})
    async with following(catalog.bootstrap, store):
        await until(lambda: len(ids(store)) == 3)


async def test_a_broker_that_is_away_leaves_the_catalog_readable_and_is_found_again(
    kafka: EagerKafka, catalog: CatalogTopics, store: Path
) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store):
        await in_step(store)
        kafka.stop()
        try:
            await until(lambda: Catalog(store).status().trouble is not None)
            assert ids(store) == ["alpha", "beta", "delta", "gamma"]
        finally:
            kafka.start()
        await catalog.offer("epsilon")
        await catalog.checkpoint()
        await until(lambda: "epsilon" in ids(store) and Catalog(store).status().trouble is None)
        await in_step(store)


async def test_what_it_cannot_read_does_not_stop_it_and_counts_in_the_digest(catalog: CatalogTopics, store: Path) -> None:
    await some_offers(catalog)
    await catalog.write(OFFERINGS, "broken", b"\xff\xfe")
    await catalog.write(OFFERINGS, "stray", b'{"other": 1}', "invented-later")
    await catalog.write(OFFERINGS, "newer", b'{"offering": {"id": "newer", "state": "ERFUNDEN", "x": 1.5}}', "invented-later")
    await catalog.write(CHECKPOINTS, "other", b"no json", "recorded", 0)
    await catalog.checkpoint()
    async with following(catalog.bootstrap, store):
        await in_step(store)
        assert digest(store) == catalog.fold(OFFERINGS)
        assert ids(store) == ["alpha", "beta", "delta", "gamma", "newer"]


async def test_it_reports_its_health_under_its_name(catalog: CatalogTopics, store: Path) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store, "portal-nord"):
        await in_step(store)
        reports: list[tuple[bytes | None, dict[str, object]]] = []

        async def reported() -> bool:
            found = await catalog.records(HEALTH)
            reports[:] = [(key, json.loads(value)["health"]) for _, _, key, value in found if value]
            topics = reports[-1][1]["topics"] if reports else []
            assert isinstance(topics, list)
            return bool(topics) and all(topic["state"] == "in-step" for topic in topics)

        await until(reported)
    key, report = reports[-1]
    assert (key, report["portal"]) == (b"portal-nord", "portal-nord")
    topics = report["topics"]
    assert isinstance(topics, list)
    offers = next(topic for topic in topics if topic["topic"] == OFFERINGS)
    assert (offers["live"], offers["sha256"]) == catalog.fold(OFFERINGS)
    ends = {number: records[-1][0] + 1 if records else 0 for number, records in catalog.log[OFFERINGS].items()}
    assert {part["partition"]: part["offset"] for part in offers["partitions"]} == ends


async def test_two_followers_of_one_store_do_not_get_along(catalog: CatalogTopics, store: Path) -> None:
    await some_offers(catalog)
    async with following(catalog.bootstrap, store):
        await in_step(store)
        with pytest.raises(StoreInUseError, match="another follower"):
            async with following(catalog.bootstrap, store):
                pytest.fail("the second one started")
