"""Accessions in the store. Every reading query names who may see what it finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import date
from typing import Final

from services.contracts.accessions.narrowing import AccessionFilter, position_of
from services.contracts.domain.accession import Accession
from services.contracts.merged_list import Listing, Position, merged, portions_of
from services.contracts.narrowing import Viewer
from services.contracts.repository import SERVICE
from shared.aggregate import journal
from shared.aggregate.ledger import aggregate_collection
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.paging import documents_of, portions
from shared.store.port import PORTION_BYTES, Document, Index, Query

ACCESSIONS = aggregate_collection(
    "accessions",
    journal.index("channel"),
    Index("organisation", ("organisation_id", "declared_at")),
    Index("licensee", ("licensee_id", "declared_at")),
    Index("provider", ("provider_id", "declared_at")),
    Index("channel", ("channel", "declared_at")),
    Index("contract", ("contract_id", "organisation_id")),
    Index("ending", ("channel", "valid_to")),
)
_PAGE: Final = 500
_STEP: Final = 200
LOOKED_AT: Final = 5000
"""Accessions of one part that a page looks at, at most, for those that its filter lets pass."""


def sees(viewer: Viewer, document: Document) -> bool:
    """Return whether an accession is the viewer's: the body's, the licensee's, the Bereitsteller's, or of its own channel."""
    sides = {document["organisation_id"], document["licensee_id"], document["provider_id"]}
    return viewer.organisation in sides or (viewer.channel is not None and viewer.channel.value == document["channel"])


class Accessions:
    """All accessions to contracts of all channels."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store
        self.ledger = resources.ledger(Accession, ACCESSIONS, service=SERVICE, journal=True)

    async def find(self, viewer: Viewer, accession_id: str) -> tuple[Accession, int] | None:
        """Return an accession with its revision if the viewer may see it."""
        return await self.ledger.find(accession_id, lambda document: sees(viewer, document))

    async def page(self, viewer: Viewer, after: Position | None, limit: int, only: AccessionFilter) -> Listing[Accession]:
        """Return up to ``limit`` accessions that the viewer may see, newest first, after a position.

        Fewer may be returned though there are more: no more than ``LOOKED_AT`` of each part are looked at.
        """
        scopes = [(index, {f"{index}_id": viewer.organisation}) for index in ("organisation", "licensee", "provider")]
        if viewer.channel is not None:
            scopes.append(("channel", {"channel": viewer.channel.value}))
        queries = [Query(index, equals, after=after, descending=True, limit=limit) for index, equals in scopes]
        parts = await asyncio.gather(*(self._part(query, only) for query in queries))
        return merged(parts, position_of, limit)

    def whole(self, viewer: Viewer, only: AccessionFilter) -> AsyncIterator[list[Accession]]:
        """Yield all accessions that the viewer may see and that are asked for, as ``page`` does, in portions."""
        return portions_of(lambda after: self.page(viewer, after, _STEP, only))

    async def _part(self, query: Query, only: AccessionFilter) -> Listing[Accession]:
        """Return what one index finds of a page."""
        found: list[Accession] = []
        looked_at, limit = 0, query.limit
        if only != AccessionFilter():
            query = replace(query, limit=max(limit, _STEP))
        while len(found) < limit and looked_at < LOOKED_AT:
            documents = await self.store.find(ACCESSIONS, query)
            read = [self.ledger.state_of(document) for document in documents]
            found += [it for it in read if only.passes(it)]
            if len(documents) < query.limit:
                return Listing(found, None)
            query = replace(query, after=position_of(read[-1]))
            looked_at += query.limit
        return Listing(found, position_of(read[-1]))

    async def ending(self, channel: Channel, first: date, before: date) -> AsyncIterator[list[Accession]]:
        """Yield accessions of a channel with a last day from ``first`` on and before ``before``, in portions by that day."""
        since, until = first.isoformat(), before.isoformat()
        query = Query("ending", {"channel": channel.value}, at_least=since, below=until, limit=_PAGE)
        async for portion in portions(self.store, ACCESSIONS, query, PORTION_BYTES):
            yield [self.ledger.state_of(document) for document in portion.documents]

    async def to_contracts(self, ids: Collection[str]) -> AsyncIterator[Accession]:
        """Yield all accessions to these contracts."""
        for contract_id in sorted(ids):
            query = Query("contract", {"contract_id": contract_id}, limit=_PAGE)
            async for document in documents_of(self.store, ACCESSIONS, query):
                yield self.ledger.state_of(document)

    async def of(self, organisation: str, contract_id: str) -> list[Accession]:
        """Return the accessions of a body to a contract."""
        query = Query("contract", {"contract_id": contract_id, "organisation_id": organisation}, limit=_PAGE)
        return [self.ledger.state_of(document) async for document in documents_of(self.store, ACCESSIONS, query)]

    async def by(self, organisation: str) -> list[Accession]:
        """Return all accessions of a body."""
        query = Query("organisation", {"organisation_id": organisation}, limit=_PAGE)
        return [self.ledger.state_of(document) async for document in documents_of(self.store, ACCESSIONS, query)]
