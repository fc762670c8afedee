"""Where Vorgänge and the projected offers lie, and how they are found."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import pairwise

from services.ordering.access import has_part, unknown
from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import Task
from services.ordering.narrowing import LIST_INDEXES, SCOPES, WORDED, Counted, Found, OrderFilter, Position
from shared.aggregate.ledger import aggregate_collection
from shared.followed_offers import get_offer
from shared.http.auth import Caller
from shared.ids import derived_id
from shared.messages.ordering import OrderParty
from shared.messages.values import Channel, OrderState
from shared.process.service import Resources
from shared.store.port import PORTION_BYTES, Document, Index, Query, Scalar

SERVICE = "ordering"
ORDERS = aggregate_collection(
    "orders",
    *LIST_INDEXES,
    *(Index(f"{field}_offering", (field, "offering_id", "state")) for field in ("shown_to", "channel")),
    Index("due", ("due_kind", "due_at")),
    Index("hold", ("hold_until",)),
    Index("target", ("target_at",)),
    Index("asked", ("asked_since",)),
    Index("offering", ("offering_id", "declared_at")),
    Index("state_age", ("channel", "state", "state_since")),
    Index("waiting_age", ("channel", "waiting_what", "waiting_since")),
    Index("placement", ("placement_id",)),
)
LISTED_OFFERINGS = aggregate_collection("listed_offerings")
RESERVED_FOR = "reserved_for"
"""Field of a reserved place: the id of the Vorgang that it is for. It has nothing of a Vorgang, so no index finds it."""
MOST_GENERATIONS = 1000
"""As many Vorgänge a customer may begin for one offer through one channel, one after the other."""
MOST_TOGETHER = 20
"""As many Vorgänge can be ordered in one act."""
_GENERATIONS = (1, 5, 101, MOST_GENERATIONS + 1)
"""Where each reading of them begins; hardly anybody has more than the first."""
_LISTED = (
    *("number", "request_id", "state", "state_since", "channel", "offering_id", "offering_title", "offering_version"),
    *("customer_id", "customer_name", "provider_id", "provider_name", "shown_to", "declared_at", "check_requested_at", "bundled"),
    *(
        "waiting_party",
        "waiting_since",
        "waiting_what",
        "planned_on",
        "due_kind",
        "due_at",
        "hold_until",
        "target_at",
        "reminded",
    ),
)
"""What a list shows of a Vorgang, and what it is found by; its long parts are not read."""
_KLIENTEN = ("klienten", "asked_since")
_COUNTED = ("state", "offering_id", "declared_at", "waiting_since", *WORDED)
COUNTED = 1000
"""Up to here the Vorgänge of a list are counted."""
SCANNED = 2000
"""As many Vorgänge of a side are looked through at least before a list that several conditions narrow is cut short."""
_PORTION = 200
_NOT_READ = {"anbindungsarten": "[]", "price_sheet": "[]"}


@dataclass(frozen=True, slots=True)
class Stored:
    """A Vorgang as it is stored, with the events of others that it has refused."""

    order: Order
    rev: int
    refused_events: Sequence[Document]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the n-th Vorgang of a customer for an offer through a channel has its id, and the Vorgang once there is one."""

    order_id: str
    order: Order | None = None


def place_id(customer: str, offering_id: str, channel: Channel, generation: int) -> str:
    """Return the id of the place of the n-th Vorgang of a customer for an offer through a channel, counted from 1.

    Everybody can compute it. The Vorgang itself has a random id, which stands in the place; the Vorgänge of earlier versions
    lie in their place themselves.
    """
    return derived_id("order", customer, offering_id, channel.value, str(generation))


