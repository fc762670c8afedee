"""Collections of the catalog and queries over offers, each bound to the organisation that asks or to what is public."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from services.catalog import reference
from services.catalog.access import capacities_of, unknown
from services.catalog.domain.checkpoint import Checkpoint
from services.catalog.domain.known import KnownService
from services.catalog.domain.offering import Offering, examined_by, is_public, seen_by
from services.catalog.lists import OfferingList
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.http.auth import Caller
from shared.messages.values import Channel, OfferingState
from shared.process.service import Resources
from shared.store.paging import documents_of, pages, position_of, scanned
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Query, Scalar

SERVICE = "catalog"
PAGE = 100
MANY = 1000
SCANNED = 2000
"""As many offers are looked through at least before a list that words narrow is cut short."""
_LISTED = (
    *("rev", "repeats", "provider", "state", "version", "listings", "created_at", "submitted_at", "changed_at"),
    *("form.title", "form.channels", "form.ozg_ids", "form.leika_keys", "closed_channels", "channel_suspensions", "provisions"),
    *("published_at", "channel_withdrawals", "pending.base", "pending.form.title", "pending.submitted_at", "pending.acceptances"),
    *("pending.returned", "returns", "suspension", "handed_in", "reminded"),
)
"""What the work lists show."""
_SEARCHED = (
    *("rev", "provider", "state", "version", "listings", "closed_channels", "created_at", "changed_at", "public_changed_at"),
    *("channel_suspensions", "channel_withdrawals"),
    *("form.title", "form.summary", "form.technical_concept", "form.nachnutzung", "form.topic_id", "form.ozg_ids"),
    *("form.leika_keys", "form.anbindungsarten", "form.reifegrad", "form.known_listing", "form.price_items", "published_at"),
)
"""What the Schaufenster searches and shows in its results."""
_REVISIONS = ("rev", "public_changed_at")

_UPKEEP = (
    *("provider", "state", "version", "form.title", "form.known_listing", "created_at", "published_at", "changed_at"),
    *("withdrawn_at", "removed_at", "stated", "public_changed_at", "listings", "closed_channels", "accreditation_seen"),
    "channel_withdrawals",
)
"""What decides whether an offer is to be removed, restated, closed or opened, or takes the place of a known service."""
_EXPORTED = (
    *("rev", "repeats", "provider", "state", "version", "created_at", "published_at", "changed_at", "public_changed_at"),
    *("form.title", "form.summary", "form.topic_id", "form.ozg_ids", "form.leika_keys", "form.documents"),
    *("form.contact_mailbox", "form.support"),
)
"""What the export for data portals states."""
Place = tuple[Scalar, ...]
"""Place in an index: its values, then the id."""

OFFERINGS = aggregate_collection(
    "catalog_offerings",
    Index("by_changed", ("public_changed_at",)),
    Index("by_changed_state", ("state", "public_changed_at")),
    Index("by_known_listing", ("supersedes",)),
    Index("by_withdrawal", ("removal_waits_since",)),
    Index("by_channel_end", ("channel_ends_on",)),
    Index("by_provider", ("provider_id", "changed_at")),
    Index("by_provider_state", ("provider_id", "state", "changed_at")),
    *(Index(f"by_{channel.value}", (seen_by(channel), "changed_at")) for channel in Channel),
    *(Index(f"by_{channel.value}_state", (seen_by(channel), "state", "changed_at")) for channel in Channel),
    *(Index(f"by_{channel.value}_version", (examined_by(channel), "changed_at")) for channel in Channel),
    *(Index(f"by_{channel.value}_version_state", (examined_by(channel), "state", "changed_at")) for channel in Channel),
)
KNOWN_SERVICES = aggregate_collection("catalog_known_services", Index("by_listing", ("on_list_since",)))
CHECKPOINTS = aggregate_collection("catalog_checkpoints")
REUSES = aggregate_collection(
    "catalog_reuses",
    Index("by_changed", ("changed_at",)),
    Index("by_offering", ("offering_id",)),
    Index("by_end", ("ends_next",)),
)
PORTALS = Collection("catalog_portals")
VERSIONS = Collection("catalog_versions", (Index("by_offering", ("offering_id", "version")),))
DOCUMENTS = Collection("catalog_documents", (Index("by_offering", ("offering_id", "sha256")),))
COLLECTIONS: tuple[Collection, ...] = (
    *(OFFERINGS, KNOWN_SERVICES, CHECKPOINTS, PORTALS, VERSIONS, DOCUMENTS, REUSES),
    *reference.COLLECTIONS,
)


def checkpoint_ledger(resources: Resources) -> Ledger[Checkpoint]:
    """Return the ledger of the newest checkpoint of each topic that portals follow.

    Nothing is restated: an old checkpoint misleads nobody (docs/anbinden/fold.md), and the next one follows by itself.
    """
    return resources.ledger(Checkpoint, CHECKPOINTS, service=SERVICE)


@dataclass(frozen=True, slots=True)
class Listed:
    """Offers of a list with their revisions. ``behind``: the place from which on it was not looked through, None if it was."""

    offers: list[tuple[Offering, int]]
    behind: Place | None = None


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

    async def listed(self, chosen: OfferingList, after: Place | None, limit: int) -> Listed:
        """Return offers of a list, the last changed first, with what lists show of them.

        Fewer than ``limit`` may be found though there are more: words are looked for in ``SCANNED`` offers at once.
        """
        query = chosen.query(_LISTED, limit, after)
        found: list[tuple[Offering, int]] = []
        scanned = 0
        while True:
            documents = await self._store.find(OFFERINGS, query)
            scanned += len(documents)
            found += self._shown(chosen, documents)
            if len(documents) < query.limit or len(found) >= limit:
                return Listed(found)
            rest = position_of(OFFERINGS, query, documents[-1])
            if scanned >= SCANNED:
                return Listed(found, rest)
            query = replace(query, after=rest, limit=PAGE)

    async def whole(self, chosen: OfferingList) -> AsyncIterator[list[tuple[Offering, int]]]:
        """Yield all offers of a list as ``listed`` does, in portions."""
        async for documents in pages(self._store, OFFERINGS, chosen.query(_LISTED, PAGE)):
            yield self._shown(chosen, documents)

    async def before(self, channel: Channel) -> AsyncIterator[Offering]:
        """Yield offers that can wait for the Anbieter of a channel, with what lists show of them."""
        for state in OfferingState:
            if state in (OfferingState.ENTWURF, OfferingState.ZURUECKGEZOGEN):
                continue
            equals: dict[str, Scalar] = {seen_by(channel): True, "state": state.value}
            query = Query(f"by_{channel.value}_state", equals=equals, limit=PAGE, only=_LISTED)
            async for document in documents_of(self._store, OFFERINGS, query):
                yield self.ledger.state_of(document)

    async def changes_since(self, since: datetime | None) -> AsyncIterator[tuple[str, int, datetime]]:
        """Yield id, revision and time of offers that are or were public and changed at ``since`` or later, the oldest first."""
        query = Query("by_changed", at_least=since, limit=MANY, only=_REVISIONS)
        async for document in documents_of(self._store, OFFERINGS, query):
            yield document["_id"], document["rev"], document["public_changed_at"]

    async def searched(self, ids: Sequence[str]) -> AsyncIterator[list[tuple[Offering, int]]]:
        """Yield offers by id, page by page, with what is searched and shown in results, and their revisions."""
        for start in range(0, len(ids), PAGE):
            rest: Sequence[str] = ids[start : start + PAGE]
            while rest:
                found, rest = await self._store.get_portion(OFFERINGS, rest, PORTION_BYTES, only=_SEARCHED)
                yield [(self.ledger.state_of(document), document["rev"]) for document in found.values()]

    async def withdrawn_before(self, before: datetime) -> AsyncIterator[str]:
        """Yield the ids of offers that are still on their topic and whose removal counts from before, the first first."""
        query = Query("by_withdrawal", below=before, limit=PAGE, only=("removal_waits_since",))
        async for document in documents_of(self._store, OFFERINGS, query):
            yield document["_id"]

    async def ended_before(self, day: date) -> AsyncIterator[str]:
        """Yield the ids of public offers with a channel that was to close before a day, the first first."""
        query = Query("by_channel_end", below=day.isoformat(), limit=PAGE, only=("channel_ends_on",))
        async for document in documents_of(self._store, OFFERINGS, query):
            yield document["_id"]

    async def published(self) -> AsyncIterator[Offering]:
        """Yield all offers that are or were public, the oldest change first, as far as their upkeep needs them."""
        query = Query("by_changed", limit=PAGE, only=_UPKEEP)
        async for document in documents_of(self._store, OFFERINGS, query):
            yield self.ledger.state_of(document)

    async def superseded(self) -> set[str]:
        """Return the ids of known services whose place a public offer takes."""
        query = Query("by_known_listing", limit=PAGE, only=("supersedes",))
        return {document["supersedes"] async for document in documents_of(self._store, OFFERINGS, query)}

    async def live_page(self, after: Place | None, limit: int) -> tuple[list[tuple[Offering, int]], Place | None]:
        """Return offers in the Schaufenster with what the export states, the oldest change first, and where the next page begins.

        The place is None on the last page.
        """
        query = Query("by_changed", after=after, limit=limit, only=_EXPORTED)
        found: list[tuple[Offering, int]] = []
        while True:
            documents = await self._store.find(OFFERINGS, query)
            for document in documents:
                if not is_public(OfferingState(document["state"])):
                    continue
                if len(found) == limit:
                    last = found[-1][0]
                    return found, (last.changed_at, last.id)
                found.append((self.ledger.state_of(document), self.ledger.revision_of(document)))
            if len(documents) < query.limit:
                return found, None
            query = replace(query, after=position_of(OFFERINGS, query, documents[-1]))

    def _shown(self, chosen: OfferingList, documents: Sequence[Document]) -> list[tuple[Offering, int]]:
        included = filter(chosen.includes, documents)
        return [(self.ledger.state_of(document), self.ledger.revision_of(document)) for document in included]


class KnownServices:
    """The known services as they stand on their topic, those that are off the list among them."""

    def __init__(self, resources: Resources) -> None:
        self.ledger = resources.ledger(KnownService, KNOWN_SERVICES, service=SERVICE, restate=KnownService.restate)
        self._store = resources.store

    async def all(self) -> dict[str, KnownService]:
        """Return all known services that ever stood on the list, by id."""
        found: dict[str, KnownService] = {}
        async for page in scanned(self._store, KNOWN_SERVICES):
            found |= {document["_id"]: self.ledger.state_of(document) for document in page}
        return found


def _visible(caller: Caller | None, document: Document) -> bool:
    """Return whether a caller may see an offer: what was public once, withdrawn or not, stays readable for everybody."""
    state = OfferingState(document["state"])
    if is_public(state) or document["published_at"] is not None:
        return True
    visible_to = [channel for channel in Channel if document.get(seen_by(channel))]
    return caller is not None and bool(capacities_of(caller, document["provider"]["id"], visible_to, state))
