"""The Interessensbekundung, with which a Vorgang begins."""

from __future__ import annotations

from datetime import datetime

from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor
from services.ordering.domain.steps import check_step, record_step
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.messages.base import Message
from shared.messages.ordering import InterestDeclared
from shared.messages.values import Anbindungsart, Channel, OrderState, Party


def declare(  # noqa: PLR0913 - a Vorgang begins with all of this
    order_id: str,
    offering: ListedOffering,
    channel: Channel,
    customer: Party,
    actor: Actor,
    at: datetime,
    *,
    request_id: str,
    message: str | None = None,
    anbindungsart: Anbindungsart | None = None,
    bundled: bool = False,
) -> tuple[Order, list[Message]]:
    """Begin a Vorgang. It pins version and prices of the offer as they are now.

    Raises what ``ListedOffering.require_orderable`` raises, and InvalidError for an Anbindungsart that is not offered.
    """
    offering.require_orderable(channel, customer)
    order = Order(
        id=order_id,
        number=f"V-{day_of(at).year}-{order_id[:8]}",
        request_id=request_id,
        state=OrderState.INTERESSE_BEKUNDET,
        state_since=at,
        channel=channel,
        offering_id=offering.id,
        offering_title=offering.title,
        offering_version=offering.version,
        customer_id=customer.id,
        customer_name=customer.name,
        provider_id=offering.provider_id,
        provider_name=offering.provider_name,
        declared_at=at,
        bundled=bundled,
        message=message,
        anbindungsarten=offering.anbindungsarten,
        price_sheet=offering.price_items,
        check_requested_at=at,
    )
    check_step(order, Command.DECLARE_INTEREST, actor, at)
    if anbindungsart is not None:
        order.choose_anbindungsart(anbindungsart)
    record_step(order, Command.DECLARE_INTEREST, actor, at, order.state)
    return order, [InterestDeclared(order=order.head(), at=at, check=order.check)]
