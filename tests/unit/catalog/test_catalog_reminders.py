"""Reminders of Anbieter who do not decide: who, from when on, once, and no more once it is decided."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from services.catalog.domain import examinations
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.domain.reminders import Schedule, is_due, remind, waits_of
from services.catalog.domain.transitions import Actor
from services.catalog.domain.waits import Task
from shared.calendar import day_of
from shared.holidays import Land
from shared.messages.catalog import OfferingSubmitted
from shared.messages.catalog_reminders import ExaminationReminder, SubmissionEscalated, SubmissionReminded
from shared.messages.values import Channel, OfferingState
from shared.reminders import Recipient, ReminderStep, WaitRule, read_schedule
from tests.support.builders.offerings import (
    AT,
    CATALOGUE,
    OFFERING_ID,
    PROVIDER,
    accept,
    admitted,
    anbieter,
    complete_form,
    contract,
    offering_in,
)

GD, FT = Channel.GOVDIGITAL, Channel.FITKO
BOTH = ["govdigital", "fitko"]
STEPS = (ReminderStep(days=5), ReminderStep(days=10, to=(Recipient.HOLDER, Recipient.DEPUTY)))
SCHEDULE = Schedule(
    lands={"govdigital": Land.BE, "fitko": Land.HE}, waits=tuple(WaitRule[Task](task=task, after=STEPS) for task in Task)
)


def morning(month: int, day: int, year: int = 2026) -> datetime:
    """Return eight in the morning of a winter's day in Germany."""
    return datetime(year, month, day, 7, tzinfo=UTC)


def public(*channels: Channel) -> Offering:
    """Return an offer that both Anbieter were asked for and these have published."""
    offering, _ = Offering.draft(OFFERING_ID, PROVIDER, complete_form(channels=BOTH), AT)
    offering.submit([Actor.BEREITSTELLER], AT, CATALOGUE, admitted)
    for channel in channels:
        accept(offering, Actor.ANBIETER, AT, channel)
        contract(offering, channel, AT)
    return offering


def edit(offering: Offering, at: datetime, **parts: object) -> None:
    form = OfferingForm.model_validate(offering.working_form.model_dump() | parts)
    offering.edit([Actor.BEREITSTELLER], at, form, CATALOGUE)


def given(offering: Offering, at: datetime) -> list[tuple[str, str, bool]]:
    """Return kind, channel and whether a version waits, of the reminders that are given at a moment."""
    due = is_due(offering, SCHEDULE, at)
    events = [event for event in remind(offering, SCHEDULE, at) if isinstance(event, ExaminationReminder)]
    assert due is bool(events)
    return [(type(event).__name__, event.submission.channels[0].value, event.new_version) for event in events]


REMINDED, ESCALATED = SubmissionReminded.__name__, SubmissionEscalated.__name__


def test_each_anbieter_is_reminded_by_itself_and_no_more_once_it_has_decided() -> None:
    offering = public()
    assert given(offering, morning(12, 1) - timedelta(seconds=1)) == []
    assert given(offering, morning(12, 1)) == [(REMINDED, "govdigital", False), (REMINDED, "fitko", False)]
    assert given(offering, morning(12, 2)) == []
    accept(offering, Actor.ANBIETER, morning(12, 2), GD)
    assert given(offering, morning(12, 8)) == [(ESCALATED, "fitko", False)]
    accept(offering, Actor.ANBIETER, morning(12, 9), FT)
    assert waits_of(offering) == []
    assert given(offering, morning(3, 1, 2027)) == []


def test_what_was_given_back_or_withdrawn_waits_for_nobody() -> None:
    offering = public()
    examinations.send_back(offering, [Actor.ANBIETER], AT, GD, "Bitte ergänzen.", anbieter(GD))
    assert [wait.channel for wait in waits_of(offering)] == [FT]
    offering.withdraw([Actor.BEREITSTELLER], AT, "Ende")
    assert waits_of(offering) == []
    assert waits_of(offering_in(OfferingState.ENTWURF)) == []


def test_the_wait_for_a_new_version_begins_with_it_and_a_version_in_its_place_begins_anew() -> None:
    offering = public(GD, FT)
    assert waits_of(offering) == []
    first = AT + timedelta(days=30)
    edit(offering, first, reifegrad=4)
    assert {(wait.task, wait.since) for wait in waits_of(offering)} == {(Task.EXAMINE_VERSION, first)}
    late = first + timedelta(days=20)
    assert given(offering, late) == [(ESCALATED, "govdigital", True), (ESCALATED, "fitko", True)]
    edit(offering, late, reifegrad=4, funding="Land")
    assert given(offering, late + timedelta(days=1)) == []
    accept(offering, Actor.ANBIETER, late, GD)
    assert given(offering, late + timedelta(days=30)) == [(ESCALATED, "fitko", True)]


