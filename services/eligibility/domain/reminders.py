"""Whoever an accreditation waits for is reminded: the Anbieter of a decision, the organisation of an answer, both of its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from services.eligibility.domain.accreditation import AccreditationRecord, Reminded
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.transitions import OPEN, Actor
from shared.messages.base import Message
from shared.messages.eligibility_reminders import AccreditationEscalated, AccreditationReminded
from shared.messages.values import AccreditationState
from shared.reminders import Recipient, ReminderStep, WaitSchedule, longest_before, morning, new_steps, planned_before


class Task(StrEnum):
    """What an open accreditation waits for."""

    DECIDE_REQUEST = "decide_request"
    ANSWER_QUESTION = "answer_question"


class Schedule(WaitSchedule[Task]):
    """When the Anbieter and organisations are reminded, and their deputies. ``ends``: before the last day of what is granted."""

    RECIPIENTS: ClassVar[frozenset[Recipient]] = frozenset({Recipient.HOLDER, Recipient.DEPUTY})

    ends: tuple[ReminderStep, ...] = ()

    @property
    def steps(self) -> tuple[ReminderStep, ...]:
        """All its reminders."""
        return (*super().steps, *self.ends)

    @property
    def ahead(self) -> timedelta:
        """How long before the end of an accreditation the first reminder is due at the earliest."""
        return longest_before(self.ends)


def is_due(organisation: Organisation, schedule: Schedule, at: datetime) -> bool:
    """Return whether ``remind`` has something to do."""
    return any(new for _, _, _, new in _reminders(organisation, schedule, at))


def remind(organisation: Organisation, schedule: Schedule, at: datetime) -> list[Message]:
    """Record the reminders that are due and return an event for each accreditation that has some; none if all are given.

    Nothing of the organisation changes for anybody, nor when it was changed last.
    """
    reminded: list[Reminded] = []
    events: list[Message] = []
    for record, since, given, new in _reminders(organisation, schedule, at):
        if new:
            count = len(new) + (0 if given is None else given.count)
            reminded.append(Reminded(channel=record.channel, role=record.role, since=since, count=count, at=at))
            kind = AccreditationEscalated if any(step.escalates for step in new) else AccreditationReminded
            events.append(kind(organisation=organisation.public(), accreditation=record.public(), since=since, at=at))
        elif given is not None:
            reminded.append(given)
    if events:
        organisation.reminded = tuple(reminded)
    return events


def _reminders(
    organisation: Organisation, schedule: Schedule, at: datetime
) -> Iterator[tuple[AccreditationRecord, datetime, Reminded | None, list[ReminderStep]]]:
    """Yield each accreditation that is open or granted to a day, since when, what was given of its reminders, and what is due."""
    for record in organisation.accreditations:
        ends = record.state is AccreditationState.ERTEILT and record.valid_to is not None
        if record.state not in OPEN and not ends:
            continue
        asked = record.state is AccreditationState.RUECKFRAGE
        since = _since(record, Actor.ANBIETER if asked or ends else Actor.ORGANISATION)
        whose = (record.channel, record.role, since)
        given = next((it for it in organisation.reminded if (it.channel, it.role, it.since) == whose), None)
        count = 0 if given is None else given.count
        if ends:
            yield record, since, given, _steps_before_end(organisation, record, schedule, since, at)[count:]
            continue
        steps = schedule.steps_of(Task.ANSWER_QUESTION if asked else Task.DECIDE_REQUEST)
        land = schedule.land_of(organisation.id if asked else record.channel.value)
        yield record, since, given, new_steps(steps, since, land, at, count)


def _steps_before_end(
    organisation: Organisation, record: AccreditationRecord, schedule: Schedule, granted: datetime, at: datetime
) -> list[ReminderStep]:
    """Return the reminders of the end of a granted accreditation that are due, the first ones first."""
    if record.valid_to is None:
        return []
    last, land = record.valid_to - timedelta(days=1), schedule.land_of(organisation.id)
    return [step for day, step in planned_before(schedule.ends, last, land, granted) if morning(day) <= at]


def _since(record: AccreditationRecord, actor: Actor) -> datetime:
    """Return when a side last handed the accreditation over."""
    return max((step.at for step in record.history if step.actor is actor), default=record.requested_at)
