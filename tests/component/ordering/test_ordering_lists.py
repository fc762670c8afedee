"""A list loads what it shows: it costs little however much the Vorgänge hold."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.ordering.repository import MOST_GENERATIONS, ORDERS, RESERVED_FOR, place_id
from shared.ids import derived_id
from shared.messages.values import Channel, OrderState
from shared.store.port import Save
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, INTEREST, KUNDE, World
from tests.support.builders.orders import CUSTOMER, OFFERING_ID
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
