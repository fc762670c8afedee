"""Reminders of open accreditations: the Anbieter with a decision, the organisation with an answer, each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from services.eligibility.domain.accreditation import Term
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.reminders import Schedule, Task, is_due, remind
from services.eligibility.domain.transitions import Actor, Command
from shared.holidays import Land
from shared.messages.eligibility_reminders import AccreditationEscalated, AccreditationReminded, AccreditationReminder
from shared.messages.values import AccreditationState, Channel
from shared.reminders import Recipient, ReminderStep, WaitRule, read_schedule
from tests.support.builders.organisations import AT, HUSUM, TODAY, move, registered

STEPS = (ReminderStep(days=5), ReminderStep(days=10, to=(Recipient.HOLDER, Recipient.DEPUTY)))
SCHEDULE = Schedule(lands={"govdigital": Land.BE}, waits=tuple(WaitRule[Task](task=task, after=STEPS) for task in Task))


def morning(month: int, day: int) -> datetime:
    """Return eight in the morning of a winter's day in Germany."""
    return datetime(2026, month, day, 7, tzinfo=UTC)


def moved(organisation: Organisation, command: Command, actor: Actor, at: datetime) -> None:
    organisation.move(replace(move(command, actor), at=at))


def given(organisation: Organisation, at: datetime, schedule: Schedule = SCHEDULE) -> list[AccreditationReminder]:
    due = is_due(organisation, schedule, at)
    events = [event for event in remind(organisation, schedule, at) if isinstance(event, AccreditationReminder)]
    assert due is bool(events)
    return events


def test_the_anbieter_is_reminded_of_a_request_whether_it_has_taken_it_up_or_not() -> None:
    organisation = registered()
    assert given(organisation, morning(3, 6)) == []
    moved(organisation, Command.REVIEW, Actor.ANBIETER, morning(3, 6))
    (event,) = given(organisation, morning(3, 9))
    assert isinstance(event, AccreditationReminded)
    assert (event.since, event.accreditation.state) == (AT, AccreditationState.IN_PRUEFUNG)
    assert given(organisation, morning(3, 10)) == []
    (event,) = given(organisation, morning(3, 16))
    assert isinstance(event, AccreditationEscalated)


def test_a_question_waits_for_the_organisation_and_its_answer_for_the_anbieter_again() -> None:
    organisation = registered()
    moved(organisation, Command.REVIEW, Actor.ANBIETER, morning(3, 3))
    moved(organisation, Command.QUERY, Actor.ANBIETER, morning(3, 4))
    assert given(organisation, morning(3, 10)) == []
    (event,) = given(organisation, morning(3, 11))
    assert (event.since, event.accreditation.state) == (morning(3, 4), AccreditationState.RUECKFRAGE)
    moved(organisation, Command.ANSWER, Actor.ORGANISATION, morning(3, 12))
    assert given(organisation, morning(3, 18)) == []
    (event,) = given(organisation, morning(3, 19))
    assert (event.since, event.accreditation.state) == (morning(3, 12), AccreditationState.IN_PRUEFUNG)


def test_what_is_decided_reminds_nobody() -> None:
    organisation = registered(*Channel)
    moved(organisation, Command.REVIEW, Actor.ANBIETER, AT)
    organisation.grant(move(Command.GRANT), Term(), TODAY, date(2028, 1, 1))
    (event,) = given(organisation, morning(3, 20))
    assert event.accreditation.channel is Channel.FITKO


def test_both_sides_are_reminded_before_an_accreditation_ends_and_anew_of_a_renewed_one() -> None:
    schedule = SCHEDULE.model_copy(update={"ends": tuple(reversed(STEPS))})
    organisation = registered()
    moved(organisation, Command.REVIEW, Actor.ANBIETER, AT)
    organisation.grant(replace(move(Command.GRANT), at=AT), Term(), TODAY, date(2026, 12, 1))
    assert given(organisation, morning(11, 15), schedule) == [], "ten working days before 30 November is the 16th"
    (event,) = given(organisation, morning(11, 16), schedule)
    assert isinstance(event, AccreditationEscalated)
    assert (event.accreditation.state, event.accreditation.valid_to) == (AccreditationState.ERTEILT, date(2026, 12, 1))
    assert given(organisation, morning(11, 22), schedule) == []
    (event,) = given(organisation, morning(11, 23), schedule)
    assert isinstance(event, AccreditationReminded)
    assert given(organisation, morning(11, 30), schedule) == []
    organisation.grant(
        replace(move(Command.GRANT), at=morning(11, 30)), Term(valid_to=date(2026, 12, 24)), TODAY, date(2028, 1, 1)
    )
    assert given(organisation, morning(12, 4), schedule) == []
    assert len(given(organisation, morning(12, 10), schedule)) == 1


def test_a_grant_shorter_than_a_reminder_comes_before_its_end_reminds_nobody_of_what_was_just_granted() -> None:
    schedule = SCHEDULE.model_copy(update={"ends": (ReminderStep(days=40), *reversed(STEPS))})
    organisation = registered()
    moved(organisation, Command.REVIEW, Actor.ANBIETER, AT)
    granted = morning(11, 2)
    organisation.grant(replace(move(Command.GRANT), at=granted), Term(), TODAY, date(2026, 12, 1))
    assert given(organisation, granted + timedelta(minutes=5), schedule) == [], "forty working days before lie in September"
    assert given(organisation, morning(11, 15), schedule) == []
    assert len(given(organisation, morning(11, 16), schedule)) == 1
    assert len(given(organisation, morning(11, 23), schedule)) == 1
    assert given(organisation, morning(11, 30), schedule) == []


def test_the_end_of_an_accreditation_is_no_wait_of_anybody_else() -> None:
    with pytest.raises(ValidationError, match="ANBIETER cannot be reminded"):
        Schedule(lands={}, waits=(), ends=(ReminderStep(days=1, to=(Recipient.ANBIETER,)),))


def test_a_reminder_carries_the_state_of_the_organisation_and_changes_none_of_it() -> None:
    organisation = registered()
    before = organisation.model_dump(exclude={"reminded"})
    (event,) = given(organisation, morning(3, 30))
    assert organisation.model_dump(exclude={"reminded"}) == before
    assert (event.organisation, event.organisation.id) == (organisation.public(), HUSUM.id)


@pytest.mark.parametrize("task", Task)
def test_the_schedule_names_each_task_and_in_the_end_the_deputies(task: Task) -> None:
    schedule = read_schedule(Schedule, None, "services.eligibility")
    assert schedule.steps_of(task)[-1].to == (Recipient.HOLDER, Recipient.DEPUTY)
    assert all(schedule.land_of(channel.value) for channel in Channel)
    assert schedule.ends[-1].to == (Recipient.HOLDER, Recipient.DEPUTY)
    assert schedule.ahead > timedelta(days=max(step.days for step in schedule.ends) * 7 / 5)
