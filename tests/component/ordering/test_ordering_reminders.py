"""Reminders over the store: found by index, given once whoever looks, shown and published."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.ordering.deadlines import Deadlines
from services.ordering.domain.order import Order
from services.ordering.reference import load_schedule, load_vocabulary
from services.ordering.reminders import Reminders
from services.ordering.repository import Orders
from services.ordering.settings import Settings
from shared.aggregate.sweep import Sweep
from shared.messages.ordering import OrderEscalated, OrderExpired, OrderReminded
from shared.messages.values import Verdict
from tests.component.ordering.ordering_world import BEREITSTELLER, KUNDE, PLACE, World

IDLE = Settings().idle_after


class _Breaking(Reminders):
    """Finds the store gone at the second batch."""

    batches = 0

    async def _remind(self, orders: list[Order], now: datetime, sweep: Sweep[Order]) -> None:
        self.batches += 1
        if self.batches == 2:
            raise ConnectionError
        await super()._remind(orders, now, sweep)


def _reminders(world: World, batch: int = 100) -> Reminders:
    words = load_vocabulary().tasks
    return Reminders(Orders(world.resources), load_schedule(), words, IDLE, world.clock, batch)


def _given(world: World) -> list[OrderReminded | OrderEscalated]:
    return [message for message in world.messages() if isinstance(message, OrderReminded | OrderEscalated)]


async def test_who_lets_a_vorgang_lie_is_reminded_and_it_shows(world: World) -> None:
    order = await world.declare()
    await world.judge(order)
    await _reminders(world).run()
    assert (_given(world), (await world.read(order["id"]))["reminded_at"]) == ([], None)
    world.pass_time(days=7)
    await _reminders(world).run()
    (event,) = _given(world)
    assert (event.party, event.task, event.order.id) == ("BEREITSTELLER", "start_clarification", order["id"])
    assert (await world.read(order["id"], BEREITSTELLER))["reminded_at"] == "2026-12-01T09:00:00Z"
    await world.step(order["id"], "clarification", BEREITSTELLER)


async def test_several_processes_that_look_at_once_give_a_reminder_once(world: World) -> None:
    for number in range(7):
        await world.judge(await world.declare(f"kai/kunde-{number}/KUNDE"))
    world.pass_time(days=7)
    await asyncio.gather(*(_reminders(world, batch=2).run() for _ in range(3)))
    await _reminders(world).run()
    assert len({event.order.id for event in _given(world)}) == len(_given(world)) == 7


async def test_a_run_that_broke_off_is_gone_on_with_by_the_next_one(world: World) -> None:
    orders = [await world.declare(f"kai/kunde-{number}/KUNDE") for number in range(5)]
    for order in orders:
        await world.judge(order)
    world.pass_time(days=7)
    words = load_vocabulary().tasks
    with pytest.raises(ConnectionError):
        await _Breaking(Orders(world.resources), load_schedule(), words, IDLE, world.clock, 2).run()
    assert len(_given(world)) == 2
    await _reminders(world).run()
    assert sorted(event.order.id for event in _given(world)) == sorted(order["id"] for order in orders)


async def test_an_offer_is_told_of_before_it_lapses_and_a_reminder_does_not_save_it(world: World) -> None:
    order = await world.offered()
    world.now = datetime(2026, 12, 23, 9, tzinfo=UTC)
    await _reminders(world).run()
    assert [(event.task, event.lapses_at) for event in _given(world)] == [("place", datetime(2026, 12, 31, 23, tzinfo=UTC))]
    world.now = datetime(2027, 1, 1, 9, tzinfo=UTC)
    await Deadlines(Orders(world.resources), IDLE, world.clock).run()
    assert (await world.read(order["id"]))["state"] == "VERFALLEN"
    await _reminders(world).run()
    assert len(_given(world)) == 1


async def test_an_interest_is_told_of_before_it_lapses_to_the_anbieter_too(world: World) -> None:
    order = await world.declare()
    await world.judge(order)
    world.now += IDLE - timedelta(days=7)
    await _reminders(world).run()
    (event,) = _given(world)
    assert isinstance(event, OrderEscalated)
    assert event.to_anbieter
    world.pass_time(days=8)
    await Deadlines(Orders(world.resources), IDLE, world.clock).run()
    assert sum(isinstance(message, OrderExpired) for message in world.messages()) == 1


async def test_a_held_order_is_told_of_before_it_is_refused(world: World) -> None:
    order = await world.step((await world.offered())["id"], "place", KUNDE, PLACE)
    await world.judge(order, Verdict.NOT_EXEMPT)
    world.now = datetime(2026, 12, 22, 9, tzinfo=UTC)
    await _reminders(world).run()
    (event,) = _given(world)
    assert (event.party, event.task, event.lapses_at) == ("KUNDE", "bring_evidence", datetime(2026, 12, 24, 23, tzinfo=UTC))


async def test_the_service_looks_by_itself(world: World) -> None:
    await world.judge(await world.declare())
    world.pass_time(days=7)
    (periodic,) = [it for it in world.service.periodic if it.name == "ordering.reminders"]
    await periodic.run()
    assert len(_given(world)) == 1


async def test_a_planned_day_is_found_told_before_it_and_shown_in_the_list(world: World) -> None:
    order = await world.step((await world.contracted())["id"], "onboarding", BEREITSTELLER)
    waited = next(it for it in order["milestones"] if it["mandatory"])
    who = KUNDE if waited["owner"] == "KUNDE" else BEREITSTELLER
    order = await world.step(order["id"], f"milestones/{waited['code']}/plan", who, {"day": "2027-01-29"})
    assert next(it for it in order["milestones"] if it["code"] == waited["code"])["planned_on"] == "2027-01-29"
    (listed,) = (await world.get("/v1/orders", who)).json()["items"]
    assert listed["waiting"]["planned_on"] == "2027-01-29"
    world.now = datetime(2027, 1, 21, 9, tzinfo=UTC)
    await _reminders(world).run()
    assert _given(world) == []
    world.now = datetime(2027, 1, 22, 9, tzinfo=UTC)
    await asyncio.gather(*(_reminders(world).run() for _ in range(2)))
    (event,) = _given(world)
    assert (event.party, event.label, str(event.planned_on)) == (waited["owner"], waited["label"], "2027-01-29")
