"""Both sides are reminded before a contract ends, each time once; a last day that is moved has reminders of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.contracts.domain.amending import text_of
from services.contracts.domain.contract import Contract
from services.contracts.domain.reminders import Schedule, is_due, remind
from services.contracts.domain.text import Amendment
from services.contracts.domain.transitions import Actor, ContractState
from services.contracts.numbering import Number
from shared.calendar import GERMANY
from shared.holidays import Land
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts_chain import ChainState
from shared.messages.contracts_changes import AgreedPart
from shared.messages.contracts_reminders import ContractEndEscalated, ContractEndReminded, ContractEndReminder
from shared.messages.values import Channel
from shared.reminders import Recipient, ReminderStep, read_schedule
from tests.unit.contracts.test_contracts_contract import draft, terms

DEPUTIES = (Recipient.HOLDER, Recipient.DEPUTY)
SCHEDULE = Schedule(
    lands={},
    ends=(ReminderStep(days=10, to=DEPUTIES), ReminderStep(days=40)),
    noticed=(ReminderStep(days=5),),
)
LAST = date(2027, 12, 31)
FIRST_DAY, SECOND_DAY = date(2027, 11, 4), date(2027, 12, 17)
"""Forty and ten working days before it in Sachsen: Buß- und Bettag is none, nor are the days of Christmas."""


def morning(day: date) -> datetime:
    return datetime.combine(day, time(8), GERMANY)


def running(**changes: Any) -> Contract:
    """Return a contract of a Land that was concluded on 24 November 2026."""
    contract = draft()
    contract.conclude(Number(2026, 1), "FITST/2026/0001", Actor.PROZESSOR)
    return contract.model_copy(update={"valid_to": LAST} | changes)


def given(contract: Contract, at: datetime) -> list[Message]:
    due, before = is_due(contract, SCHEDULE, at), contract.model_dump(exclude={"end_reminders"})
    events = remind(contract, SCHEDULE, at)
    assert due is bool(events)
    assert contract.model_dump(exclude={"end_reminders"}) == before, "a reminder changes nothing"
    return events


def test_both_sides_are_reminded_on_the_mornings_that_are_planned_and_at_last_their_deputies() -> None:
    contract = running()
    assert given(contract, morning(FIRST_DAY) - timedelta(seconds=1)) == []
    (first,) = given(contract, morning(FIRST_DAY))
    assert isinstance(first, ContractEndReminded)
    assert (first.contract.ends_on, first.contract.state) == (LAST, ChainState.GESCHLOSSEN)
    assert given(contract, morning(SECOND_DAY) - timedelta(seconds=1)) == []
    (second,) = given(contract, morning(SECOND_DAY))
    assert isinstance(second, ContractEndEscalated)
    assert given(contract, morning(LAST)) == []
    assert contract.end_reminders is not None
    assert (contract.end_reminders.last_day, contract.end_reminders.days) == (LAST, (FIRST_DAY, SECOND_DAY))


def test_what_has_fallen_due_while_nobody_looked_is_one_reminder() -> None:
    (event,) = given(running(), morning(SECOND_DAY))
    assert isinstance(event, ContractEndEscalated)


def test_a_contract_without_a_last_day_reminds_nobody() -> None:
    assert given(running(valid_to=None), morning(LAST)) == []


@pytest.mark.parametrize("state", sorted(set(ContractState) - {ContractState.GESCHLOSSEN, ContractState.GEKUENDIGT}))
def test_a_contract_that_does_not_run_reminds_nobody(state: ContractState) -> None:
    assert given(running(state=state), morning(LAST)) == []


def test_after_a_notice_there_is_one_reminder_more() -> None:
    contract = running(valid_to=None)
    contract.give_notice(date(2027, 3, 1), LAST, datetime(2027, 3, 1, 9, tzinfo=UTC), Actor.KUNDE)
    assert given(contract, morning(SECOND_DAY)) == []
    (event,) = given(contract, morning(date(2027, 12, 24)))
    assert isinstance(event, ContractEndReminded)
    assert (event.contract.state, event.contract.ends_on) == (ChainState.GEKUENDIGT, LAST)
    assert given(contract, morning(LAST)) == []


def test_a_notice_for_a_day_that_is_near_reminds_nobody_of_what_was_just_told() -> None:
    contract = running(valid_to=None)
    contract.give_notice(date(2027, 12, 24), LAST, datetime(2027, 12, 24, 9, tzinfo=UTC), Actor.KUNDE)
    assert given(contract, morning(date(2027, 12, 30))) == []


def test_a_short_contract_reminds_nobody_of_days_before_it_was_concluded() -> None:
    contract = running(valid_to=date(2026, 12, 31))
    assert given(contract, datetime(2026, 11, 24, 11, tzinfo=UTC)) == []
    assert len(given(contract, morning(date(2026, 12, 31)))) == 1


def test_a_last_day_that_is_agreed_anew_has_reminders_of_its_own() -> None:
    contract = running()
    assert len(given(contract, morning(SECOND_DAY))) == 1
    agreed = morning(SECOND_DAY) + timedelta(days=1)
    contract.valid_to = date(2028, 12, 29)
    contract.amendments = (amendment(agreed),)
    assert given(contract, morning(LAST)) == []
    assert len(given(contract, morning(date(2028, 11, 1)))) == 1


def amendment(agreed_at: datetime) -> Amendment:
    before = text_of(running(), terms())
    name = derived_id("test", "amendment")
    return Amendment(id=name, version=2, agreed_at=agreed_at, parts=(AgreedPart.VALID_TO,), before=before, signatures=())


def test_the_schedule_delivered_reminds_of_both_ends_and_the_deputies_at_last() -> None:
    schedule = read_schedule(Schedule, None, "services.contracts")
    assert min(schedule.ends, key=lambda step: step.days).to == DEPUTIES
    assert schedule.noticed
    assert schedule.ahead > timedelta(days=max(step.days for step in schedule.steps) * 7 / 5)
    assert {schedule.land_of(channel.value) for channel in Channel} == {Land.HE, Land.BE}


def test_a_schedule_names_no_third_party() -> None:
    with pytest.raises(ValidationError, match="ANBIETER cannot be reminded"):
        Schedule(lands={}, noticed=(ReminderStep(days=1, to=(Recipient.ANBIETER,)),))


def test_a_reminder_is_an_event_of_the_contract() -> None:
    (event,) = given(running(), morning(FIRST_DAY))
    assert isinstance(event, ContractEndReminder)
    assert event.contract.order_id is not None
