"""Planned days of milestones: set and moved by whoever is in charge, and each owner is reminded of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.ordering.domain import delivery
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Milestone
from services.ordering.domain.reminders import Schedule, remind, reminders_of
from services.ordering.domain.transitions import Command
from services.ordering.reference import load_schedule, load_vocabulary
from services.ordering.views import view_of
from shared.calendar import end_of
from shared.errors import ConflictError, ForbiddenError, InvalidError
from shared.messages.ordering import MilestonePlanned, OrderEscalated, OrderParty, OrderReminded
from shared.messages.values import OrderState
from tests.support.builders.orders import BEREITSTELLER, KUNDE, T0, later, order_in

IDLE = timedelta(days=180)
WORDS = load_vocabulary().tasks
DAY = date(2027, 1, 29)
NEXT = date(2027, 2, 26)


def in_onboarding() -> Order:
    """A Vorgang whose Anbindung has just begun."""
    return order_in(OrderState.IN_ANBINDUNG)


def first_of(order: Order, owner: OrderParty) -> Milestone:
    """Return the first milestone of a side."""
    return next(it for it in order.milestones.value if it.owner is owner)


def given(order: Order, at: datetime, schedule: Schedule | None = None) -> list[OrderReminded | OrderEscalated]:
    """Return the reminders that are given at a moment."""
    events = remind(order, schedule or load_schedule(), at, IDLE, WORDS)
    return [event for event in events if isinstance(event, OrderReminded | OrderEscalated)]


def test_the_side_in_charge_sets_the_day_and_the_other_side_sees_it() -> None:
    order = in_onboarding()
    mine = first_of(order, OrderParty.KUNDE)
    (event,) = delivery.plan_milestone(order, KUNDE, later(1), mine.code, DAY)
    assert isinstance(event, MilestonePlanned)
    assert (event.by, event.day, event.before, event.label) == (OrderParty.KUNDE, DAY, None, mine.label)
    seen = next(it for it in view_of(order, OrderParty.BEREITSTELLER, later(2), IDLE).milestones if it.code == mine.code)
    assert (seen.planned_on, seen.overdue) == (DAY, False)
    line = order.steps()[-1]
    assert (line.command, line.note) == (Command.PLAN_MILESTONE, f"{mine.label}: 2027-01-29")


def test_nobody_plans_for_the_other_side() -> None:
    order = in_onboarding()
    with pytest.raises(ForbiddenError) as refusal:
        delivery.plan_milestone(order, KUNDE, T0, first_of(order, OrderParty.BEREITSTELLER).code, DAY)
    assert refusal.value.code == "not_the_owner"


def test_a_day_is_moved_with_a_reason_only_and_the_event_names_both_days() -> None:
    order = in_onboarding()
    code = first_of(order, OrderParty.KUNDE).code
    delivery.plan_milestone(order, KUNDE, T0, code, DAY)
    with pytest.raises(InvalidError) as refusal:
        delivery.plan_milestone(order, KUNDE, T0, code, NEXT)
    assert refusal.value.code == "reason_missing"
    (event,) = delivery.plan_milestone(order, KUNDE, T0, code, NEXT, "Zertifikat verzögert sich")
    assert isinstance(event, MilestonePlanned)
    assert (event.before, event.day, event.reason) == (DAY, NEXT, "Zertifikat verzögert sich")
    assert [it.day for it in order.target_days.value] == [NEXT]
    assert delivery.plan_milestone(order, KUNDE, T0, code, NEXT) == []


def test_a_day_that_has_passed_is_refused_and_today_is_not() -> None:
    order = in_onboarding()
    code = first_of(order, OrderParty.KUNDE).code
    with pytest.raises(InvalidError) as refusal:
        delivery.plan_milestone(order, KUNDE, T0, code, T0.date() - timedelta(days=1))
    assert refusal.value.code == "target_day_past"
    assert delivery.plan_milestone(order, KUNDE, T0, code, T0.date())


def test_a_milestone_that_is_reached_has_no_day_to_come() -> None:
    order = in_onboarding()
    code = first_of(order, OrderParty.KUNDE).code
    delivery.plan_milestone(order, KUNDE, T0, code, DAY)
    delivery.reach_milestone(order, KUNDE, T0, code)
    with pytest.raises(ConflictError) as refusal:
        delivery.plan_milestone(order, KUNDE, T0, code, NEXT, "zu spät")
    assert refusal.value.code == "milestone_reached"
    assert (order.target_at, order.target_of(code)) == (None, DAY)


def test_the_wait_shows_the_day_of_the_milestone_that_is_waited_for() -> None:
    order = in_onboarding()
    waited = next(it for it in order.milestones.value if it.mandatory)
    actor = KUNDE if waited.owner is OrderParty.KUNDE else BEREITSTELLER
    delivery.plan_milestone(order, actor, T0, waited.code, NEXT)
    assert order.waiting is not None
    assert (order.waiting.planned_on, order.target_at) == (NEXT, end_of(NEXT))
    delivery.reach_milestone(order, actor, T0, waited.code)
    assert order.waiting.planned_on is None


def test_each_owner_is_reminded_of_its_own_day_before_and_after_it() -> None:
    order = in_onboarding()
    for owner, actor in ((OrderParty.KUNDE, KUNDE), (OrderParty.BEREITSTELLER, BEREITSTELLER)):
        delivery.plan_milestone(order, actor, T0, first_of(order, owner).code, DAY)
    days = {it.at.date() for it in reminders_of(order, load_schedule(), IDLE) if it.milestone is not None}
    assert days == {date(2027, 1, 22), date(2027, 2, 1), date(2027, 2, 5), date(2027, 2, 19)}
    morning = datetime(2027, 1, 22, 7, tzinfo=UTC)
    events = [it for it in given(order, morning) if it.planned_on is not None]
    assert [(it.party, it.planned_on) for it in events] == [(it.owner, DAY) for it, _ in order.open_targets()]
    assert {it.party for it in events} == {OrderParty.KUNDE, OrderParty.BEREITSTELLER}
    assert given(order, morning) == []


def test_who_plans_for_a_day_that_is_near_is_not_reminded_of_it_at_once() -> None:
    order = in_onboarding()
    mine = first_of(order, OrderParty.KUNDE)
    late = datetime(2027, 1, 12, 9, tzinfo=UTC)
    delivery.plan_milestone(order, KUNDE, late, mine.code, date(2027, 1, 14))
    assert [it for it in given(order, late + timedelta(minutes=5)) if it.planned_on is not None] == []
    overdue = datetime(2027, 1, 15, 7, tzinfo=UTC)
    assert [it.planned_on for it in given(order, overdue) if it.planned_on is not None] == [date(2027, 1, 14)]


def test_a_day_that_lies_far_back_is_told_to_the_anbieter_and_moving_it_begins_anew() -> None:
    order = in_onboarding()
    mine = next(it for it in order.milestones.value if it.mandatory and it.owner is OrderParty.KUNDE)
    delivery.plan_milestone(order, KUNDE, T0, mine.code, DAY)
    late = datetime(2027, 2, 19, 7, tzinfo=UTC)
    event = next(it for it in given(order, late) if it.planned_on is not None)
    assert isinstance(event, OrderEscalated)
    assert (event.to_anbieter, event.label) == (True, mine.label)
    seen = view_of(order, OrderParty.KUNDE, late, IDLE).milestones
    assert [it.overdue for it in seen if it.code == mine.code] == [True]
    delivery.plan_milestone(order, KUNDE, late, mine.code, date(2027, 3, 31), "Neuer Termin")
    assert [it for it in given(order, late) if it.planned_on is not None] == []


def test_who_has_named_a_day_is_reminded_by_it_and_not_by_how_long_it_takes() -> None:
    order = in_onboarding()
    waited = next(it for it in order.milestones.value if it.mandatory)
    actor = KUNDE if waited.owner is OrderParty.KUNDE else BEREITSTELLER
    assert any(it.milestone is None for it in reminders_of(order, load_schedule(), IDLE))
    delivery.plan_milestone(order, actor, T0, waited.code, DAY)
    assert all(it.milestone is not None for it in reminders_of(order, load_schedule(), IDLE))


def test_a_schedule_of_an_operator_without_such_days_still_counts() -> None:
    order = in_onboarding()
    mine = first_of(order, OrderParty.KUNDE)
    delivery.plan_milestone(order, KUNDE, T0, mine.code, DAY)
    own = Schedule(lands={}, waits=(), deadlines=())
    assert given(order, datetime(2027, 3, 1, 7, tzinfo=UTC), own) == []
