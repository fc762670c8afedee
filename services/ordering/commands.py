"""What a request asks of a Vorgang, as a step with its particulars: one mapping for HTTP and for the events of partners.

Each function takes the body of a request and, where something new comes about, the id that is derived for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ParamSpec, TypeAlias

from services.ordering import handlers, schemas
from services.ordering.domain import award, clarification, delivery, exits, uses
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor
from services.ordering.domain.steps import StepFunction
from services.ordering.repository import Offerings, Orders
from shared.aggregate.change import Change
from shared.http.auth import Caller
from shared.messages.base import Message

P = ParamSpec("P")
Step: TypeAlias = Callable[[Order, Actor, datetime], list[Message]]
"""A step with all that it needs but the Vorgang, who takes it, and when."""


def bound(step: StepFunction[P], *args: P.args, **kwargs: P.kwargs) -> Step:
    """Return a step with its particulars."""
    return lambda order, actor, at: step(order, actor, at, *args, **kwargs)


async def declare_interest(
    orders: Orders, offerings: Offerings, caller: Caller, at: datetime, body: schemas.DeclareInterest, *, request_id: str
) -> Change[Order]:
    """Return the change that begins a Vorgang. Raises what ``handlers.declare_interest`` raises."""
    return await handlers.declare_interest(
        orders,
        offerings,
        caller,
        at,
        request_id=request_id,
        offering_id=body.offering_id,
        channel=body.channel,
        message=body.message,
        anbindungsart=body.anbindungsart,
        bundled=body.bundled,
    )


def add_point(body: schemas.PointBody, point_id: str) -> Step:
    """Put a further point on the list."""
    return bound(clarification.add_point, point_id, body.new())


def settle_point(point_id: str, body: schemas.SettlePoint) -> Step:
    """Settle a point with its value."""
    return bound(clarification.settle_point, point_id, body.value, body.note)


def ask(body: schemas.AskQuestion, question_id: str) -> Step:
    """Ask the other side."""
    return bound(clarification.ask, question_id, body.text)


def answer(question_id: str, body: schemas.AnswerQuestion) -> Step:
    """Answer a question of the other side."""
    return bound(clarification.answer, question_id, body.text)


def place(body: schemas.PlaceOrder, placement_id: str | None = None) -> Step:
    """Order on the offer made; ``placement_id`` where it is one of several that are ordered together."""
    return bound(
        award.place,
        accepts_agb=body.accepts_agb,
        leitweg_id=body.leitweg_id,
        order_reference=body.order_reference,
        offer_number=body.offer_number,
        agb_version=body.agb_version,
        placement_id=placement_id,
    )


def withdraw(body: schemas.Withdraw | None) -> Step:
    """Withdraw before the contract is asked for."""
    return bound(exits.withdraw, body.reason if body else None)


def reach_milestone(code: str, body: schemas.ReachMilestone | None) -> Step:
    """Report a milestone as reached."""
    return bound(delivery.reach_milestone, code, body.note if body else None)


def report_uses(body: schemas.ReportUses) -> Step:
    """Report the uses of a month."""
    return bound(uses.report, body.period, body.count)
