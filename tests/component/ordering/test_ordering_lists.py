"""A list loads what it shows: it costs little however much the Vorgänge hold."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from services.ordering.repository import ORDERS
from shared.store.port import Save
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE, World
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
