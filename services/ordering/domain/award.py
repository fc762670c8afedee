"""Offer, order and contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.ordering.domain.interest import refuse, request_check
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Actor, Refusal
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.errors import InvalidError
from shared.leitweg import parse_leitweg_id
from shared.messages.base import Message
from shared.messages.contracts import ContractConcluded, ContractRefused
from shared.messages.ordering import OfferMade, OrderContracted, OrderPlaced
from shared.messages.values import OrderState, PriceItem


def make_offer(
    order: Order, actor: Actor, at: datetime, valid_until: date, price_items: Sequence[PriceItem] | None = None
) -> list[Message]:
    """Offer the Nachnutzungsvertrag until the end of a day in Germany.

    Without ``price_items`` it is the price sheet of the pinned version, those lines that are valid today. Raises InvalidError
    (``valid_until_past``), ConflictError (``already_offered``) if another offer is made.
    """
    target = order.permit(Command.MAKE_OFFER, actor, at)
    today = day_of(at)
    items = [item for item in order.price_sheet.value if _valid_on(item, today)] if price_items is None else list(price_items)
    if target is None:
        if order.valid_until != valid_until or (price_items is not None and order.price_items.value != items):
            raise order.conflict("already_offered", "Another offer is made already.", Command.MAKE_OFFER, actor, at)
        return []
    if valid_until < today:
        raise InvalidError(f"{valid_until.isoformat()} has passed.", code="valid_until_past", valid_until=valid_until.isoformat())
    order.valid_until = valid_until
    order.price_items.value = items
    order.enter(Command.MAKE_OFFER, actor, at, target)
    return [OfferMade(order=order.head(), at=at, valid_until=valid_until, price_items=tuple(items))]


def place(
    order: Order,
    actor: Actor,
    at: datetime,
    *,
    accepts_agb: bool,
    leitweg_id: str | None = None,
    order_reference: str | None = None,
) -> list[Message]:
    """Order on the offer; the in-house relation is checked anew, at the moment of award.

    Raises InvalidError (``agb_not_accepted``, those of ``parse_leitweg_id``), ConflictError (``offer_expired``;
    ``already_placed`` if it was ordered with other particulars).
    """
    target = order.permit(Command.PLACE, actor, at)
    if not accepts_agb:
        raise InvalidError("An order needs the consent to the Anbieter's AGB.", code="agb_not_accepted")
    if leitweg_id is not None:
        leitweg_id = parse_leitweg_id(leitweg_id)
    if target is None:
        if (order.leitweg_id, order.order_reference) != (leitweg_id, order_reference):
            raise order.conflict("already_placed", "It was ordered with other particulars.", Command.PLACE, actor, at)
        return []
    order.leitweg_id = leitweg_id
    order.order_reference = order_reference
    order.placed_at = at
    request_check(order, at)
    order.enter(Command.PLACE, actor, at, target)
    return [OrderPlaced(order=order.head(), at=at, check=order.check)]


def record_contract(order: Order, concluded: ContractConcluded, at: datetime) -> list[Message]:
    """Take the contract that the channel's processor has concluded; a repeat of the same contract changes nothing."""
    contract = concluded.contract
    if order.contract_id == contract.id:
        return []
    order.permit(Command.RECORD_CONTRACT, SYSTEM, at)
    if order.contract_id is not None:
        raise order.conflict(
            "other_contract", f"The contract of {order.number} is {order.contract_number}.", Command.RECORD_CONTRACT, SYSTEM, at
        )
    order.contract_id = contract.id
    order.contract_number = contract.number
    order.enter(Command.RECORD_CONTRACT, SYSTEM, at, OrderState.VERTRAG_GESCHLOSSEN, contract.number)
    return [OrderContracted(order=order.head(), at=at, contract_id=contract.id, contract_number=contract.number)]


def record_contract_refusal(order: Order, refused: ContractRefused, at: datetime) -> list[Message]:
    """End the Vorgang because the processor cannot form the contract."""
    return refuse(order, Refusal(code=refused.code, reason=refused.reason, remedy=refused.remedy), at)


def _valid_on(item: PriceItem, day: date) -> bool:
    return item.valid_from <= day and (item.valid_to is None or day <= item.valid_to)
