"""Passes new prices on, level by level: each contract below one with a new price gets the day on which it counts there.

Whoever announces a new price stores in the same write that what rests on the contract waits for it (``PriceChange.waits``). Here
those contracts are told, each in a write of its own, with a duty of its own; only when all are done the duty above is dropped. A
run that was cut off anywhere is ended by the next one, and a repeat finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog

from services.contracts.chain.price_change import reach_of
from services.contracts.chain.world import Chain
from services.contracts.changes import change_of
from services.contracts.domain.announcing import announce, passed_on, price_change_of
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import Contract
from services.contracts.domain.price_changes import PriceChange
from services.contracts.domain.rules import Terms
from services.contracts.neighbourhood import line_of
from services.contracts.repository import Contracts
from shared.aggregate.change import Cause, Change
from shared.aggregate.sweep import Sweep
from shared.ids import derived_id
from shared.messages.base import Message

log = structlog.get_logger()
_BATCH: Final = 20
_SOURCE: Final = "prices"


class PassingPricesOn:
    """Announces new prices to what rests on contracts of one channel. Any number of them may work at once."""

    def __init__(self, terms: Terms, contracts: Contracts) -> None:
        self.terms = terms
        self.contracts = contracts
        self.clock = contracts.ledger.clock

    async def run(self) -> None:
        """Do what is due. Raises StoreUnavailableError, WriteConflictError; the next run goes on then.

        Raises OutboxFullError and JournalFullError after the others, for a contract that was full.
        """
        sweep = Sweep(self.contracts.ledger)
        await sweep.each(partial(self.contracts.announcing, self.terms.channel), _BATCH, self.descend)
        sweep.finish()

    async def descend(self, contract: Contract) -> None:
        """Announce the new prices of a contract to what rests on it, then drop its duty.

        Raises OutboxFullError and JournalFullError after the others, for one that was full: then the duty stays.
        """
        line, sweep = await line_of(contract, self.contracts), Sweep(self.contracts.ledger)
        for above in line.values():
            async for resting in self.contracts.resting_on(above):
                await self._tell(resting, line, contract, sweep)
        sweep.finish()
        await self.contracts.ledger.apply([_settled(contract)])

    async def _tell(
        self, resting: Sequence[Contract], line: dict[str, Contract], because: Contract, sweep: Sweep[Contract]
    ) -> None:
        chain = Chain.of(chained(it, self.terms) for it in (*line.values(), *resting))
        changes = []
        for price in (it for it in because.price_changes if it.waits):
            days = {it.id: day for it in line.values() if (day := _day_in(it, price.id)) is not None}
            for contract in resting:
                link = chain.contracts[contract.id]
                reach = reach_of(chain, link, days) if link.binding and link.begins else None
                if reach is not None:
                    source, at = price.because or because.id, self.clock()
                    reached = PriceChange.reaching(link, price.id, price.issued_on, reach, at, source)
                    changes.append(change_of(contract.id, partial(announce, change=reached)))
        if results := await sweep.apply(changes):
            log.info("price_passed_on", because=because.id, contracts=len(results))


def _day_in(contract: Contract, change_id: str) -> str | None:
    change = price_change_of(contract, change_id)
    return None if change is None or change.effective_from is None else change.effective_from.isoformat()


def _settled(seen: Contract) -> Change[Contract]:
    """Return the change that drops the duty of a contract, unless a new price has reached it earlier since it was seen."""
    number = seen.cascades + 1

    def settle(contract: Contract) -> Sequence[Message]:
        contract.cascades += 1
        passed_on(contract, seen)
        return ()

    return change_of(seen.id, settle, Cause(derived_id("price", seen.id, str(number)), _SOURCE, _SOURCE, number))
