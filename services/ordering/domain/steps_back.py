"""Steps back before an order: the offer is amended or taken back, the Abstimmung reopened, the channel changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.ordering.domain.award import check_terms, end_offer, offer_number_of, require_price
from services.ordering.domain.klienten import forget_checks, outstanding_checks
from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor
from services.ordering.domain.requests import check_request
from services.ordering.domain.steps import Taken, check_step, record_step, step
from services.ordering.domain.transitions import Command
from shared.messages.base import Message
from shared.messages.ordering import ChannelChanged, ClarificationReopened, OfferAmended, OfferWithdrawn
from shared.messages.values import Channel, OrderState, PriceItem


@step(Command.AMEND_OFFER)
def amend_offer(
    order: Order,
    _actor: Actor,
    at: datetime,
    valid_until: date,
    price_items: Sequence[PriceItem] | None = None,
    reason: str | None = None,
) -> Taken | None:
    """Replace the offer that the Kunde has not accepted yet; the same one changes nothing.

    It counts as another offer, so that nobody accepts what they have not read. Without ``price_items`` the prices of the offer
    stay. Raises InvalidError (``valid_until_past``, ``price_sheet_invalid``, ``offer_without_price``).
    """
    check_terms(valid_until, price_items, at)
    items = order.price_items.value if price_items is None else list(price_items)
    require_price(items, at)
    if (order.valid_until, order.price_items.value) == (valid_until, items):
        return None
    order.offer_number = offer_number_of(order) + 1
    order.hold_until = None
    order.valid_until = valid_until
    order.price_items.value = items
    return Taken(
        lambda: OfferAmended(
            order=order.head(),
            at=at,
            number=order.offer_number,
            valid_until=valid_until,
            price_items=tuple(items),
            reason=reason,
        ),
        note=reason,
    )


@step(Command.WITHDRAW_OFFER)
def withdraw_offer(order: Order, _actor: Actor, at: datetime, reason: str) -> Taken:
    """Withdraw the offer before it is accepted; what was agreed in the Abstimmung stays, and another offer may follow."""
    number = end_offer(order)
    order.hold_until = None
    return Taken(lambda: OfferWithdrawn(order=order.head(), at=at, number=number, reason=reason), note=reason)


@step(Command.REOPEN_CLARIFICATION)
def reopen_clarification(order: Order, actor: Actor, at: datetime, reason: str) -> Taken:
    """Go back to the Abstimmung: points, questions and conditions stay, an offer that was made ends.

    The conditions are those confirmed last, until they are confirmed again.
    """
    if order.valid_until is not None:
        end_offer(order)
    order.hold_until = None
    return Taken(
        lambda: ClarificationReopened(order=order.head(), at=at, by=actor.party, reason=reason),
        note=reason,
    )


def change_channel(
    order: Order, actor: Actor, at: datetime, offering: ListedOffering, channel: Channel, reason: str | None = None
) -> list[Message]:
    """Go on through another Anbieter, which is checked anew; what was settled in the Abstimmung stays.

    An offer that was made ends. Once the way is free, a Vorgang that had come to the Abstimmung goes on there, and the
    Bereitsteller confirms the conditions again. The channel that it has changes nothing. Raises what ``check_step`` and
    ``ListedOffering.require_orderable`` raise.
    """
    target = check_step(order, Command.CHANGE_CHANNEL, actor, at)
    if channel is order.channel or target is None:
        return []
    offering.require_orderable(channel, order.customer)
    before = order.channel
    if order.valid_until is not None:
        end_offer(order)
    order.resumes = order.resumes or order.state not in (OrderState.INTERESSE_BEKUNDET, OrderState.WEITERGELEITET)
    order.channel = channel
    order.begin_check(at)
    # What the Anbieter before has found is not for the other one to read.
    order.assessment.value = order.grounds.value = order.contract_refusal.value = None
    forget_checks(order)
    order.klienten_ordered = False
    order.hold_until = order.placed_at = order.leitweg_id = order.order_reference = order.agb_version = None
    record_step(order, Command.CHANGE_CHANNEL, actor, at, target, reason)
    return [
        ChannelChanged(order=order.head(), at=at, before=before, reason=reason),
        check_request(order),
        *outstanding_checks(order),
    ]
