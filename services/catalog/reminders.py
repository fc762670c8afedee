"""Looks for offers that have lain before an Anbieter for long."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from services.catalog import handlers
from services.catalog.domain.reminders import Schedule, is_due
from services.catalog.repository import Offerings
from services.catalog.upkeep import batches
from shared.aggregate.sweep import Sweep
from shared.messages.values import Channel


class Reminders:
    """Gives each reminder once, whoever crashes and however many processes look: it is recorded in the offer that it is for.

    What has fallen due while nobody looked is given as one reminder. A run reads what the work lists show of the offers that can
    wait for an Anbieter, and changes those alone that have a new reminder.
    """

    def __init__(self, offerings: Offerings, schedule: Schedule, clock: Callable[[], datetime]) -> None:
        self._offerings = offerings
        self._schedule = schedule
        self._clock = clock

    async def run(self) -> None:
        """Give all reminders that are due now. Raises OutboxFullError after the others, for an offer whose outbox was full."""
        at = self._clock()
        sweep = Sweep(self._offerings.ledger)
        for channel in Channel:
            async for ids in batches(self._due(channel, at)):
                await sweep.apply([handlers.remind(it, self._schedule, at) for it in ids])
        sweep.finish()

    async def _due(self, channel: Channel, at: datetime) -> AsyncIterator[str]:
        async for offering in self._offerings.before(channel):
            if is_due(offering, self._schedule, at):
                yield offering.id
