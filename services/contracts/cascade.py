"""What rests on a contract ends with it, level by level; and the calendar ends what has run out.

Whoever shortens a contract stores in the same write how it was before (``Contract.shortened``). Here the contracts that rest on
it are held against what it has lost: each is shortened in a write of its own, with a duty of its own; only when all are done, the
duty above is dropped. So a run that was cut off anywhere is ended by the next one, and a repeat finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Final

import structlog

from services.contracts.accessions.declaring import lost
from services.contracts.accessions.repository import Accessions
from services.contracts.chain.notice import new_end
from services.contracts.chain.world import Chain
from services.contracts.changes import change_of
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import Contract
from services.contracts.domain.rules import Terms
from services.contracts.neighbourhood import line_of
from services.contracts.repository import Contracts
from shared.aggregate.change import Cause, Change
from shared.aggregate.sweep import Sweep
from shared.calendar import day_of
from shared.ids import derived_id
from shared.messages.base import Message

log = structlog.get_logger()
_BATCH: Final = 20
_ENDING: Final = 100
_SOURCE: Final = "cascade"


class Cascade:
    """Ends what rests on shortened contracts of one channel, and what has run out. Any number of them may work at once."""

    def __init__(self, terms: Terms, contracts: Contracts, accessions: Accessions) -> None:
        self.terms = terms
        self.contracts = contracts
        self.accessions = accessions
        self.clock = contracts.ledger.clock

    async def run(self) -> None:
        """Do what is due. Raises StoreUnavailableError, WriteConflictError; the next run goes on then.

        Raises OutboxFullError and JournalFullError after the others, for a contract that was full.
        """
        sweep = Sweep(self.contracts.ledger)
        await sweep.each(partial(self.contracts.shortened, self.terms.channel), _BATCH, self.descend)
        today = day_of(self.clock())
        while over := await self.contracts.run_out(self.terms.channel, today, _ENDING + len(sweep.left)):
            ids = [key for key in over if key not in sweep.left]
            if not ids:
                break
            await sweep.apply([_ended(key, today, self.clock()) for key in ids])
        sweep.finish()

    async def descend(self, contract: Contract) -> None:
        """Shorten what rests on a contract by what that has lost, then drop its duty.

        Raises OutboxFullError and JournalFullError after the others, for one that was full: then the duty stays.
        """
        resting_sweep, acceding_sweep = Sweep(self.contracts.ledger), Sweep(self.accessions.ledger)
        line = await line_of(contract, self.contracts)
        before = Chain.of(chained(it.before_it_lost(), self.terms) for it in line.values())
        after = before.with_changed(*(chained(it, self.terms) for it in line.values()))
        for above in line.values():
            async for resting in self.contracts.resting_on(above):
                ends = {it.id: end for it in resting if (end := self._end_of(it, before, after)) is not None}
                at = self.clock()
                results = await resting_sweep.apply([_lost(key, end, contract, at) for key, end in ends.items()])
                if results:
                    log.info("contracts_shortened", because=contract.id, contracts=len(results))
        async for accession in self.accessions.to_contracts(line):
            acceding = accession.linked()
            ends_on = new_end(before, after, acceding, acceding.term)
            if ends_on is not None:
                await acceding_sweep.apply([lost(accession.id, date.fromisoformat(ends_on), contract.id, self.clock())])
        resting_sweep.finish()
        acceding_sweep.finish()
        await self.contracts.ledger.apply([_settled(contract)])

    def _end_of(self, contract: Contract, before: Chain, after: Chain) -> date | None:
        link = chained(contract, self.terms)
        end = new_end(before, after, link, link.term) if link.live else None
        return None if end is None else date.fromisoformat(end)


async def hold_to_parents(formed: Iterable[Contract], terms: Terms, contracts: Contracts, at: datetime) -> None:
    """Shorten contracts that were just stored by what their parents have lost meanwhile.

    A contract was covered when it was examined. If its parent was shortened between that and its own write, either whoever looks
    for what rests on the parent finds it, or it sees here what the parent has lost: the parent was written before it is read.
    """
    resting = [it for it in formed if it.parent is not None]
    parents = await contracts.of_ids({it.parent for it in resting if it.parent is not None})
    losing = {key: parent for key, parent in parents.items() if parent.last_day is not None}
    for key, parent in losing.items():
        line = {key: parent} | await contracts.continuing([key])
        after = Chain.of(chained(it, terms) for it in line.values())
        open_ended = chained(parent.model_copy(update={"ends_on": None, "valid_to": None}), terms)
        before = after.with_changed(open_ended)
        changes = []
        for contract in (it for it in resting if it.parent == key):
            link = chained(contract, terms)
            if link.live and (end := new_end(before, after, link, link.term)) is not None:
                changes.append(_lost(contract.id, date.fromisoformat(end), parent, at))
        await contracts.ledger.apply(changes)


def _lost(contract_id: str, last_day: date, because: Contract, at: datetime) -> Change[Contract]:
    return change_of(contract_id, lambda contract: contract.lose(last_day, because, at))


def _ended(contract_id: str, today: date, at: datetime) -> Change[Contract]:
    return change_of(contract_id, lambda contract: contract.end(today, at))


def _settled(seen: Contract) -> Change[Contract]:
    """Return the change that drops the duty of a contract, unless it has lost further days since it was seen."""
    number = seen.cascades + 1

    def settle(contract: Contract) -> Sequence[Message]:
        contract.settle(seen)
        return ()

    return change_of(seen.id, settle, Cause(derived_id("cascade", seen.id, str(number)), _SOURCE, _SOURCE, number))
