"""Concludes what two persons of the Anbieter have signed: numbers are given by the channel's processor alone."""

from __future__ import annotations

from typing import Final

from services.contracts.cascade import hold_to_parents
from services.contracts.domain.rules import Terms
from services.contracts.handlers import conclude_released
from services.contracts.repository import Contracts, Registers
from shared.aggregate.sweep import Sweep

_BATCH: Final = 100


class Countersigning:
    """Concludes the released contracts of one channel; a run that was cut off is ended by the next one."""

    def __init__(self, terms: Terms, contracts: Contracts, registers: Registers) -> None:
        self.terms = terms
        self.contracts = contracts
        self.registers = registers
        self.clock = contracts.ledger.clock

    async def run(self) -> None:
        """Conclude what is released. Raises StoreUnavailableError, WriteConflictError; the next run does it then.

        Raises OutboxFullError and JournalFullError after the others, for a contract that was full.
        """
        sweep = Sweep(self.contracts.ledger)
        while True:
            found = await self.contracts.released(self.terms.channel, _BATCH + len(sweep.left))
            released = [it for it in found if it.id not in sweep.left]
            if released:
                results = await conclude_released(released, self.clock(), self.terms, sweep, self.contracts, self.registers)
                concluded = [result.state for result in results if result.state is not None]
                await hold_to_parents(concluded, self.terms, self.contracts, self.clock())
            if len(released) < _BATCH:
                break
        sweep.finish()
