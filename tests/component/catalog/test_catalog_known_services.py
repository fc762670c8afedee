"""Known services that nobody offers here stand on a topic of their own: listed, changed, removed, and listed again."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import pytest

from services.catalog.app import build
from services.catalog.reference import KNOWN, load_reference
from services.catalog.repository import KNOWN_SERVICES
from shared.errors import InvalidError
from shared.messages.catalog import KnownService
from shared.store.port import Save
from tests.component.catalog.conftest import DATA, KOMM_ONE, World
from tests.component.catalog.test_catalog_removal import as_stored_by_0_1_0, run

TOPIC = "catalog.known-service.v1"
LISTED, CHANGED, RESTATED, REMOVED = (f"catalog.known-service.{it}.v1" for it in ("listed", "changed", "restated", "removed"))
ROWS = len((DATA / KNOWN.file).read_text(encoding="utf-8").splitlines()) - 1
SERVICE = "E008"


async def look(world: World) -> None:
    """Bring offers and the list of known services up to date."""
    await run(world.service, "restatement")
    await run(world.service, "known-services")


def fold(world: World) -> dict[str, Any]:
    """Return what a reader of the topic holds: the last state of each key that is not ended."""
    states: dict[str, Any] = {}
    for event in world.publisher.events:
        if event.topic == TOPIC and event.data is None:
            states.pop(event.key, None)
        elif event.topic == TOPIC:
            states[event.key] = json.loads(event.body)["service"]
    return states


def sent_of(world: World, service_id: str) -> list[str]:
    return [event.type for event in world.publisher.events if event.topic == TOPIC and event.key == service_id]


async def shown(world: World) -> set[str]:
    """Return the ids of known services that the Schaufenster shows as offered by nobody here."""
    found: set[str] = set()
    query: dict[str, Any] = {"kind": "known", "limit": 100}
    while True:
        page = await world.search(**query)
        found |= {item["id"] for item in page["items"] if not item["offered_here"]}
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


def edited(folder: Path, target: Path, change: Any) -> Path:
    """Copy the reference data with the rows of the known services changed."""
    target.mkdir()
    for path in folder.glob("*.csv"):
        (target / path.name).write_bytes(path.read_bytes())
    with (folder / KNOWN.file).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    with (target / KNOWN.file).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(change(rows))
    return target


async def test_every_known_service_is_listed_with_what_the_api_shows_of_it(world: World) -> None:
    await look(world)
    states = fold(world)
    assert len(states) == ROWS
    assert states.keys() == await shown(world)
    for service_id, state in states.items():
        answer = (await world.as_(None).get(f"/v1/offerings/{service_id}")).json()
        expected = {name: value for name, value in answer.items() if name in KnownService.model_fields and value is not None}
        assert {name: value for name, value in state.items() if name in expected} == expected


async def test_a_second_look_and_other_workers_publish_nothing_more(world: World) -> None:
    services = [world.service, *(build(world.resources) for _ in range(2))]
    for service in services:
        await run(service, "restatement")
    await asyncio.gather(*(run(service, "known-services") for service in services))
    await look(world)
    assert sorted(sent_of(world, SERVICE)) == [LISTED]
    assert len([event for event in world.publisher.events if event.topic == TOPIC]) == ROWS


async def test_a_public_offer_takes_the_place_on_the_topic_until_it_is_withdrawn(world: World) -> None:
    await look(world)
    offering_id = await world.published(known_listing=SERVICE)
    await look(world)
    assert sent_of(world, SERVICE) == [LISTED, REMOVED]
    assert SERVICE not in fold(world)
    assert fold(world).keys() == await shown(world)
    await world.do(KOMM_ONE, offering_id, "suspend", reason="Wartung")
    await look(world)
    assert SERVICE not in fold(world), "a suspended offer is public"
    await world.do(KOMM_ONE, offering_id, "withdraw", reason="Eingestellt")
    await look(world)
    assert sent_of(world, SERVICE) == [LISTED, REMOVED, LISTED]
    assert fold(world).keys() == await shown(world)
    seqs = [event.seq for event in world.publisher.events if event.topic == TOPIC and event.key == SERVICE]
    assert seqs == [1, 2, 3]


async def test_a_draft_takes_no_place(world: World) -> None:
    draft = await world.draft(known_listing=SERVICE)
    await world.do(KOMM_ONE, draft["id"], "submit")
    await look(world)
    assert sent_of(world, SERVICE) == [LISTED]


async def test_two_offers_in_one_place_both_have_to_go(world: World) -> None:
    first, second = await world.published(known_listing=SERVICE), await world.published(known_listing=SERVICE)
    await look(world)
    await world.do(KOMM_ONE, first, "withdraw", reason="Ende")
    await look(world)
    assert sent_of(world, SERVICE) == []
    await world.do(KOMM_ONE, second, "withdraw", reason="Ende")
    await look(world)
    assert sent_of(world, SERVICE) == [LISTED]


async def test_new_changed_and_dropped_rows_of_the_reference_data_follow(
    world: World, reference_data: Path, tmp_path: Path
) -> None:
    await look(world)

    def change(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        first, second, *rest = rows
        return [{**first, "name": "Neuer Name"}, {**second, "id": "E999"}, *rest]

    await load_reference(world.store, edited(reference_data, tmp_path / "edited", change), lambda *_: None)
    await look(world)
    changes = [(event.key, event.type) for event in world.publisher.events if event.topic == TOPIC][ROWS:]
    assert sorted(changes) == [("E001", CHANGED), ("E002", REMOVED), ("E999", LISTED)]
    states = fold(world)
    assert states["E001"]["title"] == "Neuer Name"
    assert states["E001"]["listed_at"] < states["E001"]["changed_at"]
    assert states.keys() == await shown(world)


async def test_a_row_that_no_message_can_hold_is_left_as_it_is_and_stops_no_other(
    world: World, reference_data: Path, tmp_path: Path
) -> None:
    await look(world)

    def change(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        first, second, *rest = rows
        return [{**first, "name": "x" * 300}, {**second, "name": "Neuer Name"}, *rest]

    await load_reference(world.store, edited(reference_data, tmp_path / "edited", change), lambda *_: None)
    await look(world)
    assert sent_of(world, "E001") == [LISTED]
    assert sent_of(world, "E002") == [LISTED, CHANGED]


async def test_nothing_is_listed_before_the_reference_data_are_loaded(make_world: Any, reference_data: Path) -> None:
    world: World = await make_world()
    await look(world)
    assert world.publisher.events == []
    await load_reference(world.store, reference_data, lambda *_: None)
    await look(world)
    assert len(fold(world)) == ROWS
    await world.store.close()


async def test_the_offers_of_an_earlier_version_are_indexed_before_anything_is_listed(world: World) -> None:
    offering_id = await world.published(known_listing=SERVICE)
    await as_stored_by_0_1_0(world, offering_id)
    await run(world.service, "known-services")
    assert sent_of(world, SERVICE) == []
    assert len(fold(world)) == ROWS - 1


async def test_whoever_restates_publishes_the_state_or_the_tombstone(world: World) -> None:
    await world.published(known_listing="E009")
    await look(world)
    await world.published(known_listing=SERVICE)
    await look(world)
    (_, republisher) = world.service.republishers
    documents = {it["_id"]: it for it in await world.store.scan(KNOWN_SERVICES)}
    assert "E009" not in documents, "it never stood on the list"
    assert {it for it, document in documents.items() if republisher.retains(document)} == fold(world).keys()
    assert [it for it, document in documents.items() if republisher.has_removed(document)] == [SERVICE]
    before = fold(world)
    assert await republisher.republish(sorted(documents)) == len(documents)
    assert sent_of(world, SERVICE)[-1] == REMOVED
    assert sent_of(world, "E001")[-1] == RESTATED
    assert fold(world) == before


async def test_a_service_that_an_older_sight_has_listed_again_is_removed_by_the_next_run(world: World) -> None:
    await look(world)
    await world.published(known_listing=SERVICE)
    await look(world)
    document = await world.store.get(KNOWN_SERVICES, SERVICE)
    assert document is not None
    stale = {**document, "listed": True, "on_list_since": document["listed_at"], "rev": document["rev"] + 1}
    assert await world.store.save_many(KNOWN_SERVICES, [Save(stale, document["rev"])]) == set()
    await look(world)
    assert sent_of(world, SERVICE)[-1] == REMOVED


@pytest.mark.parametrize("bad", ["E 1", "E.1", "", "Ä1", "-E1"])
async def test_an_id_that_can_be_no_key_is_refused_when_the_file_is_loaded(
    world: World, reference_data: Path, tmp_path: Path, bad: str
) -> None:
    folder = edited(reference_data, tmp_path / "edited", lambda rows: [{**rows[0], "id": bad}, *rows[1:]])
    if bad:
        with pytest.raises(InvalidError):
            await load_reference(world.store, folder, lambda *_: None)
    else:
        await load_reference(world.store, folder, lambda *_: None)
        await look(world)
        assert len(fold(world)) == ROWS - 1
