"""A portal's web application reads the store beside the follower: whole states only, and every change once."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from pathlib import Path

import pytest
from portal_store import Filled
from portal_world import offering

from efa_portal import Catalog, Changes, StoreMissingError
from efa_portal.store import changes
from efa_portal.store.database import open_for_reading, remove
from efa_portal.store.writer import Store
from efa_portal.topics import OFFERINGS


@pytest.fixture
def filled(tmp_path: Path) -> Filled:
    return Filled(tmp_path / "store.sqlite")


@pytest.fixture
def catalog(filled: Filled) -> Catalog:
    return Catalog(filled.path)


def test_offers_come_in_the_order_of_their_ids_all_or_by_state(catalog: Catalog) -> None:
    assert [offer.id for offer in catalog.offers()] == ["a", "b", "c"]
    assert [offer.id for offer in catalog.offers(states=["AUSGESETZT", "SPAETER"])] == ["b"]


def test_an_offer_is_typed_and_keeps_what_this_version_does_not_know(catalog: Catalog, filled: Filled) -> None:
    filled.write(b"a", offering(5, provider={"id": "x", "name": "Husum", "later": 1}, invented=[{"deep": None}]))
    offer = catalog.find_offer("a")
    assert offer is not None
    assert offer.provider is not None
    assert (offer.title, offer.provider.name, offer.reifegrad) == ("Fassung 5", "Husum", None)
    assert offer.raw["invented"] == [{"deep": None}]
    assert (offer.origin.type, offer.origin.time) == ("catalog.offering.changed.v1", "2026-11-28T12:00:00Z")
    assert catalog.find_offer("z") is None


def test_a_field_of_another_form_is_left_out_and_named_and_the_rest_is_read(catalog: Catalog, filled: Filled) -> None:
    filled.write(b"a", offering(5, provider="Husum", reifegrad={"now": "an object"}, summary="Text"))
    offer = catalog.find_offer("a")
    assert offer is not None
    assert (offer.provider, offer.reifegrad, offer.summary) == (None, None, "Text")
    assert offer.unreadable == ("provider", "reifegrad")
    assert offer.raw["provider"] == "Husum"


def test_known_services_are_read_beside_the_offers(catalog: Catalog) -> None:
    assert [service.title for service in catalog.known_services()] == ["Elterngeld"]
    service = catalog.find_known_service("s")
    assert service is not None
    assert service.id == "s"


def test_changes_after_a_cursor_come_in_their_order_and_each_once(catalog: Catalog, filled: Filled) -> None:
    cursor = catalog.cursor()
    assert catalog.changes(cursor).items == ()
    filled.write(b"a", offering(7))
    filled.write(b"b", None)
    filled.write(b"n", offering(8))
    found = catalog.changes(cursor)
    assert [(change.kind, change.id, change.removed) for change in found.items] == [
        ("offer", "a", False),
        ("offer", "b", True),
        ("offer", "n", False),
    ]
    first = catalog.changes(cursor, limit=1)
    assert [change.id for change in catalog.changes(first.cursor).items] == ["b", "n"]
    assert catalog.changes(found.cursor).items == ()


def test_a_record_that_states_the_same_again_is_no_change(catalog: Catalog, filled: Filled) -> None:
    cursor = catalog.cursor()
    filled.write(b"c", offering(3, title="Anwohnerparken"))
    assert catalog.changes(cursor).items == ()


def test_a_swap_shows_as_the_changes_between_both_states(catalog: Catalog, filled: Filled) -> None:
    cursor = catalog.cursor()
    following, world = filled.followings[OFFERINGS.name], filled.worlds[OFFERINGS.name]
    world.write(b"b", None)
    world.write(b"n", offering(8))
    following.rebuild(world.starts, world.ends, "a test asks for it")
    assert catalog.changes(cursor).items == ()
    assert [offer.id for offer in catalog.offers()] == ["a", "b", "c"]
    filled.catch_up()
    assert [(change.id, change.removed) for change in catalog.changes(cursor).items] == [("b", True), ("n", False)]
    assert [offer.id for offer in catalog.offers()] == ["a", "c", "n"]


@pytest.mark.parametrize("cursor", ["", "x:1", "nonsense", "{epoch}:9999", "{epoch}:-1", "{epoch}:"])
def test_a_cursor_of_another_store_or_none_at_all_asks_for_the_whole(catalog: Catalog, cursor: str) -> None:
    now = catalog.cursor()
    found = catalog.changes(cursor.format(epoch=now.split(":")[0]))
    assert (found.reset, found.items, found.cursor) == (True, (), now)


def test_a_cursor_that_is_too_old_asks_for_the_whole(catalog: Catalog, filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = catalog.cursor()
    monkeypatch.setattr(changes, "READABLE_CHANGES", 3)
    for number in range(10, 13):
        filled.write(b"a", offering(number))
    assert len(catalog.changes(cursor).items) == 3
    filled.write(b"a", offering(13))
    assert catalog.changes(cursor).reset


def test_a_subscriber_is_called_with_each_change_and_again_if_it_fails(catalog: Catalog, filled: Filled) -> None:
    seen: queue.Queue[Changes] = queue.Queue()
    failures = iter([True])

    def callback(found: Changes) -> None:
        seen.put(found)
        if next(failures, False):
            raise ValueError("the first time it fails")

    with catalog.subscribe(callback, seconds=0.01):
        filled.write(b"a", offering(7))
        first, second = seen.get(timeout=60), seen.get(timeout=60)
    assert first == second
    assert [change.id for change in first.items] == ["a"]


async def test_changes_are_awaited(tmp_path: Path) -> None:
    filled = await asyncio.to_thread(Filled, tmp_path / "store.sqlite")
    catalog = Catalog(filled.path)
    watching = catalog.watch(catalog.cursor(), seconds=0.01)
    store = Store(filled.path)
    generation = store.view(OFFERINGS).shown
    assert generation is not None
    world = filled.worlds[OFFERINGS.name]
    world.write(b"n", offering(1))
    number = next(n for n, end in world.ends.items() if end > store.places(OFFERINGS, generation)[n].position)
    records, after = world.read(number, store.places(OFFERINGS, generation)[number].position, 10)
    store.apply(OFFERINGS, records, {number: after}, generation)
    found = await asyncio.wait_for(anext(watching), 60)
    assert [change.id for change in found.items] == ["n"]
    await watching.aclose()  # type: ignore[attr-defined]  # an async generator
    store.close()


def test_nothing_is_read_before_the_first_build_is_whole(tmp_path: Path) -> None:
    Store(tmp_path / "store.sqlite").close()
    catalog = Catalog(tmp_path / "store.sqlite")
    for read in (catalog.cursor, lambda: list(catalog.offers()), lambda: list(catalog.known_services())):
        with pytest.raises(StoreMissingError, match="building"):
            read()


@pytest.mark.slow
def test_readers_see_whole_states_while_the_follower_writes_and_swaps(filled: Filled) -> None:
    ended = threading.Event()
    faults: list[object] = []

    def read() -> None:
        catalog = Catalog(filled.path)
        while not ended.is_set():
            try:
                offers = {offer.id: offer.raw["number"] for offer in catalog.offers()}
                if set(offers) != {"a", "b", "c"} or offers["a"] != offers["c"] - 2:
                    faults.append(offers)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the fault that the test looks for
                faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    following, world = filled.followings[OFFERINGS.name], filled.worlds[OFFERINGS.name]
    for turn in range(20):
        world.write(b"a", offering(turn + 1))
        world.write(b"c", offering(turn + 3))
        if turn % 3 == 0:
            following.rebuild(world.starts, world.ends, "a test asks for it")
        filled.catch_up()
    ended.set()
    for thread in threads:
        thread.join()
    assert faults == []


def test_readers_follow_when_the_file_is_replaced(filled: Filled, catalog: Catalog, tmp_path: Path) -> None:
    cursor = catalog.cursor()
    other = Filled(tmp_path / "other.sqlite")
    other.write(b"n", offering(1))
    other.close()
    filled.close()
    remove(filled.path)
    other.path.replace(filled.path)
    assert [offer.id for offer in catalog.offers()] == ["a", "b", "c", "n"]
    assert catalog.changes(cursor).reset


def test_a_read_during_which_the_file_is_replaced_is_done_again(
    filled: Filled, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Filled(tmp_path / "other.sqlite")
    other.write(b"n", offering(1))
    other.close()
    filled.close()
    opened = open_for_reading

    def replaced(path: Path) -> sqlite3.Connection:
        connection = opened(path)
        connection.execute("SELECT count(*) FROM view").fetchone()
        if other.path.exists():
            other.path.replace(path)
        return connection

    monkeypatch.setattr("efa_portal.catalog.open_for_reading", replaced)
    assert [offer.id for offer in catalog.offers()] == ["a", "b", "c", "n"]


def test_a_store_in_a_folder_that_may_only_be_read_is_read_while_nobody_follows(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled.close()
    monkeypatch.setattr("os.access", lambda *_: False)  # root, who may run this test, may write everywhere
    assert [offer.id for offer in Catalog(path).offers()] == ["a", "b", "c"]
    assert {found.name for found in path.parent.iterdir()} == {path.name}
