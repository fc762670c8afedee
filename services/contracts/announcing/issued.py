"""Announces issued versions of cost information at the Bereitstellungsvertrag of their offer, from which they are passed on.

That is the attempt that stands, and of contracts that follow one another in time the one that runs on the first day of the price.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog

from services.contracts.announcing.asking import announced
from services.contracts.changes import change_of
from services.contracts.costs.information import CostInformation
from services.contracts.costs.inputs import Costs
from services.contracts.domain.announcing import announce
from services.contracts.domain.contract import Contract
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import BINDING
from services.contracts.repository import Contracts
from services.contracts.standing import standing_roots
from shared.aggregate.change import Change
from shared.aggregate.sweep import Sweep
from shared.errors import RejectedError
from shared.ids import bereitstellung_id, derived_id

log = structlog.get_logger()
_BATCH: Final = 20


class AnnouncingIssued:
    """Announces what was issued in one channel. A run that was cut off is ended by the next one, and a repeat changes nothing."""

    def __init__(self, terms: Terms, contracts: Contracts, costs: Costs) -> None:
        self.terms = terms
        self.contracts = contracts
        self.costs = costs
        self.clock = contracts.ledger.clock

    async def run(self) -> None:
        """Announce what is due. Raises StoreUnavailableError, WriteConflictError; the next run goes on then.

        Raises OutboxFullError and JournalFullError after the others, for a contract that was full.
        """
        sweep = Sweep(self.contracts.ledger)
        await sweep.each(partial(self.costs.unannounced, self.terms.channel), _BATCH, self._announce)
        sweep.finish()

    async def _announce(self, information: CostInformation) -> None:
        await self.contracts.ledger.apply(self._changes(information, await self._roots(information)))
        await self.costs.announced(information)

    async def _roots(self, information: CostInformation) -> list[Contract]:
        """Return the Bereitstellungsvertrag that stands and those that follow it, by their first days; none if there is none."""
        first = bereitstellung_id(information.channel.value, information.offering_id)
        moved = await standing_roots((await self.contracts.of_ids([first])).values(), self.contracts)
        standing = await self.contracts.of_ids([moved.get(first, first)])
        line = standing | await self.contracts.continuing(standing)
        return sorted((it for it in line.values() if it.state in BINDING), key=lambda it: it.valid_from)

    def _changes(self, information: CostInformation, roots: Sequence[Contract]) -> list[Change[Contract]]:
        changes = []
        for version in information.versions[information.announced :]:
            change_id = derived_id("cost information", information.id, str(version.version))
            running = (it for it in roots if it.last_day is None or it.last_day >= version.effective_from)
            if (root := next(running, None)) is None:
                log.info("cost_information_reaches_no_contract", information=information.id, version=version.version)
                continue
            try:
                change = announced(root, change_id, version.effective_from, (), self.clock(), self.terms, version.issued_on)
            except RejectedError as refused:
                log.info("cost_information_reaches_no_contract", contract=root.id, code=refused.code)
                continue
            changes.append(change_of(root.id, partial(announce, change=change)))
        return changes
