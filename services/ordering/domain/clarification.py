"""The Abstimmung between Bereitsteller and Kunde: open points, questions, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from services.ordering.domain.checklist import Checklists
from services.ordering.domain.formats import checked
from services.ordering.domain.interest import choose_anbindungsart
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor, Point, Question, Refusal
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.errors import ForbiddenError, InvalidError, NotFoundError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.ordering import (
    ClarificationStarted,
    ConditionsConfirmed,
    OrderDeclined,
    OrderParty,
    PointAdded,
    PointSettled,
    QuestionAnswered,
    QuestionAsked,
)
from shared.messages.values import Anbindungsart, Condition

P = TypeVar("P", Point, Question)

MOST_POINTS = 100
MOST_QUESTIONS = 100
SIDES = {OrderParty.KUNDE: OrderParty.BEREITSTELLER, OrderParty.BEREITSTELLER: OrderParty.KUNDE}


@dataclass(frozen=True, slots=True)
class NewPoint:
    """A point that is not on the standard list. ``owner`` is KUNDE or BEREITSTELLER."""

    label: str
    owner: OrderParty
    mandatory: bool = True


def start(
    order: Order,
    actor: Actor,
    at: datetime,
    checklists: Checklists,
    anbindungsart: Anbindungsart | None = None,
    further: Sequence[NewPoint] = (),
) -> list[Message]:
    """Take up the Abstimmung with the standard list of the Anbindungsart and ``further`` points.

    Without a choice it is the Anbindungsart that the offer names first. Raises InvalidError for one that is not offered.
    """
    target = order.permit(Command.START_CLARIFICATION, actor, at)
    if target is None:
        return []
    own = [_point(derived_id("point", order.id, "further", str(position)), new, at) for position, new in enumerate(further)]
    chosen = anbindungsart or order.anbindungsart or order.anbindungsarten.value[0]
    choose_anbindungsart(order, chosen)
    order.points.value = [
        Point(
            id=derived_id("point", order.id, entry.code),
            code=entry.code,
            label=entry.label.de,
            label_en=entry.label.en,
            owner=entry.owner,
            mandatory=entry.mandatory,
            format=entry.format,
            since=at,
        )
        for entry in checklists.points_for(chosen, order.offering_id, day_of(at))
    ]
    order.points.value += own
    order.enter(Command.START_CLARIFICATION, actor, at, target, str(chosen))
    return [ClarificationStarted(order=order.head(), at=at, points=tuple(point.label for point in order.points.value))]


def add_point(order: Order, actor: Actor, at: datetime, point_id: str, new: NewPoint) -> list[Message]:
    """Put a further point on the list. Raises InvalidError (``too_many_points``)."""
    order.permit(Command.ADD_POINT, actor, at)
    if any(point.id == point_id for point in order.points.value):
        return []
    if len(order.points.value) >= MOST_POINTS:
        raise InvalidError(f"The list holds {MOST_POINTS} points, which is the most.", code="too_many_points")
    order.points.value.append(_point(point_id, new, at))
    order.enter(Command.ADD_POINT, actor, at, order.state, new.label)
    return [PointAdded(order=order.head(), at=at, point_id=point_id, label=new.label, owner=new.owner)]


def settle_point(order: Order, actor: Actor, at: datetime, point_id: str, value: str, note: str | None = None) -> list[Message]:
    """Settle a point with its value; only its owner can, and may correct the value until the conditions are confirmed.

    Raises NotFoundError, ForbiddenError (``not_the_owner``), InvalidError (``value_malformed``).
    """
    order.permit(Command.SETTLE_POINT, actor, at)
    point = _found(order.points.value, point_id, order)
    _require_owner(point.owner, actor, point.label)
    value = checked(point.format, value)
    if (point.value, point.note) == (value, note):
        return []
    point.value, point.note = value, note
    point.settled_at, point.settled_by = at, actor.person
    order.enter(Command.SETTLE_POINT, actor, at, order.state, point.label)
    return [
        PointSettled(
            order=order.head(),
            at=at,
            point_id=point.id,
            label=point.label,
            owner=point.owner,
            open_points=len(order.open_points()),
        )
    ]


def ask(order: Order, actor: Actor, at: datetime, question_id: str, text: str) -> list[Message]:
    """Ask the other side. Raises InvalidError (``too_many_questions``)."""
    order.permit(Command.ASK, actor, at)
    if any(question.id == question_id for question in order.questions.value):
        return []
    if len(order.questions.value) >= MOST_QUESTIONS:
        raise InvalidError(f"There are {MOST_QUESTIONS} questions, which is the most.", code="too_many_questions")
    order.questions.value.append(
        Question(id=question_id, text=text, asked_by=actor.party, asked_of=SIDES[actor.party], asked_at=at)
    )
    order.enter(Command.ASK, actor, at, order.state)
    return [QuestionAsked(order=order.head(), at=at, question_id=question_id, asked_by=actor.party)]


def answer(order: Order, actor: Actor, at: datetime, question_id: str, text: str) -> list[Message]:
    """Answer a question of the other side, once. Raises NotFoundError, ForbiddenError, ConflictError (``already_answered``)."""
    order.permit(Command.ANSWER, actor, at)
    question = _found(order.questions.value, question_id, order)
    _require_owner(question.asked_of, actor, "the question")
    if question.answer == text:
        return []
    if question.answered_at is not None:
        raise order.conflict(
            "already_answered", "The question has an answer; ask anew if it is not enough.", Command.ANSWER, actor, at
        )
    question.answer, question.answered_at = text, at
    order.enter(Command.ANSWER, actor, at, order.state)
    return [QuestionAnswered(order=order.head(), at=at, question_id=question.id, answered_by=actor.party)]


def confirm_conditions(order: Order, actor: Actor, at: datetime, texts: Sequence[str]) -> list[Message]:
    """Confirm that reuse is possible, and on which conditions (Abstimmungsschreiben); they become part of the contract.

    Raises ConflictError ``points_open`` or ``questions_open``, and ``already_confirmed`` if other conditions are confirmed.
    """
    target = order.permit(Command.CONFIRM_CONDITIONS, actor, at)
    if target is None:
        if [condition.text for condition in order.conditions.value] != list(texts):
            raise order.conflict("already_confirmed", "Other conditions are confirmed.", Command.CONFIRM_CONDITIONS, actor, at)
        return []
    order.conditions.value = [
        Condition(id=derived_id("condition", order.id, str(position)), text=text, agreed_at=at)
        for position, text in enumerate(texts)
    ]
    order.enter(Command.CONFIRM_CONDITIONS, actor, at, target)
    return [ConditionsConfirmed(order=order.head(), at=at, conditions=tuple(order.conditions.value))]


def decline(order: Order, actor: Actor, at: datetime, reason: str) -> list[Message]:
    """Decline as Bereitsteller."""
    target = order.permit(Command.DECLINE, actor, at)
    if target is None:
        return []
    order.refusal.value = Refusal(code="declined", reason=reason)
    order.enter(Command.DECLINE, actor, at, target, reason)
    return [OrderDeclined(order=order.head(), at=at, reason=reason)]


def _point(point_id: str, new: NewPoint, at: datetime) -> Point:
    if new.owner not in SIDES:
        raise InvalidError("A point belongs to KUNDE or BEREITSTELLER.", code="owner_invalid", owner=str(new.owner))
    return Point(id=point_id, label=new.label, owner=new.owner, mandatory=new.mandatory, since=at)


def _require_owner(owner: OrderParty, actor: Actor, what: str) -> None:
    if actor.party is not owner:
        raise ForbiddenError(f"{what} is for {owner} to settle.", code="not_the_owner", owner=str(owner))


def _found(items: Iterable[P], item_id: str, order: Order) -> P:
    for item in items:
        if item.id == item_id:
            return item
    raise NotFoundError(f"{order.number} has nothing with the id {item_id}.", order_id=order.id, id=item_id)
