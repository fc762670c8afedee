"""Looks for Vorgänge whose reminders are due."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from services.ordering import handlers
from services.ordering.deadlines import due_before
from services.ordering.domain.checklist import Label
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import Task
from services.ordering.domain.reminders import Schedule, due_of, late_klienten, reminders_of
from services.ordering.repository import Orders
from shared.aggregate.sweep import Sweep
from shared.messages.values import Channel
from shared.reminders import ReminderStep
from shared.store.port import Scalar

BATCH = 100
_WORKING_DAYS, _WEEK, _HOLIDAYS = 5, 7, 14
"""So many working days lie in a week at most; no period of a year has more days off in a row beside weekends."""


class Reminders:
    """Gives each reminder once, whoever crashes and however many processes look: it is recorded in the Vorgang that it is for.

    What has fallen due while nobody looked is given as one reminder. A run reads the heads of the Vorgänge that have waited for
    longer than the first reminder, or lapse soon, and changes those alone that have a new one.
    """

    def __init__(
        self,
        orders: Orders,
        schedule: Schedule,
        words: Mapping[Task, Label],
        idle_after: timedelta,
        clock: Callable[[], datetime],
        batch: int = BATCH,
    ) -> None:
        self.orders = orders
        self.schedule = schedule
        self.words = words
        self.idle_after = idle_after
        self.clock = clock
        self.batch = batch

    async def run(self) -> None:
        """Give all reminders that are due now. Raises OutboxFullError after the others, for a Vorgang whose outbox was full."""
        now, sweep = self.clock(), Sweep(self.orders.ledger)
        for found in (self._waiting(now), self._lapsing(now), self._planned(now), self._asked(now)):
            async for orders in found:
                await self._remind(orders, now, sweep)
        sweep.finish()

    async def _remind(self, orders: list[Order], now: datetime, sweep: Sweep[Order]) -> None:
        due = [order for order in orders if self._is_due(order, now)]
        if due:
            await sweep.apply([handlers.remind(order.id, self.schedule, now, self.idle_after, self.words) for order in due])

    def _is_due(self, order: Order, now: datetime) -> bool:
        due = due_of(order, reminders_of(order, self.schedule, self.idle_after), now)
        return bool(due or late_klienten(order, self.schedule, now))

    async def _waiting(self, now: datetime) -> AsyncIterator[list[Order]]:
        for rule in self.schedule.waits:
            if not rule.after:
                continue
            before = now - timedelta(days=min(step.days for step in rule.after) - 1)
            for channel in Channel:
                after: tuple[Scalar, ...] | None = None
                while orders := await self.orders.waiting(channel, rule.task, before, after, self.batch):
                    yield orders
                    after = (orders[-1].waiting_since or before, orders[-1].id)

    async def _lapsing(self, now: datetime) -> AsyncIterator[list[Order]]:
        for rule in self.schedule.deadlines:
            if not rule.before:
                continue
            before = now + _at_most(rule.before)
            if rule.deadline is Deadline.IDLE:
                before -= self.idle_after
            async for orders in due_before(self.orders, rule.deadline, before, self.batch):
                yield orders

    async def _planned(self, now: datetime) -> AsyncIterator[list[Order]]:
        targets = self.schedule.targets
        if not (targets.before or targets.after):
            return
        before = now + _at_most(targets.before)
        after: tuple[Scalar, ...] | None = None
        while orders := await self.orders.planned(before, after, self.batch):
            yield orders
            after = (orders[-1].target_at or before, orders[-1].id)

    async def _asked(self, now: datetime) -> AsyncIterator[list[Order]]:
        if not self.schedule.klienten:
            return
        before = now - timedelta(days=min(step.days for step in self.schedule.klienten) - 1)
        after: tuple[Scalar, ...] | None = None
        while orders := await self.orders.asked(before, after, self.batch):
            yield orders
            after = (orders[-1].asked_since or before, orders[-1].id)


def _at_most(steps: Sequence[ReminderStep]) -> timedelta:
    """Return how long before its day the first of these reminders is due at most."""
    days = max((step.days for step in steps), default=0)
    return timedelta(days=days // _WORKING_DAYS * _WEEK + _WEEK + _HOLIDAYS)
