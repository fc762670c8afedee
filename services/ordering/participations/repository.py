"""Where a Klient finds the Vorgänge in which it is named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from services.ordering.access import unknown
from services.ordering.domain.klient import Klient
from services.ordering.domain.order import Order
from services.ordering.repository import ORDERS, Orders
from shared.http.caller import Caller
from shared.ids import derived_id
from shared.process.service import Resources
from shared.store.port import Collection, Document, Index, Query, Scalar

PARTICIPATIONS = Collection("participations", (Index("klient", ("klient_id", "named_at")),))
"""One document for each Klient of each Vorgang, written before the Klient is named: one without its Klient is passed over."""
Place = tuple[datetime, str]
SCANNED = 2000
"""As many places of a Klient are looked through at least before the list of what waits for it is cut short."""
_PORTION = 200


@dataclass(frozen=True, slots=True)
class Named:
    """A Klient in a Vorgang, with its place in the list."""

    place: Place
    order: Order
    klient: Klient


@dataclass(frozen=True, slots=True)
class Found:
    """Vorgänge in the order of their list. ``rest``: place behind which more may lie, though fewer were found than asked for."""

    named: list[Named]
    rest: Place | None = None


class Participations:
    """The Vorgänge of Klienten. Nobody reads one in which they are not named."""

    def __init__(self, resources: Resources, orders: Orders) -> None:
        self.store = resources.store
        self.orders = orders

    async def ask(self, order_id: str, klient: str, at: datetime) -> None:
        """Record that a Klient may find a Vorgang; safe to repeat."""
        document = {
            "_id": derived_id("participation", order_id, klient),
            "rev": 1,
            "klient_id": klient,
            "order_id": order_id,
            "named_at": at,
        }
        await self.store.insert_many(PARTICIPATIONS, [document])

    async def restore(self, order_id: str, klient: str) -> bool:
        """Record anew that a Klient may find a Vorgang, since when it was named; return False if it is not named there."""
        document = await self.store.get(ORDERS, order_id)
        named = None if document is None else self.orders.ledger.state_of(document).klient(klient)
        if named is None:
            return False
        await self.ask(order_id, klient, named.named_at)
        return True

    async def page(self, caller: Caller, after: tuple[Scalar, ...] | None, limit: int, *, waiting: bool) -> Found:
        """Return the Vorgänge in which the caller is named, newest first; those ``waiting`` for its answer, the longest first.

        Fewer than ``limit`` may be found though there are more: about ``SCANNED`` places are looked through at most.
        """
        equals: dict[str, Scalar] = {"klient_id": caller.organisation}
        query = Query("klient", equals, after=after, descending=not waiting, limit=limit)
        found: list[Named] = []
        scanned = 0
        while True:
            documents = await self.store.find(PARTICIPATIONS, query)
            found += [it for it in await self._named(documents) if not waiting or it.order.waits_for_klient(caller.organisation)]
            scanned += len(documents)
            if len(documents) < query.limit or len(found) >= limit:
                return Found(found)
            rest = (documents[-1]["named_at"], documents[-1]["_id"])
            if scanned >= SCANNED:
                return Found(found, rest)
            query = replace(query, after=rest, limit=_PORTION)

    async def _named(self, documents: Sequence[Document]) -> list[Named]:
        """Return those places whose Klient is named in the Vorgang, and still is."""
        orders = await self.orders.with_klienten([document["order_id"] for document in documents])
        found: list[Named] = []
        for document in documents:
            order = orders.get(document["order_id"])
            klient = None if order is None else order.klient(document["klient_id"])
            if order is not None and klient is not None:
                found.append(Named((document["named_at"], document["_id"]), order, klient))
        return found

    async def get(self, order_id: str, caller: Caller) -> tuple[Order, int]:
        """Return a Vorgang in which the caller is named, and its revision. Raises NotFoundError for any other."""
        document = await self.store.get(ORDERS, order_id)
        if document is None or not _is_named(document, caller.organisation):
            raise unknown(order_id)
        return self.orders.ledger.state_of(document), document["rev"]

    async def require_named(self, order_id: str, caller: Caller) -> None:
        """Return if the caller is a Klient of the Vorgang. Raises NotFoundError for any other."""
        named = partial(_is_named, organisation=caller.organisation)
        if not await self.orders.ledger.is_visible(order_id, named):
            raise unknown(order_id)


def _is_named(document: Document, organisation: str) -> bool:
    return any(klient["id"] == organisation for klient in json.loads(document.get("klienten") or "[]"))
