"""What becomes of a Vorgang when its offer is withdrawn, as a whole or in the channel of the Vorgang.

What is ordered goes on: a contract was asked for, or there is one. Before an order whoever withdraws decides: the Vorgang may go
on to its order, or it ends with the reason. The Kunde is told either way.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.ordering.domain.exits import refuse
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Refusal
from services.ordering.domain.transitions import BEFORE_ORDER, FINAL
from shared.messages.base import Message
from shared.messages.catalog import OfferingWithdrawn
from shared.messages.ordering_offerings import OfferingEnded
from shared.messages.reasons import Fact

OFFERING_WITHDRAWN: Final = "offering_withdrawn"


def follow(order: Order, withdrawn: OfferingWithdrawn, at: datetime) -> list[Message]:
    """End a Vorgang with its offer, or tell that it goes on without; one that has ended, or of another channel, stays."""
    if order.state in FINAL or withdrawn.channel not in (None, order.channel):
        return []
    ended_on = withdrawn.contract_ended_on
    if withdrawn.ends_open_orders and order.state in BEFORE_ORDER:
        facts = None if ended_on is None else (Fact(name="ends_on", day=ended_on),)
        return refuse(order, SYSTEM, at, Refusal(code=OFFERING_WITHDRAWN, reason=withdrawn.reason, facts=facts))
    return [OfferingEnded(order=order.head(), at=at, reason=withdrawn.reason, contract_ended_on=ended_on)]
