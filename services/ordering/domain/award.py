"""Offer, order and contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.ordering.domain.continuing import follow_early
from services.ordering.domain.guards import Violation, valid_lines
from services.ordering.domain.klient import KlientState
from services.ordering.domain.klienten import order_for_klienten
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Actor
from services.ordering.domain.requests import contract_request
from services.ordering.domain.steps import Taken, step
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.errors import InvalidError
from shared.leitweg import parse_leitweg_id
from shared.messages.base import Message
from shared.messages.contracts import ContractConcluded, ContractHead
from shared.messages.eligibility import Assessment
from shared.messages.ordering import OfferMade, OrderContracted, OrderPlaced
from shared.messages.values import PriceItem
from shared.price_sheets import require_plausible


def _other_offer(
    order: Order, _actor: Actor, _at: datetime, valid_until: date, price_items: Sequence[PriceItem] | None = None
) -> Violation | None:
    if order.valid_until == valid_until and (price_items is None or order.price_items.value == list(price_items)):
        return None
    return Violation("already_offered", "Another offer is made already.")


@step(Command.MAKE_OFFER, repeat=_other_offer)
def make_offer(
    order: Order, _actor: Actor, at: datetime, valid_until: date, price_items: Sequence[PriceItem] | None = None
) -> Taken:
    """Offer the Nachnutzungsvertrag until the end of a day in Germany.

    Without ``price_items`` it is the price sheet of the pinned version, those lines that are valid today. Raises InvalidError
    (``valid_until_past``, ``price_sheet_invalid``, ``offer_without_price``), ConflictError
    (``already_offered``) if another offer is made.
    """
    check_terms(valid_until, price_items, at)
    items = valid_lines(order.price_sheet.value, day_of(at)) if price_items is None else list(price_items)
    require_price(items, at)
    order.offer_number += 1
    order.valid_until = valid_until
    order.hold_until = order.contract_refusal.value = None
    order.price_items.value = items
    return Taken(
        lambda: OfferMade(order=order.head(), at=at, valid_until=valid_until, price_items=tuple(items), number=order.offer_number)
    )


def offer_number_of(order: Order) -> int:
    """Return the number of the offer that was made last; one that 0.1.0 has recorded is the first."""
    return max(order.offer_number, 1)


def end_offer(order: Order) -> int:
    """Remove the offer from the Vorgang and return its number, which no other offer gets."""
    order.offer_number = offer_number_of(order)
    order.valid_until = None
    order.price_items.value = []
    return order.offer_number


def check_terms(valid_until: date, items: Sequence[PriceItem] | None, at: datetime) -> None:
    """Return if an offer can be accepted until that day, at these prices where it states its own.

    Raises InvalidError (``valid_until_past``, ``price_sheet_invalid``).
    """
    today = day_of(at)
    if valid_until < today:
        raise InvalidError(f"{valid_until.isoformat()} has passed.", code="valid_until_past", valid_until=valid_until.isoformat())
    require_plausible(items or (), today)


def require_price(items: Sequence[PriceItem], at: datetime) -> None:
    """Return if a price line is valid today. Raises InvalidError (``offer_without_price``): no contract comes about without."""
    if not valid_lines(items, day_of(at)):
        raise InvalidError(
            "The offer has no price line that is valid today; state one, be it of 0 cents.", code="offer_without_price"
        )


def _other_order(
    order: Order,
    _actor: Actor,
    _at: datetime,
    *,
    accepts_agb: bool,
    leitweg_id: str | None = None,
    order_reference: str | None = None,
    offer_number: int | None = None,
    agb_version: str | None = None,
    placement_id: str | None = None,
) -> Violation | None:
    if offer_number not in (None, offer_number_of(order)):
        return Violation("already_placed", "Another offer was accepted.")
    if placement_id not in (None, order.placement_id):
        return Violation("already_placed", "It was ordered before, by itself or together with others.")
    particulars = (_accepted(leitweg_id, accepts_agb=accepts_agb), order_reference, agb_version)
    if (order.leitweg_id, order.order_reference, order.agb_version) == particulars:
        return None
    return Violation("already_placed", "It was ordered with other particulars.")


@step(Command.PLACE, repeat=_other_order)
def place(
    order: Order,
    _actor: Actor,
    at: datetime,
    *,
    accepts_agb: bool,
    leitweg_id: str | None = None,
    order_reference: str | None = None,
    offer_number: int | None = None,
    agb_version: str | None = None,
    placement_id: str | None = None,
) -> Taken | Violation:
    """Order on the offer; the in-house relation is checked again, at the moment of award.

    Of several offers, one after the other, ``offer_number`` names the one that is accepted; ``agb_version`` the version of the
    Anbieter's AGB, under which alone the contract is concluded; ``placement_id`` the act in which several Vorgänge are ordered
    together. Raises InvalidError
    (``agb_not_accepted``, those of ``parse_leitweg_id``), ConflictError (``offer_expired``; ``offer_changed`` if the offer is
    another one by now; ``already_placed`` if it was ordered with other particulars).
    """
    current = offer_number_of(order)
    if offer_number != current and (offer_number is not None or current > 1):
        return Violation("offer_changed", f"The offer is number {current} by now; read it and name the one that you accept.")
    order.leitweg_id = _accepted(leitweg_id, accepts_agb=accepts_agb)
    order.order_reference = order_reference
    order.agb_version = agb_version
    order.placement_id = placement_id
    order.placed_at = at
    order.hold_until = order.contract_refusal.value = None
    order.begin_check(at)
    confirmed = tuple(it.party for it in order.klienten.value if it.state is KlientState.BESTAETIGT)
    return Taken(
        lambda: OrderPlaced(order=order.head(), at=at, check=order.check, klienten=confirmed, placement_id=placement_id),
        further=lambda: order_for_klienten(order, at),
    )


@step(Command.REQUEST_CONTRACT)
def request_contract(order: Order, _actor: Actor, at: datetime, assessment: Assessment) -> Taken:
    """Request the contract from the channel's processor; ``contract_requested_at`` makes this happen once for each order."""
    order.contract_requested_at = at
    order.hold_until = None
    return Taken(lambda: contract_request(order, assessment, at), further=lambda: order_for_klienten(order, at))


