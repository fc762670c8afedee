"""Events of orders, as far as they say whose verdict is followed: a check, a contract, the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from services.eligibility.recheck.watched import (
    Change,
    Phase,
    Watched,
    WatchedKlient,
    Watching,
    checked,
    contracted,
    klient_checked,
    klient_left,
    reached,
)
from shared.bus.handling import Consumer, Received, Rejection
from shared.messages.base import Message
from shared.messages.ordering import (
    CheckRequested,
    InterestDeclared,
    OrderContinued,
    OrderContracted,
    OrderDeclined,
    OrderEnded,
    OrderEvent,
    OrderExpired,
    OrderPlaced,
    OrderRefused,
    OrderWithdrawn,
)
from shared.messages.ordering_klienten import KlientCheckRequested, KlientDeclined, KlientRemoved

CHECKS: Final = (InterestDeclared, CheckRequested, OrderPlaced)
PHASES: Final[Mapping[type[Message], Phase]] = {
    OrderRefused: Phase.ENDED,
    OrderDeclined: Phase.ENDED,
    OrderWithdrawn: Phase.ENDED,
    OrderExpired: Phase.ENDED,
    OrderEnded: Phase.ENDED,
}
CONTRACTS: Final = (OrderContracted, OrderContinued)
LEAVING: Final = (KlientDeclined, KlientRemoved)
_NO_CHECK: Final[frozenset[type[Message]]] = frozenset({*PHASES, *CONTRACTS, *LEAVING})
"""What is no request for a check."""


def followed(orders: Consumer, watching: Watching) -> Consumer:
    """Return the consumer that judges orders as one that also records, after each batch, whose verdict is followed.

    A crash in between repeats the batch: verdicts that are given already are recognised, and the rest is safe to repeat.
    """

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        found = await orders.handle([event for event in batch if type(event.message) not in _NO_CHECK])
        await watching.update(_changes(batch))
        return found

    return Consumer(orders.group, orders.handles | _NO_CHECK, handle)


def _changes(batch: Sequence[Received]) -> dict[str, Change]:
    """Return what the events do to the orders that are followed, by their ids."""
    found: dict[str, list[Change]] = {}
    for event in batch:
        message = event.message
        if isinstance(message, CHECKS):
            found.setdefault(message.order.id, []).append(checked(message.order))
        elif isinstance(message, KlientCheckRequested):
            klient = WatchedKlient(id=message.klient.id, payment=message.payment, return_duty=message.return_duty)
            found.setdefault(message.order.id, []).append(klient_checked(message.order, klient))
        elif isinstance(message, LEAVING):
            found.setdefault(message.order.id, []).append(klient_left(message.klient.id))
        elif isinstance(message, CONTRACTS):
            found.setdefault(message.order.id, []).append(contracted(message.order, message.contract_id))
        elif isinstance(message, OrderEvent) and type(message) in PHASES:
            found.setdefault(message.order.id, []).append(reached(message.order, PHASES[type(message)]))
    return {order_id: _in_turn(changes) for order_id, changes in found.items()}


def _in_turn(changes: Sequence[Change]) -> Change:
    def change(order: Watched | None) -> Watched | None:
        for one in changes:
            order = one(order)
        return order

    return change
