"""Reminders: who, when, by the working days of their Land; once, and before anything lapses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.ordering.domain import award, precheck, steps_back
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import Task
from services.ordering.domain.reminders import DeadlineRule, Schedule, remind, reminders_of
from services.ordering.reference import load_schedule, load_vocabulary
from shared.calendar import end_of
from shared.holidays import Land
from shared.messages.eligibility import Stage
from shared.messages.ordering import OrderEscalated, OrderParty, OrderReminded
from shared.messages.values import OrderState, Verdict
from shared.reminders import Recipient, ReminderStep, WaitRule
from tests.support.builders.orders import ANBIETER, KUNDE, T0, later, order_in, verdict

IDLE = timedelta(days=180)
WORDS = load_vocabulary().tasks
ALL = (Recipient.HOLDER, Recipient.DEPUTY, Recipient.ANBIETER)
SCHEDULE = Schedule(
    lands={"komm-one": Land.BW, "govdigital": Land.BE},
    waits=(
        WaitRule[Task](
            task=Task.START_CLARIFICATION,
            after=(
                ReminderStep(days=5),
                ReminderStep(days=10, to=(Recipient.HOLDER, Recipient.DEPUTY)),
                ReminderStep(days=20, to=ALL),
            ),
        ),
    ),
    deadlines=(
        DeadlineRule(deadline=Deadline.OFFER, before=(ReminderStep(days=5),)),
        DeadlineRule(deadline=Deadline.HOLD, before=(ReminderStep(days=3, to=ALL),)),
        DeadlineRule(deadline=Deadline.IDLE, before=(ReminderStep(days=5, to=ALL),)),
    ),
)


def morning(month: int, day: int, year: int = 2026) -> datetime:
    """Return eight in the morning of a winter's day in Germany."""
    return datetime(year, month, day, 7, tzinfo=UTC)


def given(order: Order, at: datetime) -> list[object]:
    """Return the reminders that are given at a moment."""
    return list(remind(order, SCHEDULE, at, IDLE, WORDS))


def test_whoever_holds_the_ball_is_reminded_on_the_morning_of_the_working_day() -> None:
    order = order_in(OrderState.WEITERGELEITET)
    assert given(order, morning(12, 1) - timedelta(seconds=1)) == []
    (event,) = given(order, morning(12, 1))
    assert isinstance(event, OrderReminded)
    assert (event.party, event.task, event.label) == (OrderParty.BEREITSTELLER, "start_clarification", "Abstimmung aufnehmen")
    assert (event.since, event.lapses_at) == (T0, T0 + IDLE)


def test_holidays_of_the_land_of_the_holder_do_not_count() -> None:
    order = order_in(OrderState.WEITERGELEITET)
    order.waiting_since = datetime(2026, 12, 30, 9, tzinfo=UTC)
    order.due_kind = None
    days = {it.at.date() for it in reminders_of(order, SCHEDULE, IDLE)}
    assert min(days) == date(2027, 1, 8)  # New Year and, in Baden-Württemberg, Heilige Drei Könige
    order.provider_id = "dataport"
    assert min(it.at.date() for it in reminders_of(order, SCHEDULE, IDLE)) == date(2027, 1, 7)


def test_each_reminder_is_given_once() -> None:
    order = order_in(OrderState.WEITERGELEITET)
    assert len(given(order, morning(12, 1))) == 1
    once = order.model_dump()
    assert given(order, morning(12, 2)) == []
    assert order.model_dump() == once


def test_after_that_the_deputy_and_in_the_end_the_anbieter_are_told() -> None:
    order = order_in(OrderState.WEITERGELEITET)
    given(order, morning(12, 1))
    (second,) = given(order, morning(12, 8))
    (third,) = given(order, morning(12, 22))
    assert isinstance(second, OrderEscalated)
    assert isinstance(third, OrderEscalated)
    assert (second.to_anbieter, third.to_anbieter) == (False, True)


def test_what_fell_due_while_nobody_looked_is_one_reminder() -> None:
    order = order_in(OrderState.WEITERGELEITET)
    (event,) = given(order, morning(1, 20, 2027))
    assert isinstance(event, OrderEscalated)
    assert event.to_anbieter
    assert given(order, morning(1, 21, 2027)) == []


def test_a_reminder_is_no_step_and_moves_no_deadline() -> None:
    order = order_in(OrderState.WEITERGELEITET)
    before = (order.state, order.waiting, order.due_kind, order.due_at, order.timeline)
    given(order, morning(12, 1))
    assert (order.state, order.waiting, order.due_kind, order.due_at, order.timeline) == before


def test_a_new_wait_has_its_own_reminders() -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    assert given(order, morning(12, 22)) == []
    (event,) = given(order, morning(12, 23))
    assert isinstance(event, OrderReminded)
    assert (event.party, event.lapses_at) == (OrderParty.KUNDE, end_of(date(2026, 12, 31)))
    steps_back.amend_offer(order, ANBIETER, later(24), date(2027, 1, 29))
    assert given(order, morning(12, 24)) == []
    assert len(given(order, morning(1, 22, 2027))) == 1


def test_an_offer_for_a_few_days_reminds_nobody_of_the_days_before_it_was_made() -> None:
    order, schedule = order_in(OrderState.ABGESTIMMT), load_schedule()
    award.make_offer(order, ANBIETER, T0, date(2026, 11, 27))
    assert remind(order, schedule, later(1), IDLE, WORDS) == [], "five working days before it was last week"
    assert len(remind(order, schedule, morning(11, 25), IDLE, WORDS)) == 1


def test_a_hold_is_told_of_before_it_ends() -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    award.place(order, KUNDE, T0, accepts_agb=True)
    precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, Stage.BESTELLUNG, order.check), T0, timedelta(days=24))
    assert given(order, morning(12, 14)) == []
    (event,) = given(order, morning(12, 15))
    assert isinstance(event, OrderEscalated)
    assert (event.party, event.task, event.lapses_at) == (OrderParty.KUNDE, "bring_evidence", end_of(date(2026, 12, 18)))


@pytest.mark.parametrize("state", [OrderState.PRODUKTIV, OrderState.GEKUENDIGT, OrderState.BEENDET, OrderState.ABGELEHNT])
def test_where_nobody_is_waited_for_nobody_is_reminded(state: OrderState) -> None:
    assert reminders_of(order_in(state), load_schedule(), IDLE) == []


def test_a_check_under_way_reminds_nobody() -> None:
    assert reminders_of(order_in(OrderState.INTERESSE_BEKUNDET), load_schedule(), IDLE) == []


def test_every_task_of_a_person_has_reminders_and_every_lapse_one_before_it() -> None:
    schedule = load_schedule()
    assert {rule.task for rule in schedule.waits} == set(Task) - {Task.CHECK, Task.END}
    assert {rule.deadline for rule in schedule.deadlines} == set(Deadline) - {Deadline.NOTICE}


def test_reminders_grow_more_urgent() -> None:
    for rule in load_schedule().waits:
        days = [step.days for step in rule.after]
        assert days == sorted(set(days))
        assert [len(step.to) for step in rule.after] == sorted(len(step.to) for step in rule.after)


def test_the_land_of_a_body_is_that_of_its_key_or_of_the_schedule() -> None:
    schedule = load_schedule()
    found = [schedule.land_of(body) for body in ("010540056056", "DE-SN", "komm_one", "fitko", "elsewhere")]
    assert found == [Land.SH, Land.SN, Land.BW, Land.HE, None]


def test_each_reminder_has_the_words_of_its_task() -> None:
    assert set(WORDS) == set(Task)
