"""The id of a Vorgang: nobody outside can compute it, and for one interest there is one Vorgang all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from services.ordering.repository import ORDERS, RESERVED_FOR, Orders, place_id
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.port import Document
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, INTEREST, KUNDE, World
from tests.support.builders.orders import CUSTOMER, OFFERING_ID

GOVDIGITAL = Channel.GOVDIGITAL


def place(generation: int) -> str:
    return place_id(CUSTOMER.id, OFFERING_ID, GOVDIGITAL, generation)


def orders_of(world: World) -> Orders:
    return Orders(Resources(world.store, world.publisher, Path(), clock=world.clock))


async def vorgaenge(world: World) -> list[Document]:
    """Return the stored Vorgänge, without the places."""
    return [document for document in await world.store.scan(ORDERS) if RESERVED_FOR not in document]


async def put_where_earlier_versions_do(world: World, order: dict[str, Any]) -> str:
    """Make of a Vorgang one of an earlier version: it lies in its place itself."""
    (document,) = [found for found in await vorgaenge(world) if found["_id"] == order["id"]]
    (reserved,) = (await world.store.get_many(ORDERS, [place(1)])).values()
    await world.store.delete(ORDERS, [order["id"], reserved["_id"]])
    await world.store.insert_many(ORDERS, [{**document, "_id": place(1)}])
    return place(1)


async def test_what_is_public_does_not_lead_to_the_id(world: World) -> None:
    other = World()
    await other.start()
    ids = {(await each.declare())["id"] for each in (world, other)}
    assert len(ids) == 2
    assert ids.isdisjoint({place(generation) for generation in range(1, 5)})
    await other.store.close()


@pytest.mark.parametrize("who", [KUNDE, BEREITSTELLER, ANBIETER])
async def test_a_reserved_place_is_no_vorgang_for_anybody(world: World, who: str) -> None:
    await world.declare()
    assert await world.store.get(ORDERS, place(1)) is not None
    read = await world.get(f"/v1/orders/{place(1)}", who)
    step = await world.post(f"/v1/orders/{place(1)}/withdraw", who)
    assert (read.status_code, step.status_code) == (404, 404)
    assert len((await world.get("/v1/orders", KUNDE)).json()["items"]) == 1


async def test_several_at_once_come_to_one_vorgang(world: World) -> None:
    answers = await asyncio.gather(*(world.post("/v1/orders", KUNDE, INTEREST) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    (document,) = await vorgaenge(world)
    assert {answer.json().get("order_id", answer.json().get("id")) for answer in answers} == {document["_id"]}


@pytest.mark.slow
async def test_a_place_that_a_crash_has_left_unused_is_used_by_the_next(world: World) -> None:
    (left,) = [await orders_of(world).reserve(CUSTOMER.id, OFFERING_ID, GOVDIGITAL, 1)]
    assert (await world.declare())["id"] == left.order_id


async def test_a_vorgang_of_an_earlier_version_counts_while_it_is_open_and_when_it_has_ended(world: World) -> None:
    earlier = await put_where_earlier_versions_do(world, await world.declare())
    again = await world.post("/v1/orders", KUNDE, INTEREST)
    assert (again.status_code, again.json()["order_id"]) == (409, earlier)
    await world.step(earlier, "withdraw", KUNDE)
    following = await world.declare()
    assert following["id"] not in (earlier, place(2))
    assert (await world.store.get(ORDERS, place(2)) or {})[RESERVED_FOR] == following["id"]


async def test_an_earlier_version_that_comes_first_has_the_place(world: World) -> None:
    earlier = await put_where_earlier_versions_do(world, await world.declare())
    found = await orders_of(world).reserve(CUSTOMER.id, OFFERING_ID, GOVDIGITAL, 1)
    assert (found.order_id, found.order is None) == (earlier, False)


async def test_an_earlier_version_cannot_put_a_second_vorgang_beside_ours(world: World) -> None:
    order = await world.declare()
    theirs = {**(await vorgaenge(world))[0], "_id": place(1)}
    assert await world.store.insert_many(ORDERS, [theirs]) == set()
    assert [document["_id"] for document in await vorgaenge(world)] == [order["id"]]


async def test_a_repeat_under_the_key_finds_its_vorgang_after_others(world: World) -> None:
    first = await world.post("/v1/orders", KUNDE, INTEREST, key="first")
    await world.step(first.json()["id"], "withdraw", KUNDE)
    second = await world.declare()
    again = await world.post("/v1/orders", KUNDE, INTEREST, key="first")
    assert again.json()["id"] == first.json()["id"] != second["id"]
