"""A list loads what it shows: it costs little however much the Vorgänge hold."""

from __future__ import annotations

from collections.abc import AsyncIterator

import bson
import pytest

from shared.store.port import Collection, Document, Query
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE, World

SMALL = 4 * 1024


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.start()
    yield world
    await world.store.close()


@pytest.mark.parametrize("who", [KUNDE, BEREITSTELLER, ANBIETER])
@pytest.mark.parametrize("by_state", [False, True])
async def test_a_list_shows_large_vorgaenge_and_loads_little_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch, who: str, *, by_state: bool
) -> None:
    order = await world.declare(message="Moin. " * 100)
    await world.judge(order)
    await world.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    for _ in range(20):
        await world.step(order["id"], "questions", KUNDE, {"text": "Frage? " * 1000})
    whole = await world.read(order["id"], who)
    query = {"state": whole["state"]} if by_state else {}
    loaded: list[Document] = []
    find = world.store.find

    async def watched(collection: Collection, query: Query) -> list[Document]:
        found = await find(collection, query)
        loaded.extend(found)
        return found

    monkeypatch.setattr(world.store, "find", watched)
    (item,) = (await world.get("/v1/orders", who, **query)).json()["items"]
    assert item == {name: whole[name] for name in item}
    assert len(str(whole)) > 100_000
    assert loaded
    assert max(len(bson.encode(document)) for document in loaded) < SMALL
