"""The Anbieter of a channel is reminded of an offer, or a new version of one, that it has not decided on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from services.catalog.domain.offering import Offering
from services.catalog.domain.waits import Reminded, Task, Wait
from shared.messages.base import Message
from shared.messages.catalog_reminders import SubmissionEscalated, SubmissionReminded
from shared.messages.values import OfferingState
from shared.reminders import Recipient, ReminderStep, WaitSchedule, new_steps


class Schedule(WaitSchedule[Task]):
    """When the Anbieter are reminded, and their deputies."""

    RECIPIENTS: ClassVar[frozenset[Recipient]] = frozenset({Recipient.HOLDER, Recipient.DEPUTY})


def waits_of(offering: Offering) -> list[Wait]:
    """Return what an offer waits for at the Anbieter of its channels: of each one decision at most, on the form or a version."""
    submitted, pending = offering.submitted_at, offering.pending
    if submitted is None or offering.state is OfferingState.ZURUECKGEZOGEN:
        return []
    handed_in = {it.channel: it.at for it in offering.handed_in}
    undecided = [channel for channel in offering.visible_to if channel not in offering.bound_channels]
    waits = [
        Wait(channel=channel, task=Task.EXAMINE_FORM, since=max(submitted, handed_in.get(channel, submitted)))
        for channel in undecided
    ]
    if pending is not None:
        waits += [Wait(channel=it, task=Task.EXAMINE_VERSION, since=pending.submitted_at) for it in offering.examining]
    return waits


def is_due(offering: Offering, schedule: Schedule, at: datetime) -> bool:
    """Return whether ``remind`` has something to do."""
    return any(new for _, _, new in _reminders(offering, schedule, at))


def remind(offering: Offering, schedule: Schedule, at: datetime) -> list[Message]:
    """Record the reminders that are due and return an event for each Anbieter that has some; none if all are given.

    It is no step: nothing of the offer changes for anybody.
    """
    reminded: list[Reminded] = []
    events: list[Message] = []
    for wait, given, new in _reminders(offering, schedule, at):
        if new:
            count = len(new) + (0 if given is None else given.count)
            reminded.append(Reminded(channel=wait.channel, since=wait.since, count=count, at=at))
            events.append(_event(offering, wait, new, at))
        elif given is not None:
            reminded.append(given)
    if events:
        offering.reminded = tuple(reminded)
    return events


def _reminders(
    offering: Offering, schedule: Schedule, at: datetime
) -> Iterator[tuple[Wait, Reminded | None, list[ReminderStep]]]:
    """Yield each wait with what was given of its reminders, and those that are due now."""
    for wait in waits_of(offering):
        given = next((it for it in offering.reminded if it.channel is wait.channel and it.since == wait.since), None)
        land = schedule.land_of(wait.channel.value)
        count = 0 if given is None else given.count
        yield wait, given, new_steps(schedule.steps_of(wait.task), wait.since, land, at, count)


def _event(offering: Offering, wait: Wait, new: list[ReminderStep], at: datetime) -> Message:
    kind = SubmissionEscalated if any(step.escalates for step in new) else SubmissionReminded
    return kind(
        submission=offering.submission((wait.channel,)),
        new_version=wait.task is Task.EXAMINE_VERSION,
        since=wait.since,
        at=at,
    )
