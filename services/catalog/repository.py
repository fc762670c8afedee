"""Collections of the catalog and queries over offers, each bound to the organisation that asks or to what is public."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from services.catalog import reference
from services.catalog.access import capacities_of, unknown
from services.catalog.domain.offering import Offering, is_public, seen_by
from shared.aggregate.ledger import aggregate_collection
from shared.http.auth import Caller
from shared.messages.values import Channel, OfferingState
from shared.process.service import Resources
from shared.store.paging import documents_of
from shared.store.port import Collection, Document, Index, Query, Scalar

SERVICE = "catalog"
PAGE = 100
_LISTED = (
    *("rev", "repeats", "provider", "state", "version", "listings", "created_at", "submitted_at", "changed_at"),
    *("form.title", "form.channels"),
)
"""What the work lists show."""
_SEARCHED = (
    *("rev", "provider", "state", "version", "listings", "created_at", "changed_at", "public_changed_at"),
    *("form.title", "form.summary", "form.technical_concept", "form.nachnutzung", "form.topic_id", "form.ozg_ids"),
    *("form.leika_keys", "form.anbindungsarten", "form.reifegrad", "form.known_listing"),
)
"""What the Schaufenster searches and shows in its results."""

OFFERINGS = aggregate_collection(
    "catalog_offerings",
    Index("by_changed", ("public_changed_at",)),
    Index("by_provider", ("provider_id", "changed_at")),
    Index("by_provider_state", ("provider_id", "state", "changed_at")),
    *(Index(f"by_{channel.value}", (seen_by(channel), "changed_at")) for channel in Channel),
    *(Index(f"by_{channel.value}_state", (seen_by(channel), "state", "changed_at")) for channel in Channel),
)
COLLECTIONS: tuple[Collection, ...] = (OFFERINGS, *reference.COLLECTIONS)


class Offerings:
    """The offers in the store."""

    def __init__(self, resources: Resources) -> None:
        self.ledger = resources.ledger(Offering, OFFERINGS, service=SERVICE, restate=Offering.restate)
        self._store = resources.store

    async def find(self, offering_id: str, caller: Caller | None) -> tuple[Offering, int] | None:
        """Return an offer that the caller may see, with its revision, or None."""
        return await self.ledger.find(offering_id, partial(_visible, caller))

    async def require_visible(self, offering_id: str, caller: Caller) -> None:
        """Return if the caller may see the offer. Raises NotFoundError."""
        if not await self.ledger.is_visible(offering_id, partial(_visible, caller)):
            raise unknown(offering_id)

    async def of_provider(
        self, organisation: str, state: OfferingState | None, after: tuple[Scalar, ...] | None, limit: int
    ) -> list[tuple[Offering, int]]:
        """Return offers of a Bereitsteller, the last changed first, with what lists show of them."""
        return await self._page("by_provider", {"provider_id": organisation}, state, after, limit)

    async def of_channel(
        self, channel: Channel, state: OfferingState | None, after: tuple[Scalar, ...] | None, limit: int
    ) -> list[tuple[Offering, int]]:
        """Return offers that the Anbieter of a channel may see, the last changed first, with what lists show of them."""
        return await self._page(f"by_{channel.value}", {seen_by(channel): True}, state, after, limit)

    async def public_since(self, since: datetime | None) -> AsyncIterator[Document]:
        """Yield the documents of offers that are or were public and changed at ``since`` or later, the oldest change first.

        They hold what is searched and shown in results.
        """
        query = Query("by_changed", at_least=since, limit=PAGE, only=_SEARCHED)
        async for document in documents_of(self._store, OFFERINGS, query):
            yield document

    async def _page(
        self,
        index: str,
        whose: dict[str, Scalar],
        state: OfferingState | None,
        after: tuple[Scalar, ...] | None,
        limit: int,
    ) -> list[tuple[Offering, int]]:
        query = Query(index, equals=whose, after=after, descending=True, limit=limit, only=_LISTED)
        if state is not None:
            query = replace(query, index=f"{index}_state", equals={**whose, "state": state.value})
        documents = await self._store.find(OFFERINGS, query)
        return [(self.ledger.state_of(document), self.ledger.revision_of(document)) for document in documents]


def _visible(caller: Caller | None, document: Document) -> bool:
    state = OfferingState(document["state"])
    if is_public(state):
        return True
    visible_to = () if document["submitted_at"] is None else document["form"]["channels"]
    return caller is not None and bool(capacities_of(caller, document["provider"]["id"], visible_to, state))
