"""Delivery: the Anbindung with its milestones, productive use, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.ordering.domain.checklist import Checklists
from services.ordering.domain.clarification import SIDES
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor, Milestone
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.errors import ForbiddenError, InvalidError, NotFoundError
from shared.messages.base import Message
from shared.messages.ordering import (
    MilestoneReached,
    OnboardingStarted,
    OrderEnded,
    OrderParty,
    OrderTerminated,
    WentLive,
)


@dataclass(frozen=True, slots=True)
class NewMilestone:
    """A milestone that is not on the standard list. ``owner`` is KUNDE or BEREITSTELLER."""

    code: str
    label: str
    owner: OrderParty
    mandatory: bool = True


def start_onboarding(
    order: Order, actor: Actor, at: datetime, checklists: Checklists, further: Sequence[NewMilestone] = ()
) -> list[Message]:
    """Begin the Anbindung with the standard milestones of the Anbindungsart and ``further`` ones.

    Raises InvalidError for a code that occurs twice (``milestone_repeated``) or an owner who is no side (``owner_invalid``).
    """
    target = order.permit(Command.START_ONBOARDING, actor, at)
    if target is None:
        return []
    anbindungsart = order.anbindungsart or order.anbindungsarten.value[0]
    milestones = [
        Milestone(code=entry.code, label=entry.label.de, label_en=entry.label.en, owner=entry.owner, mandatory=entry.mandatory)
        for entry in checklists.milestones_for(anbindungsart, order.offering_id, day_of(at))
    ]
    for new in further:
        if new.owner not in SIDES:
            raise InvalidError("A milestone belongs to KUNDE or BEREITSTELLER.", code="owner_invalid", owner=str(new.owner))
        if any(milestone.code == new.code for milestone in milestones):
            raise InvalidError(f"The milestone {new.code} occurs twice.", code="milestone_repeated", milestone=new.code)
        milestones.append(Milestone(code=new.code, label=new.label, owner=new.owner, mandatory=new.mandatory))
    order.milestones.value = milestones
    order.enter(Command.START_ONBOARDING, actor, at, target)
    return [OnboardingStarted(order=order.head(), at=at, milestones=tuple(milestone.label for milestone in milestones))]


def reach_milestone(order: Order, actor: Actor, at: datetime, code: str, note: str | None = None) -> list[Message]:
    """Report a milestone as reached; only its owner can. Raises NotFoundError, ForbiddenError (``not_the_owner``)."""
    order.permit(Command.REACH_MILESTONE, actor, at)
    milestone = next((milestone for milestone in order.milestones.value if milestone.code == code), None)
    if milestone is None:
        raise NotFoundError(f"{order.number} has no milestone {code}.", order_id=order.id, milestone=code)
    if milestone.owner is not actor.party:
        raise ForbiddenError(
            f"{milestone.label} is for {milestone.owner} to report.", code="not_the_owner", owner=str(milestone.owner)
        )
    if milestone.reached_at is not None:
        return []
    milestone.reached_at, milestone.reached_by, milestone.note = at, actor.person, note
    order.enter(Command.REACH_MILESTONE, actor, at, order.state, milestone.label)
    return [
        MilestoneReached(
            order=order.head(),
            at=at,
            milestone=milestone.code,
            label=milestone.label,
            open_milestones=len(order.open_milestones()),
        )
    ]


def go_live(order: Order, actor: Actor, at: datetime) -> list[Message]:
    """Declare productive use. Raises ConflictError (``milestones_open``)."""
    target = order.permit(Command.GO_LIVE, actor, at)
    if target is None:
        return []
    order.enter(Command.GO_LIVE, actor, at, target)
    return [WentLive(order=order.head(), at=at)]


def terminate(order: Order, actor: Actor, at: datetime, ends_on: date) -> list[Message]:
    """Give notice; the use goes on through the day ``ends_on``.

    Raises InvalidError (``ends_on_past``), ConflictError (``already_terminated``) if notice was given for another day.
    """
    target = order.permit(Command.TERMINATE, actor, at)
    if target is None:
        if order.ends_on != ends_on:
            raise order.conflict("already_terminated", "Notice was given for another day.", Command.TERMINATE, actor, at)
        return []
    if ends_on < day_of(at):
        raise InvalidError(f"{ends_on.isoformat()} has passed.", code="ends_on_past", ends_on=ends_on.isoformat())
    order.ends_on = ends_on
    order.enter(Command.TERMINATE, actor, at, target, ends_on.isoformat())
    return [OrderTerminated(order=order.head(), at=at, ends_on=ends_on, by=actor.party)]


def end(order: Order, actor: Actor, at: datetime) -> list[Message]:
    """Record the end of use, on the day of the notice or later. Raises ConflictError (``notice_running``)."""
    target = order.permit(Command.END, actor, at)
    if target is None:
        return []
    order.enter(Command.END, actor, at, target)
    return [OrderEnded(order=order.head(), at=at)]
