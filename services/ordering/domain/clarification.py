"""The Abstimmung between Bereitsteller and Kunde: open points, questions, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from services.ordering.domain.checklist import Checklists
from services.ordering.domain.formats import checked
from services.ordering.domain.guards import Violation
from services.ordering.domain.order import Order
from services.ordering.domain.parts import OTHER_SIDE, Actor, Point, PointExample, Question, in_english
from services.ordering.domain.steps import Taken, step
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.errors import ForbiddenError, InvalidError, NotFoundError
from shared.ids import derived_id
from shared.messages.ordering import (
    ClarificationStarted,
    ConditionsConfirmed,
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


@dataclass(frozen=True, slots=True)
class NewPoint:
    """A point that is not on the standard list. ``owner`` is KUNDE or BEREITSTELLER."""

    label: str
    owner: OrderParty
    mandatory: bool = True


@step(Command.START_CLARIFICATION)
def start(
    order: Order,
    _actor: Actor,
    at: datetime,
    checklists: Checklists,
    anbindungsart: Anbindungsart | None = None,
    further: Sequence[NewPoint] = (),
) -> Taken:
    """Start the Abstimmung with the standard list of the Anbindungsart and ``further`` points.

    Without a choice it is the Anbindungsart that the offer names first. Raises InvalidError for one that is not offered.
    """
    own = [_point(derived_id("point", order.id, "further", str(position)), new, at) for position, new in enumerate(further)]
    chosen = anbindungsart or order.anbindungsart or order.anbindungsarten.value[0]
    order.choose_anbindungsart(chosen)
    entries = checklists.points_for(chosen, order.offering_id, day_of(at))
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
        for entry in entries
    ]
    order.examples.value = [
        PointExample(point=derived_id("point", order.id, it.code), text=it.example) for it in entries if it.example is not None
    ]
    order.points.value += own
    labels = tuple(point.label for point in order.points.value)
    english = in_english(order.points.value)
    return Taken(lambda: ClarificationStarted(order=order.head(), at=at, points=labels, points_en=english), note=str(chosen))


@step(Command.ADD_POINT)
def add_point(order: Order, actor: Actor, at: datetime, point_id: str, new: NewPoint) -> Taken | None:
    """Put a further point on the list. Raises InvalidError (``too_many_points``)."""
    if any(point.id == point_id for point in order.points.value):
        return None
    if len(order.points.value) >= MOST_POINTS:
        raise InvalidError(f"The list holds {MOST_POINTS} points, which is the most.", code="too_many_points")
    order.points.value.append(_point(point_id, new, at))
    return Taken(
        lambda: PointAdded(order=order.head(), at=at, point_id=point_id, label=new.label, owner=new.owner, by=actor.party),
        note=new.label,
    )


@step(Command.SETTLE_POINT)
def settle_point(order: Order, actor: Actor, at: datetime, point_id: str, value: str, note: str | None = None) -> Taken | None:
    """Settle a point with its value; only its owner can, and may correct the value until the conditions are confirmed.

    Raises NotFoundError, ForbiddenError (``not_the_owner``), InvalidError (``value_malformed``).
    """
    point = _found(order.points.value, point_id, order)
    _require_owner(point.owner, actor, point.label)
    value = checked(point.format, value, order.example_of(point.id))
    if (point.value, point.note) == (value, note):
        return None
    point.value, point.note = value, note
    point.settled_at, point.settled_by = at, actor.person
    return Taken(
        lambda: PointSettled(
            order=order.head(),
            at=at,
            point_id=point.id,
            label=point.label,
            owner=point.owner,
            open_points=len(order.open_points()),
            label_en=point.label_en,
        ),
        note=point.label,
    )


@step(Command.ASK)
def ask(order: Order, actor: Actor, at: datetime, question_id: str, text: str) -> Taken | None:
    """Ask the other side. Raises InvalidError (``too_many_questions``)."""
    if any(question.id == question_id for question in order.questions.value):
        return None
    if len(order.questions.value) >= MOST_QUESTIONS:
        raise InvalidError(f"There are {MOST_QUESTIONS} questions, which is the most.", code="too_many_questions")
    order.questions.value.append(
        Question(id=question_id, text=text, asked_by=actor.party, asked_of=OTHER_SIDE[actor.party], asked_at=at)
    )
    return Taken(lambda: QuestionAsked(order=order.head(), at=at, question_id=question_id, asked_by=actor.party))


@step(Command.ANSWER)
def answer(order: Order, actor: Actor, at: datetime, question_id: str, text: str) -> Taken | Violation | None:
    """Answer a question of the other side, once. Raises NotFoundError, ForbiddenError, ConflictError (``already_answered``)."""
    question = _found(order.questions.value, question_id, order)
    _require_owner(question.asked_of, actor, "the question")
    if question.answer == text:
        return None
    if question.answered_at is not None:
        return Violation("already_answered", "The question has an answer; ask anew if it is not enough.")
    question.answer, question.answered_at = text, at
    return Taken(lambda: QuestionAnswered(order=order.head(), at=at, question_id=question.id, answered_by=actor.party))


def _other_conditions(order: Order, _actor: Actor, _at: datetime, texts: Sequence[str]) -> Violation | None:
    if [condition.text for condition in order.conditions.value] == list(texts):
        return None
    return Violation("already_confirmed", "Other conditions are confirmed.")


@step(Command.CONFIRM_CONDITIONS, repeat=_other_conditions)
def confirm_conditions(order: Order, _actor: Actor, at: datetime, texts: Sequence[str]) -> Taken:
    """Confirm that reuse is possible, and on which conditions (Abstimmungsschreiben); they become part of the contract.

    Raises ConflictError ``points_open`` or ``questions_open``, and ``already_confirmed`` if other conditions are confirmed.
    """
    order.conditions.value = [
        Condition(id=derived_id("condition", order.id, str(position)), text=text, agreed_at=at)
        for position, text in enumerate(texts)
    ]
    return Taken(lambda: ConditionsConfirmed(order=order.head(), at=at, conditions=tuple(order.conditions.value)))


def _point(point_id: str, new: NewPoint, at: datetime) -> Point:
    if new.owner not in OTHER_SIDE:
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
