"""Restores what the catalog counts of contracts and no topic holds any more: who reuses which offer."""

from __future__ import annotations

from marktplatz.assembly import ServiceName
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.stores import Stores
from services.catalog.domain.reuse import StatedContract, stated_contract
from services.catalog.reuse import Reuses
from services.contracts.facts import ContractFact, ProvisionFact


async def restore_reuses(stores: Stores, facts: StoreFacts) -> list[str]:
    """Count the contracts that the catalog does not, and no more those that are over; return their ids.

    Raises StoreUnavailableError, WriteConflictError if somebody writes to the store meanwhile.
    """
    lacking = _lacking(facts)
    await Reuses(stores[ServiceName.CATALOG].resources).restore(lacking)
    return [it.contract_id for it in lacking]


def _lacking(facts: StoreFacts) -> list[StatedContract]:
    counted = {contract: runs for fact in facts.counted for contract, runs in fact.contracts.items()}
    found: list[StatedContract] = []
    contracts: list[ContractFact | ProvisionFact] = [*facts.contracts.values(), *facts.provisions.values()]
    for contract in contracts:
        reuse = contract.reuse
        # What the catalog knows to be over stays so: the calendar ends it here, too.
        if reuse is not None and (reuse.runs, counted.get(contract.id)) in {(True, None), (False, True)}:
            found.append(stated_contract(contract.id, reuse.offering_id, reuse.organisation, runs=reuse.runs))
    return found
