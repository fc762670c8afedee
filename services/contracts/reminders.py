"""Looks for contracts of a channel, and accessions to them, that end soon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from services.contracts.accessions import declaring
from services.contracts.accessions.repository import Accessions
from services.contracts.changes import change_of
from services.contracts.domain.accession import Accession
from services.contracts.domain.contract import Contract
from services.contracts.domain.reminders import Schedule, is_due, remind
from services.contracts.domain.transitions import BINDING
from services.contracts.repository import Contracts
from shared.calendar import day_of
from shared.messages.values import Channel


class Reminders:
    """Gives each reminder once, whoever crashes and however many processes look: it is recorded in what it is for.

    What has fallen due while nobody looked is given as one reminder. What is followed without a gap reminds nobody, a contract by
    another one, an accession by another one of the body to the same offer: the use goes on.
    """

    def __init__(self, channel: Channel, contracts: Contracts, accessions: Accessions, schedule: Schedule) -> None:
        self.channel = channel
        self.contracts = contracts
        self.accessions = accessions
        self.schedule = schedule
        self.clock = contracts.ledger.clock

    async def run(self) -> None:
        """Give all reminders that are due now. Raises StoreUnavailableError, WriteConflictError; the next run goes on then."""
        at = self.clock()
        await self._of_contracts(at)
        await self._of_accessions(at)

    async def _of_contracts(self, at: datetime) -> None:
        async for found in self.contracts.ending(self.channel, day_of(at) + self.schedule.ahead):
            due = await self._not_followed([it for it in found if is_due(it, self.schedule, at)])
            if due:
                changes = [change_of(it.id, lambda contract: remind(contract, self.schedule, at)) for it in due]
                await self.contracts.ledger.apply(changes)

    async def _of_accessions(self, at: datetime) -> None:
        today = day_of(at)
        async for found in self.accessions.ending(self.channel, today, today + self.schedule.ahead):
            due = [it for it in found if is_due(it, self.schedule, at) and not await self._goes_on(it)]
            if due:
                changes = [declaring.change_of(it.id, lambda accession: remind(accession, self.schedule, at)) for it in due]
                await self.accessions.ledger.apply(changes)

    async def _not_followed(self, ending: Sequence[Contract]) -> list[Contract]:
        following = await self.contracts.continuing(it.id for it in ending)
        first_days = {it.continues: it.valid_from for it in following.values() if it.state in BINDING}
        return [it for it in ending if it.id not in first_days or _leaves_a_gap(it.last_day, first_days[it.id])]

    async def _goes_on(self, ending: Accession) -> bool:
        return any(
            it.offering_id == ending.offering_id
            and (it.valid_to is None or ending.valid_to is None or it.valid_to > ending.valid_to)
            and not _leaves_a_gap(ending.valid_to, it.valid_from)
            for it in await self.accessions.by(ending.organisation.id)
        )


def _leaves_a_gap(last_day: date | None, first_day: date) -> bool:
    return last_day is not None and first_day > last_day + timedelta(days=1)
