"""Restores the places of Vorgänge that a backup holds without them: it was written in the moment of their interest."""

from __future__ import annotations

from marktplatz.assembly import ServiceName
from marktplatz.recovery.reconcile.differences import Kind
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.rules_stores import between_stores
from marktplatz.recovery.stores import Stores
from services.ordering.repository import Orders


async def restore_places(stores: Stores, facts: StoreFacts) -> list[str]:
    """Reserve a place for every Vorgang that lacks its own, so that the same interest finds it; return their ids.

    Raises StoreUnavailableError.
    """
    lacking = [it.ids["order_id"] for it in between_stores(facts) if it.kind is Kind.ORDER_WITHOUT_PLACE]
    orders = Orders(stores[ServiceName.ORDERING].resources)
    return [order_id for order_id in lacking if await orders.restore_place(order_id)]
