"""Restores what the catalog counts of contracts and no topic holds any more: who reuses which offer."""

from __future__ import annotations

from datetime import date

from marktplatz.assembly import ServiceName
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.rules_reuse import miscounted, runs_on
from marktplatz.recovery.stores import Stores
from services.catalog.domain.reuse import StatedContract, stated_contract
from services.catalog.reuse import Reuses
from services.contracts.facts import ReuseFact
from shared.calendar import day_of


async def restore_reuses(stores: Stores, facts: StoreFacts) -> list[str]:
    """Count what the catalog does not, and no more what is over; return the ids of these contracts and accessions.

    Raises StoreUnavailableError, WriteConflictError if somebody writes to the store meanwhile.
    """
    resources = stores[ServiceName.CATALOG].resources
    today = day_of(resources.clock())
    lacking = [_stated(contract, reuse, today) for contract, reuse in miscounted(facts, today)]
    await Reuses(resources).restore(lacking)
    return [it.contract_id for it in lacking]


def _stated(contract: str, reuse: ReuseFact, today: date) -> StatedContract:
    last_day = None if reuse.last_day is None else date.fromisoformat(reuse.last_day)
    runs = runs_on(reuse, today)
    return stated_contract(contract, reuse.offering_id, reuse.organisation, runs=runs, last_day=last_day)
