"""What is said anew on rebuilt topics: the full state of what is kept on them, and everything that somebody still waits for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from marktplatz.assembly import ServiceName
from marktplatz.recovery.inventory import PAGE, ServiceStore, pages
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.rules_stores import Kind, between_stores
from services.catalog.domain.offering import Offering
from services.catalog.repository import OFFERINGS
from services.contracts.domain.contract import Contract
from services.contracts.domain.request import contract_id
from services.contracts.repository import CONTRACTS
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.verdict import OrderVerdict
from services.eligibility.repository import ORGANISATIONS, VERDICTS
from services.ordering.domain.interest import restate as restate_order
from services.ordering.repository import ORDERS
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger
from shared.aggregate.outbox import PENDING
from shared.errors import BusUnavailableError, NotFoundError
from shared.messages.base import Message
from shared.store import port
from shared.store.port import Query

Restate = Callable[[Any], Sequence[Message]]

REPUBLISHERS: Mapping[str, tuple[ServiceName, port.Collection, Restate]] = {
    "offering": (ServiceName.CATALOG, OFFERINGS, Offering.restate),
    "organisation": (ServiceName.ELIGIBILITY, ORGANISATIONS, Organisation.restate),
    "verdict": (ServiceName.ELIGIBILITY, VERDICTS, OrderVerdict.restate),
    "order": (ServiceName.ORDERING, ORDERS, restate_order),
    "contract": (ServiceName.CONTRACTS, CONTRACTS, Contract.restate),
}
_EARLIER = timedelta(seconds=-1)  # what came this very moment counts too


async def republish_state(stores: Mapping[ServiceName, ServiceStore]) -> Counter[str]:
    """Say the newest state of every offer that was ever public and of every organisation; return how many of each."""
    republished: Counter[str] = Counter()
    for entry in ("offering", "organisation"):
        name, collection, _ = REPUBLISHERS[entry]
        async for page in pages(stores[name].store, collection):
            republished[entry] += await _republish(stores, entry, [document["_id"] for document in page])
    return republished


async def republish_pending(
    stores: Mapping[ServiceName, ServiceStore], facts: StoreFacts, promised: Collection[str]
) -> Counter[str]:
    """Repeat the questions that have no answer and the answers that were not heard; return how many of each speaker.

    A contract that is gone is asked for again only if it is ``promised`` its old number.
    """
    republished: Counter[str] = Counter()
    waiting: dict[str, list[str]] = {}
    for entry, aggregate in _awaited(facts, promised):
        waiting.setdefault(entry, []).append(aggregate)
    for entry, aggregates in waiting.items():
        for start in range(0, len(aggregates), PAGE):
            republished[entry] += await _republish(stores, entry, aggregates[start : start + PAGE])
    return republished


async def send_waiting(ledger: Ledger[Any]) -> int:
    """Publish everything that waits in a ledger's outboxes and return how much. Raises BusUnavailableError if some stays."""
    total = 0
    while sent := await ledger.outbox.relay(_EARLIER):
        total += sent
    waiting = Query(PENDING.name, only=("outbox.seq",))
    if left := [it for it in await ledger.store.find(ledger.collection, waiting) if it["outbox"]]:
        raise BusUnavailableError(
            f"the broker did not acknowledge the events of {ledger.collection.name} {left[0]['_id']} and perhaps others"
        )
    return total


def _awaited(facts: StoreFacts, promised: Collection[str]) -> Iterator[tuple[str, str]]:
    for order in facts.orders.values():
        if order.awaits_contract and contract_id(order.channel, order.id) not in facts.contracts:
            yield "order", order.id
    for difference in between_stores(facts):
        ids = difference.ids
        match difference.kind:
            case Kind.VERDICT_DUE:
                yield "order", ids["order_id"]
            case Kind.CONTRACT_MISSING if ids["contract_id"] in promised:
                yield "order", ids["order_id"]
            case Kind.VERDICT_NOT_RECORDED:
                yield "verdict", ids["order_id"]
            case Kind.CONTRACT_NOT_RECORDED:
                yield "contract", ids["contract_id"]


async def _republish(stores: Mapping[ServiceName, ServiceStore], entry: str, aggregates: Sequence[str]) -> int:
    name, collection, restate = REPUBLISHERS[entry]
    results = await stores[name].ledger(collection).apply([_change(aggregate, restate) for aggregate in aggregates])
    return sum(1 for result in results if result.events)


def _change(aggregate: str, restate: Restate) -> Change[Any]:
    def decide(state: Any) -> tuple[Any, Sequence[Message]]:  # noqa: ANN401 - the state of any aggregate
        if state is None:
            raise NotFoundError(f"There is no {aggregate} any more.", id=aggregate)
        return state, restate(state)

    return Change(aggregate, decide)
