"""Restores what Vorgänge are found by and a backup lacks: the place of an interest, the participations of Klienten."""

from __future__ import annotations

from marktplatz.assembly import ServiceName
from marktplatz.recovery.reconcile.differences import Kind
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.rules_stores import between_stores
from marktplatz.recovery.stores import Stores
from services.ordering.participations.repository import Participations
from services.ordering.repository import Orders


async def restore_places(stores: Stores, facts: StoreFacts) -> list[str]:
    """Reserve a place for every Vorgang that lacks its own, so that the same interest finds it; return their ids.

    Raises StoreUnavailableError.
    """
    lacking = [it.ids["order_id"] for it in between_stores(facts) if it.kind is Kind.ORDER_WITHOUT_PLACE]
    orders = Orders(stores[ServiceName.ORDERING].resources)
    return [order_id for order_id in lacking if await orders.restore_place(order_id)]


async def restore_participations(stores: Stores, facts: StoreFacts) -> list[str]:
    """Record for every Klient that cannot find its Vorgang that it is named there; return ids of Vorgang and Klient.

    Raises StoreUnavailableError.
    """
    lacking = [it.ids for it in between_stores(facts) if it.kind is Kind.KLIENT_WITHOUT_PARTICIPATION]
    resources = stores[ServiceName.ORDERING].resources
    participations = Participations(resources, Orders(resources))
    found = [(ids["order_id"], ids["klient"]) for ids in lacking]
    return [f"{order_id} {klient}" for order_id, klient in found if await participations.restore(order_id, klient)]
