"""Vorgänge follow the withdrawal of their offer, each in a change of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from services.ordering import handlers
from services.ordering.domain.order import Order
from services.ordering.domain.transitions import FINAL
from services.ordering.repository import Orders
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.messages.catalog import OfferingWithdrawn
from shared.store.port import Scalar

BATCH = 100


def with_orders(offers: Consumer, orders: Orders, clock: Callable[[], datetime]) -> Consumer:
    """Return the consumer of offers that has their Vorgänge follow a withdrawal once the offers are brought up to date.

    A repeat finds in each Vorgang that it has followed, so a crash at any point is made good by reading again.
    """

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        found = list(await offers.handle(batch))
        for event in batch:
            if isinstance(event.message, OfferingWithdrawn):
                found += await _follow(orders, event, event.message, clock())
        return found

    return Consumer(offers.group, offers.handles, handle)


async def _follow(orders: Orders, event: Received, withdrawn: OfferingWithdrawn, at: datetime) -> list[Rejection]:
    found: list[Rejection] = []
    async for page in _open(orders, withdrawn.offering.id):
        changes = [handlers.follow_withdrawal(order.id, withdrawn, event.cause, at) for order in page]
        found += rejections([event] * len(page), await orders.ledger.apply(changes))
    return found


async def _open(orders: Orders, offering_id: str) -> AsyncIterator[list[Order]]:
    after: tuple[Scalar, ...] | None = None
    while page := await orders.of_offering(offering_id, after, BATCH):
        yield [order for order in page if order.state not in FINAL]
        after = (page[-1].declared_at, page[-1].id)
