"""Republishes what readers of rebuilt topics must know: states that topics retain, and whatever somebody still waits for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from marktplatz.recovery.reconcile.differences import Kind
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.rules_stores import between_stores
from marktplatz.recovery.stores import PAGE, Stores
from services.catalog.repository import OFFERINGS
from services.contracts.repository import CONTRACTS
from services.eligibility.repository import VERDICTS
from services.ordering.repository import ORDERS
from shared.aggregate.ledger import Ledger
from shared.aggregate.republisher import Republisher
from shared.errors import BusUnavailableError
from shared.store import port
from shared.store.paging import scanned

_RESTATED_BY_CONTRACTS = frozenset(
    {
        Kind.CONTRACT_NOT_RECORDED,
        Kind.PROVISION_NOT_RECORDED,
        Kind.PROVISION_END_DIFFERS,
        Kind.END_NOT_RECORDED,
        Kind.SUCCESSION_NOT_RECORDED,
        Kind.AWARDS_DUE,
    }
)
"""What a contract tells, or asks, once more is what is missing elsewhere."""
_EARLIER = timedelta(seconds=-1)  # what came this very moment counts too


def republishers(stores: Stores) -> dict[port.Collection, Republisher]:
    """Return the republishers of all services by the collection that they republish."""
    return {it.ledger.collection: it for held in stores.values() for it in held.service.republishers}


async def republish_state(stores: Stores) -> Counter[str]:
    """Republish every aggregate whose state a compacted topic must hold, or its end; return how many of each kind.

    The topic may have outlived the store and hold a state of what was removed.
    """
    republished: Counter[str] = Counter()
    for collection, republisher in republishers(stores).items():
        if republisher.retained is None:
            continue
        async for page in scanned(republisher.ledger.store, collection):
            ids = [document["_id"] for document in page if republisher.retains(document) or republisher.has_removed(document)]
            republished[republisher.name] += await republisher.republish(ids)
    return republished


async def republish_pending(stores: Stores, facts: StoreFacts, promised: Collection[str]) -> Counter[str]:
    """Republish questions without an answer and answers that did not arrive; return how many of each kind.

    A contract that is gone is asked for again only if it is ``promised`` its old number.
    """
    republished: Counter[str] = Counter()
    pending: dict[port.Collection, list[str]] = defaultdict(list)
    for collection, aggregate in _pending(facts, promised):
        pending[collection].append(aggregate)
    by_collection = republishers(stores)
    for collection, aggregates in pending.items():
        republisher = by_collection[collection]
        for start in range(0, len(aggregates), PAGE):
            republished[republisher.name] += await republisher.republish(aggregates[start : start + PAGE])
    return republished


async def send_waiting(ledger: Ledger[Any]) -> int:
    """Publish everything that waits in a ledger's outboxes and return how much. Raises BusUnavailableError if some stays."""
    total = 0
    while sent := await ledger.outbox.relay(_EARLIER):
        total += sent
    if (left := await ledger.outbox.backlog()).events:
        raise BusUnavailableError(f"the broker did not acknowledge {left.events} events or more of {ledger.collection.name}")
    return total


def _pending(facts: StoreFacts, promised: Collection[str]) -> Iterator[tuple[port.Collection, str]]:
    for offering_id in sorted(facts.waiting):
        yield OFFERINGS, offering_id
    for order in facts.orders.values():
        if order.awaits_contract and order.asked_contract not in facts.contracts:
            yield ORDERS, order.id
    for difference in between_stores(facts):
        ids = difference.ids
        match difference.kind:
            case Kind.VERDICT_DUE:
                yield ORDERS, ids["order_id"]
            case Kind.CONTRACT_MISSING if ids["contract_id"] in promised:
                yield ORDERS, ids["order_id"]
            case Kind.VERDICT_NOT_RECORDED:
                yield VERDICTS, ids["order_id"]
            case kind if kind in _RESTATED_BY_CONTRACTS:
                yield CONTRACTS, ids["contract_id"]
