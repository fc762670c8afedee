"""Delivery: the Anbindung with its milestones, and productive use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.ordering.domain.checklist import Checklists
from services.ordering.domain.guards import Violation
from services.ordering.domain.order import Order
from services.ordering.domain.parts import OTHER_SIDE, Actor, Milestone, TargetDay, in_english
from services.ordering.domain.steps import Taken, step
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.errors import ForbiddenError, InvalidError, NotFoundError
from shared.messages.ordering import (
    MilestonePlanned,
    MilestoneReached,
    OnboardingStarted,
    OrderParty,
    WentLive,
)


@dataclass(frozen=True, slots=True)
class NewMilestone:
    """A milestone that is not on the standard list. ``owner`` is KUNDE or BEREITSTELLER."""

    code: str
    label: str
    owner: OrderParty
    mandatory: bool = True


@step(Command.START_ONBOARDING)
def start_onboarding(
    order: Order, _actor: Actor, at: datetime, checklists: Checklists, further: Sequence[NewMilestone] = ()
) -> Taken:
    """Begin the Anbindung with the standard milestones of the Anbindungsart and ``further`` ones.

    Raises InvalidError for a code that occurs twice (``milestone_repeated``) or an owner who is no side (``owner_invalid``).
    """
    anbindungsart = order.anbindungsart or order.anbindungsarten.value[0]
    milestones = [
        Milestone(code=entry.code, label=entry.label.de, label_en=entry.label.en, owner=entry.owner, mandatory=entry.mandatory)
        for entry in checklists.milestones_for(anbindungsart, order.offering_id, day_of(at))
    ]
    for new in further:
        if new.owner not in OTHER_SIDE:
            raise InvalidError("A milestone belongs to KUNDE or BEREITSTELLER.", code="owner_invalid", owner=str(new.owner))
        if any(milestone.code == new.code for milestone in milestones):
            raise InvalidError(f"The milestone {new.code} occurs twice.", code="milestone_repeated", milestone=new.code)
        milestones.append(Milestone(code=new.code, label=new.label, owner=new.owner, mandatory=new.mandatory))
    order.milestones.value = milestones
    labels = tuple(milestone.label for milestone in milestones)
    english = in_english(milestones)
    return Taken(lambda: OnboardingStarted(order=order.head(), at=at, milestones=labels, milestones_en=english))


@step(Command.PLAN_MILESTONE)
def plan_milestone(
    order: Order, actor: Actor, at: datetime, code: str, day: date, reason: str | None = None
) -> Taken | Violation | None:
    """Set the day in Germany by which a milestone is to be reached, or move it; only its owner can, and says why it moves.

    Raises NotFoundError, ForbiddenError (``not_the_owner``), InvalidError (``target_day_past``, ``reason_missing``),
    ConflictError (``milestone_reached``).
    """
    milestone = _own(order, actor, code)
    before = order.target_of(code)
    if before == day:
        return None
    if milestone.reached_at is not None:
        return Violation("milestone_reached", f"{milestone.label} is reached.")
    if day < day_of(at):
        raise InvalidError(f"{day.isoformat()} has passed.", code="target_day_past", day=day.isoformat())
    if before is not None and reason is None:
        raise InvalidError("Whoever moves a planned day says why.", code="reason_missing", planned_on=before.isoformat())
    order.target_days.value = [it for it in order.target_days.value if it.milestone != code]
    order.target_days.value.append(TargetDay(milestone=code, day=day, set_at=at))
    return Taken(
        lambda: MilestonePlanned(
            order=order.head(),
            at=at,
            milestone=milestone.code,
            label=milestone.label,
            label_en=milestone.label_en,
            by=actor.party,
            day=day,
            before=before,
            reason=reason,
        ),
        note=f"{milestone.label}: {day.isoformat()}" if reason is None else f"{milestone.label}: {day.isoformat()}. {reason}",
    )


@step(Command.REACH_MILESTONE)
def reach_milestone(order: Order, actor: Actor, at: datetime, code: str, note: str | None = None) -> Taken | None:
    """Report a milestone as reached; only its owner can. Raises NotFoundError, ForbiddenError (``not_the_owner``)."""
    milestone = _own(order, actor, code)
    if milestone.reached_at is not None:
        return None
    milestone.reached_at, milestone.reached_by, milestone.note = at, actor.person, note
    return Taken(
        lambda: MilestoneReached(
            order=order.head(),
            at=at,
            milestone=milestone.code,
            label=milestone.label,
            open_milestones=len(order.open_milestones()),
            label_en=milestone.label_en,
            by=actor.party,
        ),
        note=milestone.label,
    )


@step(Command.GO_LIVE)
def go_live(order: Order, _actor: Actor, at: datetime) -> Taken:
    """Declare productive use. Raises ConflictError (``milestones_open``)."""
    return Taken(lambda: WentLive(order=order.head(), at=at))


def _own(order: Order, actor: Actor, code: str) -> Milestone:
    milestone = next((milestone for milestone in order.milestones.value if milestone.code == code), None)
    if milestone is None:
        raise NotFoundError(f"{order.number} has no milestone {code}.", order_id=order.id, milestone=code)
    if milestone.owner is not actor.party:
        raise ForbiddenError(
            f"{milestone.label} is for {milestone.owner} to report.", code="not_the_owner", owner=str(milestone.owner)
        )
    return milestone
