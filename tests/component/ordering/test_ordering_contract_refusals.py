"""The processor refuses the contract of an order: what each side reads and can do, and what the calendar makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from services.ordering.deadlines import Deadlines
from services.ordering.repository import Orders
from services.ordering.settings import Settings
from shared.messages.ordering import ContractRequested, OrderContracted, OrderExpired, OrderRefused, OrderReopened
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE, PLACE, World
from tests.support.builders.orders import concluded, refused

OFFER = {"valid_until": "2026-12-31"}
HELD_UNTIL = {"kind": "hold", "at": "2026-12-24T23:00:00Z"}


async def refuse(world: World, code: str) -> dict[str, Any]:
    """Return a Vorgang whose order the processor has refused."""
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE | {"agb_version": "2022"})
    await world.judge(order)
    assert await world.feed(world.received(refused(order["id"], code=code), "contract-1")) == []
    return await world.read(order["id"])


async def pass_days(world: World, days: int) -> None:
    world.pass_time(days=days)
    for _ in range(2):
        await Deadlines(Orders(world.resources), Settings().idle_after, world.clock).run()


async def test_the_kunde_reads_the_agb_in_force_and_orders_again_on_the_same_offer(world: World) -> None:
    held = await refuse(world, "agb_changed")
    assert (held["state"], held["deadline"], held["refusal"]) == ("ANGEBOT_ERSTELLT", HELD_UNTIL, None)
    assert held["contract_refusal"]["code"] == "agb_changed"
    assert (held["waiting"]["party"], held["waiting"]["what"]) == ("KUNDE", "place")
    assert {"place", "change_channel", "withdraw"} <= set(held["allowed_moves"])
    assert all(point["settled"] for point in held["points"] if point["mandatory"])
    assert held["conditions"]
    (listed,) = (await world.get("/v1/orders", KUNDE)).json()["items"]
    assert listed["deadline"] == HELD_UNTIL
    again = await world.step(held["id"], "place", KUNDE, PLACE | {"agb_version": "2026"})
    assert (again["contract_refusal"], again["deadline"]) == (None, None)
    await world.judge(again)
    requests = [it for it in world.messages() if isinstance(it, ContractRequested)]
    assert [(it.attempt, it.agb_version) for it in requests] == [(None, "2022"), (2, "2026")]
    # The first refusal comes once more, and by another way: nobody asks for that contract any more.
    late = world.received(refused(held["id"], code="agb_changed"), "contract-1", source="/contracts/elsewhere")
    assert await world.feed(late) == []
    assert (await world.read(held["id"]))["state"] == "BESTELLT"
    assert await world.feed(world.received(concluded(held["id"], attempt=2), "contract-2")) == []
    done = await world.read(held["id"])
    assert (done["state"], done["contract"]["number"], done["refused_events"]) == ("VERTRAG_GESCHLOSSEN", "GD/2026/0001", [])
    told = [type(it) for it in world.messages() if isinstance(it, OrderReopened | OrderContracted | OrderRefused)]
    assert told == [OrderReopened, OrderContracted]


@pytest.mark.parametrize("code", ["no_agb_in_force", "declined_by_anbieter"])
async def test_the_anbieter_makes_another_offer_and_the_kunde_orders_on_that(world: World, code: str) -> None:
    held = await refuse(world, code)
    assert (held["state"], held["valid_until"], held["price_items"]) == ("ABGESTIMMT", None, [])
    assert (held["waiting"]["party"], held["waiting"]["what"]) == ("ANBIETER", "make_offer")
    assert "change_channel" in held["allowed_moves"]
    for who in (ANBIETER, BEREITSTELLER):
        assert (await world.read(held["id"], who))["contract_refusal"]["code"] == code
    offered = await world.step(held["id"], "offer", ANBIETER, OFFER)
    assert (offered["offer_number"], offered["contract_refusal"], offered["deadline"]["kind"]) == (2, None, "offer")
    placed = await world.step(held["id"], "place", KUNDE, PLACE | {"offer_number": 2})
    await world.judge(placed)
    assert [it.attempt for it in world.messages() if isinstance(it, ContractRequested)] == [None, 2]


@pytest.mark.parametrize("code", ["agb_changed", "declined_by_anbieter"])
async def test_it_is_held_to_the_end_of_its_last_day_whatever_the_offer_says_and_then_refused(world: World, code: str) -> None:
    held = await refuse(world, code)
    await pass_days(world, 30)
    assert (await world.read(held["id"]))["state"] == held["state"]
    await pass_days(world, 1)
    ended = await world.read(held["id"])
    assert (ended["state"], ended["refusal"]["code"]) == ("ABGELEHNT", code)
    assert (ended["contract_refusal"], ended["deadline"]) == (None, None)
    assert (await world.read(held["id"], BEREITSTELLER))["refusal"]["code"] == code
    assert sum(isinstance(it, OrderRefused) for it in world.messages()) == 1
    assert not any(isinstance(it, OrderExpired) for it in world.messages())


@pytest.mark.parametrize("days", [23, 24])
async def test_an_offer_that_lapses_meanwhile_gives_the_ball_to_the_anbieter_for_the_rest_of_the_hold(
    world: World, days: int
) -> None:
    order = await world.offered()
    await world.step(order["id"], "offer/amend", ANBIETER, {"valid_until": "2026-12-16", "reason": "Kürzer"})
    await world.step(order["id"], "place", KUNDE, PLACE | {"offer_number": 2})
    await world.judge(await world.read(order["id"]))
    assert await world.feed(world.received(refused(order["id"], code="agb_changed"), "contract-1")) == []
    await pass_days(world, 22)
    assert (await world.read(order["id"]))["waiting"]["party"] == "KUNDE"
    await pass_days(world, days - 22)
    held = await world.read(order["id"])
    assert (held["state"], held["valid_until"], held["deadline"]) == ("ABGESTIMMT", None, HELD_UNTIL)
    assert (held["waiting"]["party"], held["waiting"]["what"]) == ("ANBIETER", "make_offer")
    assert held["contract_refusal"]["code"] == "agb_changed"
    assert sum(isinstance(it, OrderReopened) for it in world.messages()) == 2
    offered = await world.step(held["id"], "offer", ANBIETER, OFFER)
    assert (offered["offer_number"], offered["waiting"]["party"]) == (3, "KUNDE")


async def test_whoever_looks_after_the_offer_and_the_hold_are_over_ends_the_vorgang_with_the_hold(world: World) -> None:
    held = await refuse(world, "agb_changed")
    await pass_days(world, 60)
    assert (await world.read(held["id"]))["state"] == "ABGELEHNT"
    assert sum(isinstance(it, OrderReopened) for it in world.messages()) == 1


async def test_vorgaenge_that_have_ended_are_not_looked_at_for_their_hold_any_more(world: World) -> None:
    held = await refuse(world, "agb_changed")
    await world.step(held["id"], "withdraw", KUNDE)
    stored = await Orders(world.resources).ledger.get(held["id"])
    assert stored is not None
    assert stored[0].hold_until is None
