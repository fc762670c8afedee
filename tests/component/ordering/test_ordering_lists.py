"""A list loads what it shows: it costs little however much the Vorgänge hold. It is narrowed over all pages, by each side's own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.ordering import repository
from services.ordering.narrowing import LIST_INDEXES
from services.ordering.repository import MOST_GENERATIONS, ORDERS, RESERVED_FOR, place_id
from services.ordering.table import SHEETS
from shared.ids import derived_id
from shared.messages.values import Channel, OrderState
from shared.store.port import Save
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, INTEREST, KUNDE, OTHER_ANBIETER, STRANGER, World
from tests.support.builders.orders import CUSTOMER, OFFERING_ID
from tests.support.http import client
from tests.support.loading import loaded_from, weight

SMALL = 4 * 1024


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.start()
    yield world
    await world.store.close()


@pytest.mark.parametrize("who", [KUNDE, BEREITSTELLER, ANBIETER])
@pytest.mark.parametrize("by_state", [False, True])
async def test_a_list_shows_large_vorgaenge_and_loads_little_of_them(world: World, who: str, *, by_state: bool) -> None:
    order = await world.declare(message="Moin. " * 100)
    await world.judge(order)
    await world.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    for _ in range(20):
        await world.step(order["id"], "questions", KUNDE, {"text": "Frage? " * 1000})
    document = await world.store.get(ORDERS, order["id"]) or {}
    sheet = json.loads(document["price_sheet"])
    larger = {**document, "rev": document["rev"] + 1, "price_sheet": json.dumps(sheet * 100)}
    assert await world.store.save_many(ORDERS, [Save(larger, expected_rev=document["rev"])]) == set()
    whole = await world.read(order["id"], who)
    query = {"state": whole["state"]} if by_state else {}
    with loaded_from(world.store) as loaded:
        (item,) = (await world.get("/v1/orders", who, **query)).json()["items"]
    assert item == {name: whole[name] for name in item}
    assert len(str(whole)) > 100_000
    assert loaded
    assert max(map(weight, loaded)) < SMALL


@pytest.mark.slow
@pytest.mark.parametrize("earlier", [1, 4, 5, 120, MOST_GENERATIONS - 1, MOST_GENERATIONS])
async def test_who_begins_again_and_again_costs_little_and_comes_to_an_end(world: World, earlier: int) -> None:
    order = await world.declare(message="Moin. " * 1000)
    document = await world.store.get(ORDERS, order["id"]) or {}
    (reserved,) = [it for it in await world.store.scan(ORDERS) if RESERVED_FOR in it]
    await world.store.delete(ORDERS, [document["_id"], reserved["_id"]])
    for number in range(1, earlier + 1):
        former = derived_id("former", str(number))
        place = {**reserved, "_id": place_id(CUSTOMER.id, OFFERING_ID, Channel.GOVDIGITAL, number), RESERVED_FOR: former}
        ended = {**document, "_id": former, "state": OrderState.ZURUECKGEZOGEN.value, "request_id": former}
        await world.store.insert_many(ORDERS, [place, ended])
    read: list[int] = []
    get_portion = world.store.get_portion

    async def watched(*arguments: Any, **options: Any) -> Any:
        found, left = await get_portion(*arguments, **options)
        read.extend(weight(it) for it in found.values() if "state" in it)
        return found, left

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.store, "get_portion", watched)
        answer = await world.post("/v1/orders", KUNDE, INTEREST)
    assert len(read) >= earlier
    assert max(read[:earlier]) < SMALL
    if earlier < MOST_GENERATIONS:
        assert answer.status_code == 201
        assert await world.store.get(ORDERS, place_id(CUSTOMER.id, OFFERING_ID, Channel.GOVDIGITAL, earlier + 1)) is not None
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_orders")


HUSUM = "hauke/010540056056/KUNDE"
ITZEHOE = "ina/010610046046/KUNDE"
MELDORF = "mia/010510074074/KUNDE"
PROVIDER = "kim/komm-one/KUNDE+BEREITSTELLER"


async def pages_of(world: World, who: str, limit: int, **query: Any) -> list[list[str]]:
    """Return the ids of a whole list by page."""
    found: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await world.get("/v1/orders", who, limit=limit, **query, **cursor)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found.append([it["id"] for it in page["items"]])
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def listed(world: World, who: str, **query: Any) -> list[str]:
    """Return the ids of a whole list, read in pages of one; its count is that of the list."""
    pages = await pages_of(world, who, 1, **query)
    assert [len(it) for it in pages if it] == [1] * len([it for it in pages if it])
    counted = (await world.get("/v1/orders/counts", who, **query)).json()
    assert counted == {"count": sum(map(len, pages)), "more": False}
    return [it for page in pages for it in page]


async def waiting(world: World, who: str, **query: str) -> list[str]:
    """Return the ids of what waits for somebody."""
    return await listed(world, who, waits_for_me="true", **query)


async def of_four_customers(world: World) -> list[str]:
    """Return Vorgänge of four customers: two that the Bereitsteller has, one in Abstimmung, one that nobody has judged yet."""
    ids = []
    for who in (KUNDE, HUSUM, ITZEHOE, MELDORF):
        world.pass_time(hours=1)
        ids.append((await world.declare(who))["id"])
    # The second one waits for longest, though it is not the oldest.
    for order_id, who in ((ids[1], HUSUM), (ids[0], KUNDE), (ids[2], ITZEHOE)):
        world.pass_time(hours=1)
        await world.judge(await world.read(order_id, who))
    world.pass_time(hours=1)
    await world.step(ids[2], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    return ids


async def test_what_waits_for_a_caller_is_listed_over_all_pages_the_longest_wait_first(world: World) -> None:
    first, second, third, _ = await of_four_customers(world)
    assert await waiting(world, BEREITSTELLER) == [second, first]
    assert await waiting(world, ITZEHOE) == [third], "both owe points, and the Kunde holds the ball"
    for who in (KUNDE, HUSUM, MELDORF, ANBIETER, OTHER_ANBIETER, STRANGER):
        assert await waiting(world, who) == []
    (item,) = (await world.get("/v1/orders", BEREITSTELLER, waits_for_me="true", limit=1)).json()["items"]
    assert (item["waiting"]["party"], item["waiting"]["what"]) == (item["your_party"], "start_clarification")
    assert await waiting(world, BEREITSTELLER, state="WEITERGELEITET", party="BEREITSTELLER") == [second, first]
    assert await waiting(world, BEREITSTELLER, state="IN_ABSTIMMUNG") == []
    assert await waiting(world, BEREITSTELLER, party="KUNDE") == []
    assert await listed(world, BEREITSTELLER, waits_for_me="false") == [third, second, first]


async def test_the_vorgaenge_about_one_offer_are_listed_for_each_side(world: World) -> None:
    ids = await of_four_customers(world)
    assert await listed(world, KUNDE, offering_id=OFFERING_ID) == ids[:1]
    assert await listed(world, BEREITSTELLER, offering_id=OFFERING_ID) == [ids[2], ids[1], ids[0]]
    assert await listed(world, ANBIETER, offering_id=OFFERING_ID) == ids[::-1]
    assert await listed(world, ANBIETER, offering_id=OFFERING_ID, state="WEITERGELEITET") == [ids[1], ids[0]]
    assert await waiting(world, BEREITSTELLER, offering_id=OFFERING_ID) == [ids[1], ids[0]]
    for who in (KUNDE, BEREITSTELLER, ANBIETER):
        assert await listed(world, who, offering_id=derived_id("other", "offering")) == []
    for who in (STRANGER, OTHER_ANBIETER):
        assert await listed(world, who, offering_id=OFFERING_ID) == []


async def test_a_list_is_narrowed_by_words_for_each_side(world: World) -> None:
    ids = await of_four_customers(world)
    number = (await world.read(ids[0], KUNDE))["number"]
    assert await listed(world, ANBIETER, q="BAUGENEHM 010540056056") == [ids[1]]
    assert await listed(world, ANBIETER, q=number.lower()) == [ids[0]]
    assert await listed(world, ANBIETER, q="digitale", state="IN_ABSTIMMUNG") == [ids[2]]
    assert await waiting(world, BEREITSTELLER, q="baugenehmigung") == [ids[1], ids[0]]
    assert await listed(world, BEREITSTELLER, q="010510074074") == [], "it has not been forwarded"
    assert await listed(world, KUNDE, q="baugenehmigung") == ids[:1]
    assert await listed(world, ANBIETER, q="baugenehmigung wohngeld") == []


@pytest.mark.parametrize("portion", [1, 2, 200])
async def test_a_list_is_a_table_too_over_all_pages(world: World, monkeypatch: pytest.MonkeyPatch, portion: int) -> None:
    monkeypatch.setattr(repository, "_PORTION", portion)
    ids = await of_four_customers(world)
    for who, query, expected in (
        (ANBIETER, {}, ids[::-1]),
        (BEREITSTELLER, {"state": "WEITERGELEITET"}, [ids[1], ids[0]]),
        (BEREITSTELLER, {"waits_for_me": "true"}, [ids[1], ids[0]]),
        (KUNDE, {"q": "wohngeld"}, []),
        (STRANGER, {}, []),
    ):
        async with client(world.app, who) as http:
            answer = await http.get("/v1/orders", params={"limit": 1, **query}, headers={"Accept": "text/csv"})
        heads, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")
        assert tuple(heads) == SHEETS["de"].columns
        shown = [dict(zip(heads, row, strict=True)) for row in rows]
        assert [it["Kennung"] for it in shown] == expected
        if query == {"waits_for_me": "true"}:
            assert {(it["Stand"], it["Wartet auf"]) for it in shown} == {("An den Bereitsteller weitergeleitet", "Bereitsteller")}


@pytest.mark.parametrize(
    "query",
    [{"waits": "true"}, {"waits_for_me": "perhaps"}, {"offering_id": "E008"}, {"state": "WARTET"}, {"party": "PARTNER"}],
    ids=str,
)
async def test_a_filter_that_is_unknown_or_has_an_unknown_value_is_refused(world: World, query: dict[str, str]) -> None:
    for path in ("/v1/orders", "/v1/orders/counts"):
        answer = await world.get(path, KUNDE, **query)
        assert (answer.status_code, len(answer.json()["errors"])) == (422, 1), answer.text


async def test_a_list_that_is_cut_short_goes_on_behind_what_was_looked_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Vorgänge of a body that is Kunde and Bereitsteller lie between each other: none is lost or shown twice."""
    order = await world.declare()
    await world.judge(order)
    document = await world.store.get(ORDERS, order["id"]) or {}
    copies = [derived_id("copy", str(number)) for number in range(20)]
    for number, copy in enumerate(copies):
        world.pass_time(hours=1)
        sides = {"customer_id": "komm-one", "shown_to": None} if number % 3 else {}
        state = "ABGELEHNT" if number % 4 else "VERFALLEN"
        await world.store.insert_many(ORDERS, [{**document, **sides, "_id": copy, "declared_at": world.now, "state": state}])
    monkeypatch.setattr(repository, "SCANNED", 3)
    monkeypatch.setattr(repository, "_PORTION", 2)
    query = {"offering_id": OFFERING_ID, "state": "VERFALLEN"}
    pages = await pages_of(world, PROVIDER, 2, **query)
    assert [it for page in pages for it in page] == copies[16::-4]
    assert max(map(len, pages)) <= 2
    assert len(pages) > 3, "nothing was cut short"
    assert (await world.get("/v1/orders/counts", PROVIDER, **query)).json()["more"] is False, "a whole list is counted at once"
    monkeypatch.setattr(repository, "COUNTED", 1)
    assert (await world.get("/v1/orders/counts", PROVIDER, **query)).json() == {"count": 1, "more": True}


async def test_every_list_is_found_by_an_index_that_earlier_versions_fill_too(world: World) -> None:
    """Which fields 0.1.0 stores is shown by ``tests/component/upgrade``."""
    order = await world.declare()
    document = await world.store.get(ORDERS, order["id"]) or {}
    assert {name for index in LIST_INDEXES for name in index.fields} <= document.keys()