def record_contract(order: Order, concluded: ContractConcluded, at: datetime) -> list[Message]:
    """Record the contract that the channel's processor has concluded; a repeat changes nothing, also once another one follows.

    It goes on with what follows that contract and was told of before. Raises ConflictError (``other_contract``;
    ``contract_not_requested``).
    """
    known = {order.contract_id, *(it.id for it in order.former_contracts.value)}
    if concluded.contract.id in known:
        return []
    return [*_record_contract(order, SYSTEM, at, concluded.contract), *follow_early(order, at)]


def _other_contract(order: Order, _actor: Actor, _at: datetime, contract: ContractHead) -> Violation | None:
    if order.contract_id == contract.id:
        return None
    return Violation("other_contract", f"The contract of {order.number} is {order.contract_number}.")


@step(Command.RECORD_CONTRACT, repeat=_other_contract)
def _record_contract(order: Order, _actor: Actor, at: datetime, contract: ContractHead) -> Taken | Violation:
    if contract.id != order.asked_contract:
        return Violation("other_contract", f"{order.number} has asked for contract {order.asked_contract}.")
    order.contract_id = contract.id
    order.contract_number = contract.number
    return Taken(
        lambda: OrderContracted(order=order.head(), at=at, contract_id=contract.id, contract_number=contract.number),
        note=contract.number,
        further=lambda: order_for_klienten(order, at),
    )


def _accepted(leitweg_id: str | None, *, accepts_agb: bool) -> str | None:
    """Return the Leitweg-ID of an order that accepts the AGB. Raises InvalidError."""
    if not accepts_agb:
        raise InvalidError("An order needs the consent to the Anbieter's AGB.", code="agb_not_accepted")
    return None if leitweg_id is None else parse_leitweg_id(leitweg_id)
