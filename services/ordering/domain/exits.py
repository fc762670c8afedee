"""The ways out before there is a contract: refused by a rule, declined, withdrawn, lapsed. Klienten are told of each."""

from __future__ import annotations

from datetime import datetime

from services.ordering.domain.klienten import end_for_klienten
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor, Refusal
from services.ordering.domain.steps import Taken, step
from services.ordering.domain.transitions import AGREED, Command
from shared.messages.eligibility import Stage
from shared.messages.ordering import OrderDeclined, OrderExpired, OrderRefused, OrderWithdrawn


@step(Command.REFUSE)
def refuse(order: Order, _actor: Actor, at: datetime, refusal: Refusal) -> Taken:
    """End the Vorgang by a rule."""
    # Of a Vorgang that has changed its channel all parties know, as of an order.
    stage = Stage.BESTELLUNG if order.resumes else order.stage
    order.refuse(refusal)
    return Taken(
        lambda: OrderRefused(order=order.head(), at=at, **refusal.model_dump(exclude_none=True), stage=stage),
        note=refusal.code,
        further=lambda: end_for_klienten(order, at),
    )


@step(Command.DECLINE)
def decline(order: Order, _actor: Actor, at: datetime, reason: str) -> Taken:
    """Decline as Bereitsteller, also what was agreed, as long as nothing is ordered."""
    agreed = order.state in AGREED
    order.refuse(Refusal(code="declined", reason=reason))
    return Taken(
        lambda: OrderDeclined(order=order.head(), at=at, reason=reason, agreed=agreed),
        note=reason,
        further=lambda: end_for_klienten(order, at),
    )


@step(Command.WITHDRAW)
def withdraw(order: Order, _actor: Actor, at: datetime, reason: str | None = None) -> Taken:
    """End the Vorgang as the Kunde; possible until a contract is requested."""
    return Taken(
        lambda: OrderWithdrawn(order=order.head(), at=at, reason=reason, forwarded=order.is_forwarded),
        note=reason,
        further=lambda: end_for_klienten(order, at),
    )


@step(Command.EXPIRE)
def expire(order: Order, _actor: Actor, at: datetime) -> Taken:
    """Close a Vorgang that nobody went on with in time."""
    return Taken(
        lambda: OrderExpired(order=order.head(), at=at, forwarded=order.is_forwarded),
        further=lambda: end_for_klienten(order, at),
    )
