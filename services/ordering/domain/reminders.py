"""Reminders: whoever holds the ball is reminded while a Vorgang waits and before it lapses, by a schedule that is data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.ordering.domain.checklist import Label
from services.ordering.domain.klient import Klient
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import Milestone, Task, Waiting
from shared.calendar import day_of, last_day_before
from shared.holidays import Land, working_day
from shared.messages.base import Message, Value
from shared.messages.ordering import OrderEscalated, OrderParty, OrderReminded
from shared.messages.ordering_klienten import KlientReminded
from shared.reminders import Recipient, ReminderStep, WaitSchedule, morning, new_steps, planned_before


class DeadlineRule(Value):
    """Reminders before something happens by itself, counted back from its last day."""

    deadline: Deadline
    before: tuple[ReminderStep, ...]


class TargetRule(Value):
    """Reminders before and after the planned day of a milestone, to its owner, counted by working days of its Land."""

    before: tuple[ReminderStep, ...] = ()
    after: tuple[ReminderStep, ...] = ()


class Schedule(WaitSchedule[Task]):
    """Who is reminded when.

    ``klienten``: reminders of a Klient that has not answered, to anybody but the HOLDER means to the Bündler.
    """

    deadlines: tuple[DeadlineRule, ...]
    targets: TargetRule = TargetRule()
    klienten: tuple[ReminderStep, ...] = ()

    def steps_before(self, deadline: Deadline) -> tuple[ReminderStep, ...]:
        """Return the reminders before a deadline."""
        return next((rule.before for rule in self.deadlines if rule.deadline is deadline), ())


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder of a Vorgang as it is now. ``key`` is the same as long as nothing moves.

    With ``milestone`` it is about the planned day of that one, whoever holds the ball.
    """

    key: str
    at: datetime
    to: tuple[Recipient, ...]
    milestone: Milestone | None = None


def reminders_of(order: Order, schedule: Schedule, idle_after: timedelta) -> list[Reminder]:
    """Return all reminders of a Vorgang in its present wait, given ones and later ones, first those that are due first."""
    waiting = order.waiting
    if waiting is None or waiting.party is OrderParty.SYSTEM:
        return []
    land = schedule.land_of(_organisation_of(order, waiting.party))
    found = [
        *_while_waiting(waiting, schedule, land),
        *_before_deadline(order, waiting, schedule, land, idle_after),
        *_around_targets(order, schedule),
    ]
    return sorted(found, key=lambda reminder: (reminder.at, reminder.key))


def due_of(order: Order, reminders: Iterable[Reminder], at: datetime) -> list[Reminder]:
    """Return those of the reminders of a Vorgang that are due at a moment and not given yet."""
    given = set(order.reminded.value)
    return [it for it in reminders if it.at <= at and it.key not in given]


def remind(order: Order, schedule: Schedule, at: datetime, idle_after: timedelta, words: Mapping[Task, Label]) -> list[Message]:
    """Record the reminders that are due and return one event for them, that of the last; none if all are given.

    Each milestone whose planned day is near or has passed has an event of its own.
    It is no step: the wait goes on and no deadline moves.
    """
    present = reminders_of(order, schedule, idle_after)
    due = due_of(order, present, at)
    waiting = order.waiting
    if not due or waiting is None:
        return _remind_klienten(order, schedule, at)
    given = {*order.reminded.value, *(it.key for it in due)}
    order.reminded.value = [it.key for it in present if it.key in given]
    order.reminded_at = at
    deadline = order.deadline(idle_after)
    head = {"order": order.head(), "at": at}
    about = {
        "party": waiting.party,
        "task": waiting.what.value,
        "label": words[waiting.what].de,
        "label_en": words[waiting.what].en,
        "since": waiting.since,
        "lapses_at": None if deadline is None else deadline[1],
    }
    general = [it for it in due if it.milestone is None]
    events = [_event(general, head | about)] if general else []
    for milestone, day in order.open_targets():
        if own := [it for it in due if it.milestone is milestone]:
            events.append(_event(own, head | _about_target(order, milestone, day)))
    return [*events, *_remind_klienten(order, schedule, at)]


def late_klienten(order: Order, schedule: Schedule, at: datetime) -> list[tuple[Klient, list[ReminderStep]]]:
    """Return the Klienten that have not answered, each with the reminders that are due now; those with one not given alone."""
    found = []
    for klient in order.asked_klienten():
        due = new_steps(schedule.klienten, klient.named_at, schedule.land_of(klient.id), at)
        if len(due) > klient.reminded:
            found.append((klient, due))
    return found


def _remind_klienten(order: Order, schedule: Schedule, at: datetime) -> list[Message]:
    events: list[Message] = []
    for klient, due in late_klienten(order, schedule, at):
        escalated = any(step.escalates for step in due[klient.reminded :])
        klient.reminded = len(due)
        party = klient.party
        events.append(KlientReminded(order=order.head(), at=at, klient=party, since=klient.named_at, escalated=escalated))
    return events


def _event(due: Sequence[Reminder], fields: dict[str, Any]) -> Message:
    """Return what is told for reminders that are due together."""
    escalated = {recipient for reminder in due for recipient in reminder.to} - {Recipient.HOLDER}
    if not escalated:
        return OrderReminded(**fields)
    return OrderEscalated(**fields, to_anbieter=Recipient.ANBIETER in escalated)


def _about_target(order: Order, milestone: Milestone, day: date) -> dict[str, Any]:
    return {
        "party": milestone.owner,
        "task": Task.REACH_MILESTONES.value,
        "label": milestone.label,
        "label_en": milestone.label_en or milestone.label,
        "since": order.state_since,
        "planned_on": day,
    }


def _around_targets(order: Order, schedule: Schedule) -> Iterator[Reminder]:
    for milestone, day in order.open_targets():
        land = schedule.land_of(_organisation_of(order, milestone.owner))
        planned = [(working_day(day, step.days, land), step.days, step.to) for step in schedule.targets.after]
        before = planned_before(schedule.targets.before, day, land, order.target_set_at(milestone.code) or order.state_since)
        planned += [(due, -step.days, step.to) for due, step in before]
        for due, days, to in planned:
            yield Reminder(f"milestone:{milestone.code}@{day.isoformat()}{days:+}", morning(due), to, milestone)


def _while_waiting(waiting: Waiting, schedule: Schedule, land: Land | None) -> Iterator[Reminder]:
    if waiting.planned_on is not None:
        return  # the planned day counts, not how long it takes
    for step in schedule.steps_of(waiting.what):
        day = working_day(day_of(waiting.since), step.days, land)
        yield Reminder(f"{waiting.what.value}@{waiting.since.isoformat()}+{step.days}", morning(day), step.to)


def _before_deadline(
    order: Order, waiting: Waiting, schedule: Schedule, land: Land | None, idle_after: timedelta
) -> Iterator[Reminder]:
    deadline = order.deadline(idle_after)
    if deadline is None:
        return
    kind, moment = deadline
    last = last_day_before(moment)
    for day, step in planned_before(schedule.steps_before(kind), last, land, waiting.since):
        yield Reminder(f"{kind.value}@{last.isoformat()}-{step.days}", morning(day), step.to)


def _organisation_of(order: Order, party: OrderParty) -> str:
    organisations = {OrderParty.KUNDE: order.customer_id, OrderParty.BEREITSTELLER: order.provider_id}
    return organisations.get(party, order.channel.value)
