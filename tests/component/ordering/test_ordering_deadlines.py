"""What the calendar does."""

from __future__ import annotations

import pytest

from services.ordering.deadlines import Deadlines
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Step
from services.ordering.repository import Orders
from services.ordering.settings import Settings
from shared.errors import OutboxFullError
from shared.messages.ordering import OrderEnded, OrderExpired, OrderParty, OrderRefused
from shared.messages.values import Verdict
from tests.component.ordering.ordering_world import BEREITSTELLER, KUNDE, PLACE, World

IDLE = Settings().idle_after


async def _deadlines(world: World) -> None:
    for periodic in world.service.periodic:
        await periodic.run()


async def test_an_offer_lapses_after_its_last_day(world: World) -> None:
    order = await world.offered()
    world.now = world.now.replace(month=12, day=31, hour=22, minute=59)
    await _deadlines(world)
    assert (await world.read(order["id"]))["state"] == "ANGEBOT_ERSTELLT"
    world.pass_time(minutes=2)
    await _deadlines(world)
    await _deadlines(world)
    lapsed = await world.read(order["id"])
    assert (lapsed["state"], lapsed["waiting"], lapsed["timeline"][-1]["party"]) == ("VERFALLEN", None, OrderParty.SYSTEM)
    assert sum(isinstance(message, OrderExpired) for message in world.messages()) == 1


@pytest.mark.parametrize("batch", [1, 100])
async def test_a_vorgang_with_a_full_outbox_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    whose: dict[str, str] = {}
    for who in (KUNDE, "kai/010540056056/KUNDE", "kai/010610046046/KUNDE"):
        order = await world.declare(who)
        await world.judge(await world.read(order["id"], who))
        whose[order["id"]] = who
    full = next(iter(whose))
    expire = Order.append_to_timeline

    def refused(order: Order, step: Step) -> None:
        if order.id == full:
            raise OutboxFullError("500 events wait", id=full, waiting=500)
        expire(order, step)

    monkeypatch.setattr(Order, "append_to_timeline", refused)
    world.pass_time(days=400)
    deadlines = Deadlines(Orders(world.resources), IDLE, lambda: world.now, batch)
    with pytest.raises(OutboxFullError):
        await deadlines.run()
    states = [(await world.read(order, who))["state"] for order, who in whose.items()]
    assert states == ["WEITERGELEITET", "VERFALLEN", "VERFALLEN"]
    monkeypatch.setattr(Order, "append_to_timeline", expire)
    await deadlines.run()
    assert (await world.read(full))["state"] == "VERFALLEN"


async def test_an_order_in_time_is_not_touched_by_the_offers_last_day(world: World) -> None:
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE)
    world.pass_time(days=400)
    await _deadlines(world)
    assert (await world.read(order["id"]))["state"] == "BESTELLT"


async def test_an_interest_that_nobody_moves_lapses_in_the_end(world: World) -> None:
    order = await world.declare()
    await world.judge(order)
    world.now += IDLE
    await _deadlines(world)
    assert (await world.read(order["id"]))["state"] == "WEITERGELEITET"
    world.pass_time(seconds=1)
    await _deadlines(world)
    assert (await world.read(order["id"]))["state"] == "VERFALLEN"


async def test_whoever_moves_a_vorgang_gives_it_new_time(world: World) -> None:
    order = await world.declare()
    await world.judge(order)
    world.now += IDLE
    await world.step(order["id"], "clarification", BEREITSTELLER)
    world.pass_time(days=30)
    await _deadlines(world)
    assert (await world.read(order["id"]))["state"] == "IN_ABSTIMMUNG"


@pytest.mark.parametrize("value", [None, Verdict.NO_EVIDENCE])
async def test_an_interest_does_not_lapse_because_its_check_is_late(world: World, value: Verdict | None) -> None:
    order = await world.declare()
    if value is not None:
        await world.judge(order, value)
    world.pass_time(days=400)
    await _deadlines(world)
    assert (await world.read(order["id"]))["state"] == ("INTERESSE_BEKUNDET" if value is None else "VERFALLEN")


async def test_an_order_is_held_to_the_end_of_its_last_day_and_then_refused(world: World) -> None:
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE)
    await world.judge(order, Verdict.NOT_EXEMPT)
    held = await world.read(order["id"])
    assert (held["state"], held["deadline"]) == ("BESTELLT", {"kind": "hold", "at": "2026-12-24T23:00:00Z"})
    assert {"recheck", "withdraw"} <= set(held["allowed_moves"])
    world.now = world.now.replace(month=12, day=24, hour=22, minute=59)
    await _deadlines(world)
    assert (await world.read(order["id"]))["state"] == "BESTELLT"
    world.pass_time(minutes=2)
    await _deadlines(world)
    await _deadlines(world)
    refused = await world.read(order["id"])
    assert (refused["state"], refused["refusal"]["code"], refused["deadline"]) == ("ABGELEHNT", "code_not_exempt", None)
    assert sum(isinstance(message, OrderRefused) for message in world.messages()) == 1


async def test_a_held_order_in_a_list_shows_its_deadline(world: World) -> None:
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE)
    await world.judge(order, Verdict.NO_EVIDENCE)
    (listed,) = (await world.get("/v1/orders", KUNDE)).json()["items"]
    assert listed["deadline"] == {"kind": "hold", "at": "2026-12-24T23:00:00Z"}


async def test_each_wait_shows_what_happens_by_itself(world: World) -> None:
    order = await world.declare()
    assert order["deadline"] is None
    await world.judge(order)
    assert (await world.read(order["id"]))["deadline"] == {"kind": "idle", "at": "2027-05-23T09:00:00Z"}


async def test_the_use_ends_by_itself_after_the_day_of_the_notice(world: World) -> None:
    order = await world.contracted()
    await world.terminate(order["id"], "2026-11-30")
    world.now = world.now.replace(day=30, hour=22)
    await _deadlines(world)
    assert (await world.read(order["id"]))["state"] == "GEKUENDIGT"
    world.pass_time(hours=2)
    await _deadlines(world)
    assert (await world.read(order["id"]))["state"] == "BEENDET"
    assert isinstance(world.messages()[-1], OrderEnded)


async def test_more_than_one_batch_is_worked_off(world: World) -> None:
    orders = []
    for number in range(5):
        order = await world.declare(f"kai/kunde-{number}/KUNDE")
        await world.judge(order)
        orders.append(order["id"])
    world.pass_time(days=400)
    await Deadlines(Orders(world.resources), IDLE, world.clock, batch=2).run()
    assert sum(isinstance(message, OrderExpired) for message in world.messages()) == 5
