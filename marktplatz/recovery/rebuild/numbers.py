"""Reserves the numbers of lost contracts, as far as orders or the old topics still hold them."""

from __future__ import annotations

from marktplatz.assembly import ServiceName
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.topic_facts import TopicFacts
from marktplatz.recovery.stores import Stores
from services.contracts.lost_numbers import reserve_written_numbers
from services.contracts.numbering import Number


async def reserve_lost_numbers(stores: Stores, facts: StoreFacts, topics: TopicFacts) -> dict[str, Number]:
    """Promise contracts that are gone the numbers that people know them by; return all such promises by contract id.

    Raises StoreUnavailableError, WriteConflictError.
    """
    written = dict(topics.numbers)
    for order in facts.orders.values():
        if order.contract_id is not None and order.contract_number is not None:
            written[order.contract_id] = (order.channel, order.contract_number)
        written |= {former: (order.channel, number) for former, number in order.former_contracts}
    for offering in facts.offerings.values():
        written |= offering.numbers
    existing = facts.contracts.keys() | facts.provisions.keys()
    lost = {contract: number for contract, number in written.items() if contract not in existing}
    return await reserve_written_numbers(stores[ServiceName.CONTRACTS].resources, lost)