def test_a_small_correction_meanwhile_does_not_begin_the_wait_anew() -> None:
    offering = public(GD)
    edit(offering, AT + timedelta(days=1), reifegrad=4)
    edit(offering, AT + timedelta(days=6), title="Führerschein")
    assert {wait.since for wait in waits_of(offering) if wait.task is Task.EXAMINE_VERSION} == {AT + timedelta(days=1)}


def test_a_further_channel_and_one_that_gets_it_again_count_from_then_on() -> None:
    offering, _ = Offering.draft(OFFERING_ID, PROVIDER, complete_form(channels=["govdigital"]), AT)
    offering.submit([Actor.BEREITSTELLER], AT, CATALOGUE, admitted)
    accept(offering, Actor.ANBIETER, AT, GD)
    contract(offering, GD, AT)
    added = AT + timedelta(days=40)
    before = offering.form.channels
    edit(offering, added, channels=tuple(BOTH))
    examinations.further(offering, before, added)
    assert [(wait.channel, wait.since) for wait in waits_of(offering)] == [(FT, added)]
    examinations.send_back(offering, [Actor.ANBIETER], added, FT, "Bitte ergänzen.", anbieter(FT))
    again = added + timedelta(days=40)
    offering.submit([Actor.BEREITSTELLER], again, CATALOGUE, admitted)
    assert [(wait.channel, wait.since) for wait in waits_of(offering)] == [(FT, again)]


def test_an_anbieter_that_gave_the_form_back_gets_it_again_with_the_wish_for_its_channel() -> None:
    offering = public(GD)
    examinations.send_back(offering, [Actor.ANBIETER], AT, FT, "Bitte ergänzen.", anbieter(FT))
    edit(offering, AT, channels=("govdigital",))
    assert FT not in offering.visible_to
    again, before = AT + timedelta(days=3), offering.form.channels
    edit(offering, again, channels=tuple(BOTH))
    (told,) = examinations.further(offering, before, again)
    assert isinstance(told, OfferingSubmitted)
    assert (told.submission.channels, offering.visible_to) == ((FT,), (GD, FT))
    assert [(wait.channel, wait.since) for wait in waits_of(offering)] == [(FT, again)]


def test_holidays_of_the_land_of_the_anbieter_do_not_count() -> None:
    offering = public()
    offering.submitted_at = datetime(2027, 3, 5, 9, tzinfo=UTC)
    days = {
        wait.channel: next(
            day
            for day in (date(2027, 3, 5) + timedelta(days=n) for n in range(20))
            if is_due(_only(offering, wait.channel), SCHEDULE, datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        )
        for wait in waits_of(offering)
    }
    assert days == {FT: date(2027, 3, 12), GD: date(2027, 3, 15)}, "Frauentag is a holiday in Berlin"


def _only(offering: Offering, channel: Channel) -> Offering:
    return offering.model_copy(update={"form": offering.form.model_copy(update={"channels": (channel,)})})


def test_a_reminder_changes_nothing_that_anybody_sees() -> None:
    offering = public(GD)
    edit(offering, AT, reifegrad=4)
    before = offering.model_dump(exclude={"reminded"})
    assert given(offering, morning(12, 15))
    assert offering.model_dump(exclude={"reminded"}) == before
    assert [it.at for it in offering.reminded] == [morning(12, 15)] * 2


def test_the_schedule_names_each_task_and_no_anbieter_beside_who_is_waited_for() -> None:
    schedule = read_schedule(Schedule, None, "services.catalog")
    assert {rule.task for rule in schedule.waits} == set(Task)
    assert all(schedule.land_of(channel.value) for channel in Channel)
    assert all(steps[-1].escalates for steps in (schedule.steps_of(task) for task in Task))
    rule = WaitRule[Task](task=Task.EXAMINE_FORM, after=(ReminderStep(days=1, to=(Recipient.ANBIETER,)),))
    with pytest.raises(ValidationError, match="ANBIETER cannot be reminded here"):
        Schedule(lands={}, waits=(rule,))


def test_days_are_german_ones() -> None:
    offering = public()
    offering.submitted_at = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert day_of(offering.submitted_at) == date(2026, 11, 25)
    assert not is_due(offering, SCHEDULE, morning(12, 1))
    assert is_due(offering, SCHEDULE, morning(12, 2))
