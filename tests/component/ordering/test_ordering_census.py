"""The figures of all Vorgänge: how many are in each state per Anbieter, for how long, and what is waited for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.ordering.census import Census
from services.ordering.repository import Orders
from shared.process.service import Resources
from tests.component.ordering.ordering_world import KUNDE, PLACE, World

Run = Callable[[], Awaitable[None]]


@pytest.fixture
def census(world: World) -> Run:
    (periodic,) = [item for item in world.service.periodic if item.name == "ordering.census"]
    return periodic.run


def shown(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(f"ordering_{name}", labels)
    assert value is not None, f"{name} {labels} is not shown"
    return value


async def test_an_empty_store_shows_zeros_for_every_state_and_anbieter(census: Run) -> None:
    await census()
    for channel in ("fitko", "govdigital"):
        assert shown("orders", channel=channel, state="BEENDET") == 0
        assert shown("state_age_seconds", channel=channel, state="BESTELLT") == 0
        assert shown("waiting", channel=channel, what="check") == 0


async def test_vorgaenge_are_counted_by_anbieter_and_state_with_the_age_of_the_oldest(world: World, census: Run) -> None:
    first = await world.declare()
    world.pass_time(minutes=10)
    await world.declare("kim/010540056056/KUNDE")
    world.pass_time(minutes=5)
    await census()
    assert shown("orders", channel="govdigital", state="INTERESSE_BEKUNDET") == 2
    assert shown("orders", channel="fitko", state="INTERESSE_BEKUNDET") == 0
    assert shown("state_age_seconds", channel="govdigital", state="INTERESSE_BEKUNDET") == 900
    assert shown("waiting", channel="govdigital", what="check") == 2
    assert shown("waiting_age_seconds", channel="govdigital", what="check") == 900
    await world.judge(first)
    world.pass_time(minutes=1)
    await census()
    assert shown("orders", channel="govdigital", state="WEITERGELEITET") == 1
    assert shown("state_age_seconds", channel="govdigital", state="WEITERGELEITET") == 60
    assert shown("state_age_seconds", channel="govdigital", state="INTERESSE_BEKUNDET") == 360
    assert shown("waiting_age_seconds", channel="govdigital", what="check") == 360


async def test_an_order_waits_for_the_processor_from_the_request_on(world: World, census: Run) -> None:
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE)
    world.pass_time(minutes=3)
    await world.judge(order)
    world.pass_time(minutes=2)
    await census()
    assert shown("state_age_seconds", channel="govdigital", state="BESTELLT") == 300
    assert shown("waiting", channel="govdigital", what="conclude_contract") == 1
    assert shown("waiting_age_seconds", channel="govdigital", what="conclude_contract") == 120


async def test_the_census_counts_more_than_one_page(world: World) -> None:
    orders = Orders(Resources(world.store, world.publisher, Path(), clock=world.clock))
    template = await world.store.get(orders.ledger.collection, (await world.declare())["id"])
    assert template is not None
    copies = [{**template, "_id": f"{n:04}"} for n in range(250)]
    await world.store.insert_many(orders.ledger.collection, copies)
    await Census(orders, world.clock).run()
    assert shown("orders", channel="govdigital", state="INTERESSE_BEKUNDET") == 251
