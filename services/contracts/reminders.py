"""Looks for contracts of a channel that end soon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from services.contracts.changes import change_of
from services.contracts.domain.contract import Contract
from services.contracts.domain.reminders import Schedule, is_due, remind
from services.contracts.domain.transitions import BINDING
from services.contracts.repository import Contracts
from shared.calendar import day_of
from shared.messages.values import Channel


class Reminders:
    """Gives each reminder once, whoever crashes and however many processes look: it is recorded in the contract that it is for.

    What has fallen due while nobody looked is given as one reminder. A contract that another one follows without a gap reminds
    nobody: the use goes on.
    """

    def __init__(self, channel: Channel, contracts: Contracts, schedule: Schedule) -> None:
        self.channel = channel
        self.contracts = contracts
        self.schedule = schedule
        self.clock = contracts.ledger.clock

    async def run(self) -> None:
        """Give all reminders that are due now. Raises StoreUnavailableError, WriteConflictError; the next run goes on then."""
        at = self.clock()
        async for found in self.contracts.ending(self.channel, day_of(at) + self.schedule.ahead):
            due = await self._not_followed([it for it in found if is_due(it, self.schedule, at)])
            if due:
                changes = [change_of(it.id, lambda contract: remind(contract, self.schedule, at)) for it in due]
                await self.contracts.ledger.apply(changes)

    async def _not_followed(self, ending: Sequence[Contract]) -> list[Contract]:
        following = await self.contracts.continuing(it.id for it in ending)
        first_days = {it.continues: it.valid_from for it in following.values() if it.state in BINDING}
        return [it for it in ending if it.id not in first_days or _leaves_a_gap(it, first_days[it.id])]


def _leaves_a_gap(contract: Contract, first_day: date) -> bool:
    return contract.last_day is not None and first_day > contract.last_day + timedelta(days=1)