class Orders:
    """All Vorgänge. What is read for a caller is limited to what is theirs."""

    def __init__(self, resources: Resources) -> None:
        self.ledger = resources.ledger(Order, ORDERS, service=SERVICE)

    async def get(self, order_id: str, caller: Caller) -> Stored:
        """Return a Vorgang of the caller's. Raises NotFoundError for any other."""
        document = await self.ledger.store.get(ORDERS, order_id)
        if document is None or not has_part(document, caller):
            raise unknown(order_id)
        return Stored(self.ledger.state_of(document), document["rev"], document["refusals"])

    async def require_part(self, order_id: str, caller: Caller) -> None:
        """Return if the Vorgang is one of the caller's. Raises NotFoundError for any other."""
        if not await self.ledger.is_visible(order_id, partial(has_part, caller=caller)):
            raise unknown(order_id)

    async def page(self, caller: Caller, narrowed: OrderFilter, *, after: tuple[Scalar, ...] | None = None, limit: int) -> Found:
        """Return what is asked for of the caller's Vorgänge, from after a place on.

        For lists: their long parts are not loaded. Fewer than ``limit`` may be found though there are more (``SCANNED``).
        An organisation may be Kunde of some and Bereitsteller of others: both lists have the same order and are merged.
        """
        orders: list[Order] = []
        rests: list[Position] = []
        for side in narrowed.sides(caller):
            documents, rest = await self._of_side(narrowed, side, caller.organisation, after, limit, _LISTED)
            orders += map(self._listed, documents)
            rests += [] if rest is None else [rest]
        found = narrowed.merged(orders, rests)
        return Found(found.orders[:limit], found.rest)

    async def whole(self, caller: Caller, narrowed: OrderFilter) -> AsyncIterator[list[Order]]:
        """Yield all of the caller's Vorgänge that are asked for, as ``page`` does, in portions."""
        after: tuple[Scalar, ...] | None = None
        while True:
            found = await self.page(caller, narrowed, after=after, limit=_PORTION)
            yield found.orders
            after = narrowed.position_of(found.orders[-1]) if len(found.orders) == _PORTION else found.rest
            if after is None:
                return

    async def count(self, caller: Caller, narrowed: OrderFilter) -> Counted:
        """Return how many of the caller's Vorgänge are asked for, ``COUNTED`` at most."""
        ids: set[str] = set()
        more = False
        for side in narrowed.sides(caller):
            documents, rest = await self._of_side(narrowed, side, caller.organisation, None, COUNTED + 1, _COUNTED)
            ids |= {document["_id"] for document in documents}
            more = more or rest is not None
        return Counted(min(len(ids), COUNTED), more or len(ids) > COUNTED)

    async def places(self, customer: str, offering_id: str, channel: Channel) -> list[Place]:
        """Return the places of all Vorgänge of a customer for an offer through a channel, oldest first.

        They hold what is listed of them. Only the last one can be without its Vorgang: reserved, and not used yet.
        """
        found: list[Document] = []
        for first, last in pairwise(_GENERATIONS):
            ids = [place_id(customer, offering_id, channel, generation) for generation in range(first, last)]
            documents = await self._heads(ids)
            found += [documents[id_] for id_ in ids if id_ in documents]
            if len(documents) < len(ids):
                break
        orders = await self._heads([document[RESERVED_FOR] for document in found if RESERVED_FOR in document])
        return [self._place(document, orders) for document in found]

    async def _heads(self, ids: Sequence[str], more: tuple[str, ...] = ()) -> dict[str, Document]:
        """Return what is listed of Vorgänge and of reserved places, by id."""
        found: dict[str, Document] = {}
        left = list(ids)
        while left:
            documents, left = await self.ledger.store.get_portion(
                ORDERS, left, PORTION_BYTES, only=(*_LISTED, *more, RESERVED_FOR)
            )
            found |= documents
        return found

    async def reserve(
        self, customer: str, offering_id: str, channel: Channel, generation: int, order_id: str | None = None
    ) -> Place:
        """Reserve a place for a new Vorgang, or for ``order_id``. Of several who ask at once, all get the same.

        The place lies among the Vorgänge, at the id under which earlier versions put the Vorgang itself: whichever version
        comes first has it, and while both run there are never two Vorgänge for one interest.
        """
        document: Document = {
            "_id": place_id(customer, offering_id, channel, generation),
            "rev": 1,
            "seq": 0,
            "pending_since": None,
            "inbox": {},
            "outbox": [],
            "refusals": [],
            "requests": [],
            RESERVED_FOR: order_id or str(uuid.uuid4()),
        }
        if not await self.ledger.store.insert_many(ORDERS, [document]):
            documents = await self.ledger.store.get_many(ORDERS, [document["_id"]])
            document = documents[document["_id"]]
        return self._place(document, {})

    async def restore_place(self, order_id: str, to: Channel | None = None) -> bool:
        """Reserve the first free place for a Vorgang that was restored without its own, or changes ``to`` a channel.

        Return False if there is none left.
        """
        document = await self.ledger.store.get(ORDERS, order_id)
        if document is None:
            return False
        customer, offering_id, channel = document["customer_id"], document["offering_id"], to or Channel.read(document["channel"])
        for generation in range(1, MOST_GENERATIONS + 1):
            if (await self.reserve(customer, offering_id, channel, generation, order_id)).order_id == order_id:
                return True
        return False

    def _place(self, document: Document, orders: Mapping[str, Document]) -> Place:
        order_id: str | None = document.get(RESERVED_FOR)
        if order_id is None:
            return Place(document["_id"], self._listed(document))
        return Place(order_id, self._listed(orders[order_id]) if order_id in orders else None)

    async def due(self, kind: Deadline, before: datetime, after: tuple[Scalar, ...] | None, limit: int) -> list[Order]:
        """Return Vorgänge whose deadline of that kind has passed, of all organisations, without their long parts.

        Work of the system, not of a caller.
        """
        by_kind = {} if kind is Deadline.HOLD else {"due_kind": kind.value}
        index = "hold" if kind is Deadline.HOLD else "due"
        query = Query(index, by_kind, below=before, after=after, limit=limit, only=_LISTED)
        return [self._listed(document) for document in await self.ledger.store.find(ORDERS, query)]

    async def waiting(
        self, channel: Channel, task: Task, before: datetime, after: tuple[Scalar, ...] | None, limit: int
    ) -> list[Order]:
        """Return Vorgänge of a channel that have waited for a task since ``before``, of all organisations, without long parts.

        Work of the system, not of a caller.
        """
        waits = {"channel": channel.value, "waiting_what": task.value}
        query = Query("waiting_age", waits, below=before, after=after, limit=limit, only=_LISTED)
        return [self._listed(document) for document in await self.ledger.store.find(ORDERS, query)]

    async def planned(self, before: datetime, after: tuple[Scalar, ...] | None, limit: int) -> list[Order]:
        """Return Vorgänge with a milestone that is to be reached before a moment, with their milestones, the first days first.

        Work of the system, not of a caller.
        """
        return await self._below("target", before, after, limit, ("milestones", "target_days"))

    async def asked(self, before: datetime, after: tuple[Scalar, ...] | None, limit: int) -> list[Order]:
        """Return Vorgänge with Klienten that have been asked before a moment and not answered, with all their Klienten.

        Work of the system, not of a caller.
        """
        return await self._below("asked", before, after, limit, _KLIENTEN)

    async def _below(
        self, index: str, before: datetime, after: tuple[Scalar, ...] | None, limit: int, more: tuple[str, ...]
    ) -> list[Order]:
        query = Query(index, below=before, after=after, limit=limit, only=(*_LISTED, *more))
        return [self._listed(document) for document in await self.ledger.store.find(ORDERS, query)]

    async def with_klienten(self, ids: Sequence[str]) -> dict[str, Order]:
        """Return what is listed of Vorgänge with their Klienten, by id."""
        documents = await self._heads(ids, _KLIENTEN)
        return {order_id: self._listed(document) for order_id, document in documents.items() if RESERVED_FOR not in document}

    async def of_offering(self, offering_id: str, after: tuple[Scalar, ...] | None, limit: int) -> list[Order]:
        """Return Vorgänge of an offer, the oldest first, of all organisations, without their long parts.

        Work of the system, not of a caller.
        """
        query = Query("offering", {"offering_id": offering_id}, after=after, limit=limit, only=_LISTED)
        return [self._listed(document) for document in await self.ledger.store.find(ORDERS, query)]

    async def placed_together(self, placement_id: str, caller: Caller) -> list[Order]:
        """Return the Vorgänge that were ordered in one act, those of the caller's, with what lists show of them."""
        query = Query("placement", {"placement_id": placement_id}, limit=MOST_TOGETHER, only=_LISTED)
        documents = await self.ledger.store.find(ORDERS, query)
        return [self._listed(document) for document in documents if has_part(document, caller)]

    async def count_of_offering(self, offering_id: str, side: OrderParty, organisation: str, state: OrderState) -> int:
        """Return how many Vorgänge of an offer are in a state, of those that an organisation has as Bereitsteller or Anbieter.

        They are few enough to be counted in a request: an entry of the index for each body that has one open for the offer.
        """
        field = SCOPES[side]
        equals: dict[str, Scalar] = {field: organisation, "offering_id": offering_id, "state": state.value}
        return await self.ledger.store.count(ORDERS, Query(f"{field}_offering", equals, limit=1))

    async def count_in_state(self, channel: Channel, state: OrderState) -> int:
        """Return how many Vorgänge of a channel are in a state, of all organisations: a figure of the system."""
        return await self.ledger.store.count(ORDERS, _in_state(channel, state))

    async def longest_in_state(self, channel: Channel, state: OrderState) -> datetime | None:
        """Return since when the Vorgang has been in the state that has been there for longest."""
        return await self._first(_in_state(channel, state), "state_since")

    async def count_waiting(self, channel: Channel, task: Task) -> int:
        """Return how many Vorgänge of a channel wait for a step, of all organisations."""
        return await self.ledger.store.count(ORDERS, _waiting(channel, task))

    async def longest_waiting(self, channel: Channel, task: Task) -> datetime | None:
        """Return since when the Vorgang has waited for the step that has waited for longest."""
        return await self._first(_waiting(channel, task), "waiting_since")

    async def _first(self, query: Query, field: str) -> datetime | None:
        documents = await self.ledger.store.find(ORDERS, replace(query, only=(field,)))
        return documents[0][field] if documents else None

    async def _of_side(
        self,
        narrowed: OrderFilter,
        side: OrderParty,
        organisation: str,
        after: tuple[Scalar, ...] | None,
        limit: int,
        only: tuple[str, ...],
    ) -> tuple[list[Document], Position | None]:
        """Return Vorgänge of a side; if fewer than ``limit``, also the place behind which it was not looked through, if any."""
        index, equals = narrowed.query(side, organisation)
        query = Query(index, equals, after=after, descending=narrowed.newest_first, limit=limit, only=only)
        found: list[Document] = []
        scanned = 0
        while True:
            documents = await self.ledger.store.find(ORDERS, query)
            scanned += len(documents)
            found += filter(narrowed.includes, documents)
            if len(documents) < query.limit or len(found) >= limit:
                return found, None
            rest = (documents[-1][narrowed.time], documents[-1]["_id"])
            if scanned >= SCANNED:
                return found, rest
            query = replace(query, after=rest, limit=_PORTION)

    def _listed(self, document: Document) -> Order:
        return self.ledger.state_of({**_NOT_READ, **document})


class Offerings:
    """The offers that the catalogue has published."""

    def __init__(self, resources: Resources) -> None:
        self.ledger = resources.ledger(ListedOffering, LISTED_OFFERINGS, service=SERVICE)

    async def get(self, offering_id: str) -> ListedOffering:
        """Return an offer. Raises NotFoundError (``offering_not_found``)."""
        return await get_offer(self.ledger, offering_id)


def _in_state(channel: Channel, state: OrderState) -> Query:
    return Query("state_age", {"channel": channel.value, "state": state.value}, limit=1)


def _waiting(channel: Channel, task: Task) -> Query:
    return Query("waiting_age", {"channel": channel.value, "waiting_what": task.value}, limit=1)
