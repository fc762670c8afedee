"""The processor refuses the contract of an order: the Vorgang goes back to where whoever can mend it acts, and is held for that.

Behind an order lie weeks of Abstimmung, which a refusal does not undo: points, questions and conditions stay. Nor does it end
them where a person of the Anbieter declines: that ends the offer and the order on it (§ 146 BGB), not what Kunde and
Bereitsteller have agreed, with which the Kunde may go to another Anbieter. Only the end of the hold ends the Vorgang.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.ordering.domain.award import end_offer
from services.ordering.domain.guards import offer_lapsed
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Refusal
from services.ordering.domain.steps import check_step, record_step
from services.ordering.domain.transitions import Command
from shared.calendar import day_of, end_of
from shared.messages.base import Message
from shared.messages.contracts import ContractRefused
from shared.messages.ordering import OrderReopened
from shared.messages.values import OrderState

KUNDE_MENDS: Final = frozenset(
    {
        # Ordering again mends them: the AGB in force are read, the in-house check is made anew.
        *("agb_changed", "agb_not_in_force", "assessment_of_other_parties", "not_exempt", "risk_not_signed_off"),
        # The offer is sound, and this Kunde cannot take it here: another Anbieter, or nobody, is the way.
        *("customer_not_allowed", "self_contract", "party_repeated"),
    }
)
"""Codes of refusals after which the offer stands. What any other code names is the Anbieter's to mend, with another offer."""


def reopen(order: Order, refused: ContractRefused, at: datetime, hold_for: timedelta) -> list[Message]:
    """Go back from an order whose contract the processor has refused, and hold the Vorgang for ``hold_for``.

    An offer that has lapsed meanwhile is not gone back to. A refusal of another contract than the one that is asked for, late or
    repeated, changes nothing.
    """
    is_asked = order.state is OrderState.BESTELLT and order.contract_requested_at is not None
    if not is_asked or refused.contract_id != order.asked_contract:
        return []
    # The table has both states; which one it is, the reason says.
    check_step(order, Command.REOPEN_ORDER, SYSTEM, at)
    stands = refused.code in KUNDE_MENDS and order.valid_until is not None and offer_lapsed(order, at) is None
    if not stands:
        end_offer(order)
    refusal = Refusal(code=refused.code, reason=refused.reason, remedy=refused.remedy, facts=refused.facts)
    order.contract_refusal.value = refusal
    order.contract_refusals += 1
    order.contract_requested_at = order.placed_at = order.agb_version = order.placement_id = None
    order.klienten_ordered = False
    order.hold_until = end_of(day_of(at + hold_for))
    return _go_back(order, at, OrderState.ANGEBOT_ERSTELLT if stands else OrderState.ABGESTIMMT, refusal, order.hold_until)


def end_lapsed_offer(order: Order, at: datetime) -> list[Message]:
    """End the offer of a Vorgang that is held: the Anbieter makes another one, as if it had lapsed before; the hold goes on."""
    refusal, held = order.contract_refusal.value, order.hold_until
    if order.state is not OrderState.ANGEBOT_ERSTELLT or refusal is None or held is None or offer_lapsed(order, at) is None:
        return []
    check_step(order, Command.REOPEN_ORDER, SYSTEM, at)
    end_offer(order)
    return _go_back(order, at, OrderState.ABGESTIMMT, refusal, held)


def _go_back(order: Order, at: datetime, state: OrderState, refusal: Refusal, held: datetime) -> list[Message]:
    record_step(order, Command.REOPEN_ORDER, SYSTEM, at, state, refusal.code)
    return [OrderReopened(order=order.head(), at=at, hold_until=held, **refusal.model_dump(exclude_none=True))]
