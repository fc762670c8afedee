"""Steps that are due by the calendar: offers lapse, interests nobody moves lapse, notices take effect, holds end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

from services.ordering import handlers
from services.ordering.domain.order import Deadline, Order
from services.ordering.repository import Orders
from shared.aggregate.sweep import Sweep
from shared.store.port import Scalar

BATCH = 100


class Deadlines:
    """Looks for Vorgänge that are due. Safe to run by several workers at once: the second finds nothing left to do."""

    def __init__(self, orders: Orders, idle_after: timedelta, clock: Callable[[], datetime], batch: int = BATCH) -> None:
        self.orders = orders
        self.idle_after = idle_after
        self.clock = clock
        self.batch = batch

    async def run(self) -> None:
        """Apply every step that is due now. Raises OutboxFullError after the others, for a Vorgang whose outbox was full."""
        now, sweep = self.clock(), Sweep(self.orders.ledger)
        for kind in Deadline:
            before = now - self.idle_after if kind is Deadline.IDLE else now
            async for orders in due_before(self.orders, kind, before, self.batch):
                await sweep.apply([handlers.meet_deadline(order.id, kind, before, now) for order in orders])
        sweep.finish()


async def due_before(orders: Orders, kind: Deadline, before: datetime, batch: int) -> AsyncIterator[list[Order]]:
    """Yield, in batches, the Vorgänge whose deadline of that kind lies before a moment, those first that it passes first."""
    after: tuple[Scalar, ...] | None = None
    while found := await orders.due(kind, before, after, batch):
        yield found
        last = found[-1]
        after = ((last.hold_until if kind is Deadline.HOLD else last.due_at) or before, last.id)
