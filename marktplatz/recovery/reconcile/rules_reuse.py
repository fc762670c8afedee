"""The rule of who reuses which offer: what the catalog counts is what contracts has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from marktplatz.recovery.reconcile.differences import Difference, Kind
from marktplatz.recovery.reconcile.facts import StoreFacts
from services.catalog.facts import Counted
from services.contracts.facts import AccessionFact, ContractFact, ProvisionFact, ReuseFact
from shared.calendar import day_of
from shared.clock import now


def miscounted(facts: StoreFacts, today: date) -> Iterator[tuple[str, ReuseFact]]:
    """Yield the contracts and accessions that the catalog does not count, or counts as running though they are over.

    What it knows to be over stays so: the calendar ends it in contracts, too.
    """
    counted = {contract: how for fact in facts.counted for contract, how in fact.contracts.items()}
    contracts: list[ContractFact | ProvisionFact | AccessionFact] = [*facts.contracts.values(), *facts.provisions.values()]
    for one in (*contracts, *facts.accessions.values()):
        if one.reuse is not None and _differs(one.reuse, counted.get(one.id), today):
            yield one.id, one.reuse


def reuses(facts: StoreFacts) -> Iterator[Difference]:
    """Yield a difference for each of them."""
    counted = {contract for fact in facts.counted for contract in fact.contracts}
    for contract, reuse in miscounted(facts, day_of(now())):
        how = "still counts" if contract in counted else "does not count"
        ids = {"offering_id": reuse.offering_id, "contract_id": contract, "organisation": reuse.organisation}
        text = f"catalog {how} {reuse.organisation} among those who reuse the offer {reuse.offering_id}, by {contract}"
        yield Difference(Kind.REUSE_MISCOUNTED, ids, text)


def runs_on(reuse: ReuseFact, today: date) -> bool:
    """Return whether a contract or accession runs on a day, as far as the calendar ends it."""
    return reuse.runs and (reuse.last_day is None or reuse.last_day >= today.isoformat())


def _differs(reuse: ReuseFact, counted: Counted | None, today: date) -> bool:
    if counted is None:
        return runs_on(reuse, today)
    return counted.runs and (not reuse.runs or counted.last_day != reuse.last_day)
