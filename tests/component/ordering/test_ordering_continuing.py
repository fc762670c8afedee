"""A contract follows that of a Vorgang: what the consumers make of it, and what a side reads and can do then."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.ordering.domain.order import Order
from services.ordering.repository import Orders
from shared.messages.contracts_chain import ContractEnded, ContractTerminated
from shared.messages.ordering import OrderContinued, OrderEnded
from shared.messages.ordering_notices import NoticeRequested
from tests.component.ordering.ordering_world import BEREITSTELLER, KUNDE, World
from tests.support.builders.orders import contract_of, succeeded

FIRST = date(2026, 12, 1)
NOTICED = "2026-11-30"


async def stored(world: World, order: dict[str, Any]) -> Order:
    found = await Orders(world.resources).ledger.get(order["id"])
    assert found is not None
    return found[0]


async def end_what_is_due(world: World) -> None:
    for periodic in world.service.periodic:
        await periodic.run()


async def noticed(world: World) -> tuple[dict[str, Any], Order]:
    """Return a Vorgang of whose contract notice was given, as it is read and as it is stored."""
    order = await world.contracted()
    await world.step(order["id"], "onboarding", BEREITSTELLER)
    order = await world.terminate(order["id"], NOTICED)
    assert (order["state"], order["ends_on"]) == ("GEKUENDIGT", NOTICED)
    return order, await stored(world, order)


@pytest.mark.parametrize("ended_first", [True, False])
async def test_the_vorgang_goes_on_past_the_last_day_that_a_notice_had_set(world: World, ended_first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    order, before = await noticed(world)
    told = succeeded(before, FIRST)
    following = told.contract
    assert await world.feed(world.received(told, following.id)) == []
    shown = await world.read(order["id"])
    assert (shown["state"], shown["ends_on"], shown["notice"], shown["deadline"]) == ("IN_ANBINDUNG", None, None, None)
    assert shown["contract"] == {"id": following.id, "number": following.number}
    assert shown["former_contracts"] == [{"id": before.contract_id, "number": before.contract_number}]
    assert (shown["timeline"][-1]["command"], shown["timeline"][-1]["party"]) == ("continue", "SYSTEM")
    (event,) = [it for it in world.messages() if isinstance(it, OrderContinued)]
    assert (event.before, event.contract_id) == (date.fromisoformat(NOTICED), following.id)
    world.pass_time(days=30)
    ended = ContractEnded(contract=contract_of(before, ends_on=date.fromisoformat(NOTICED)), at=world.now)
    if not ended_first:
        await end_what_is_due(world)
    assert await world.feed(world.received(ended, "contract"), world.received(told, following.id)) == []
    await end_what_is_due(world)
    after = await world.read(order["id"])
    assert (after["state"], after["refused_events"], after["timeline"]) == ("IN_ANBINDUNG", [], shown["timeline"])
    assert not any(isinstance(it, OrderEnded) for it in world.messages())


async def test_notice_of_the_contract_that_follows_is_given_at_the_vorgang_too(world: World) -> None:
    order, before = await noticed(world)
    told = succeeded(before, FIRST)
    await world.feed(world.received(told, told.contract.id))
    world.pass_time(days=30)
    await world.step(order["id"], "terminate", KUNDE, {"ends_on": "2027-06-30"})
    asked = [it for it in world.messages() if isinstance(it, NoticeRequested)][-1]
    assert asked.contract_id == told.contract.id
    ending = ContractTerminated(contract=contract_of(await stored(world, order), ends_on=date(2027, 6, 30)), at=world.now)
    assert await world.feed(world.received(ending, told.contract.id)) == []
    shown = await world.read(order["id"])
    assert (shown["state"], shown["ends_on"]) == ("GEKUENDIGT", "2027-06-30")


async def test_after_a_gap_it_ends_and_each_side_reads_which_contract_follows(world: World) -> None:
    order, before = await noticed(world)
    told = succeeded(before, date(2027, 1, 1))
    assert await world.feed(world.received(told, told.contract.id)) == []
    world.pass_time(days=30)
    await end_what_is_due(world)
    for who in (KUNDE, BEREITSTELLER):
        shown = await world.read(order["id"], who)
        assert (shown["state"], shown["contract"]["id"]) == ("BEENDET", before.contract_id)
        following = {"id": told.contract.id, "number": told.contract.number, "valid_from": "2027-01-01"}
        assert shown["following_contract"] == following
    assert not any(isinstance(it, OrderContinued) for it in world.messages())


async def test_what_follows_a_contract_without_a_vorgang_changes_nothing_and_is_no_fault(world: World) -> None:
    order, before = await noticed(world)
    told = succeeded(before, FIRST)
    without = told.model_copy(update={"contract": told.contract.model_copy(update={"order_id": None})})
    assert await world.feed(world.received(without, told.contract.id)) == []
    assert (await world.read(order["id"])) == order
