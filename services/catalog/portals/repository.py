"""What portals have reported, in the store: the newest report of each, and how it stood when it was last judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from services.catalog.portals.judgement import Standing
from services.catalog.repository import PORTALS
from shared.errors import WriteConflictError
from shared.messages.catalog_portals import PortalHealth
from shared.messages.open_enum import READING
from shared.process.service import Resources
from shared.store.paging import scanned
from shared.store.port import Document, Save

MOST_PORTALS = 500
"""Portals of which reports are stored; reports of further ones are refused."""


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal: its newest report, when that arrived by our clock, and how the portal stood then or since."""

    health: PortalHealth
    received_at: datetime
    standings: tuple[Standing, ...]
    rev: int = 0

    @property
    def id(self) -> str:
        """The id of the portal."""
        return self.health.portal

    @classmethod
    def of_document(cls, document: Document) -> Self:
        """Return the portal that a document holds; what a later version has added is passed over."""
        return cls(
            health=PortalHealth.model_validate(document["health"], extra="ignore", context=READING),
            received_at=document["received_at"],
            standings=tuple(Standing.model_validate(standing, extra="ignore") for standing in document["standings"]),
            rev=document["rev"],
        )

    def document(self) -> Document:
        """Return the document that holds the portal in its next revision."""
        return {
            "_id": self.id,
            "rev": self.rev + 1,
            "health": self.health.model_dump(mode="json"),
            "received_at": self.received_at,
            "standings": [{**standing.model_dump(), "state": standing.state.value} for standing in self.standings],
        }


class Portals:
    """The portals that have reported."""

    def __init__(self, resources: Resources) -> None:
        self._store = resources.store

    async def all(self) -> dict[str, Portal]:
        """Return all portals by id."""
        found: dict[str, Portal] = {}
        async for page in scanned(self._store, PORTALS):
            found |= {document["_id"]: Portal.of_document(document) for document in page}
        return found

    async def get(self, portal_id: str) -> Portal | None:
        """Return a portal, or None if it has not reported."""
        document = await self._store.get(PORTALS, portal_id)
        return None if document is None else Portal.of_document(document)

    async def get_many(self, ids: Sequence[str]) -> Mapping[str, Portal]:
        """Return those of these portals that have reported."""
        found = await self._store.get_many(PORTALS, ids)
        return {name: Portal.of_document(document) for name, document in found.items()}

    async def save(self, portals: Sequence[Portal]) -> None:
        """Insert or replace portals. Raises WriteConflictError if somebody else changed one since it was read."""
        new = [portal.document() for portal in portals if portal.rev == 0]
        saves = [Save(portal.document(), expected_rev=portal.rev) for portal in portals if portal.rev]
        refused = bool(new) and len(await self._store.insert_many(PORTALS, new)) < len(new)
        refused = (bool(saves) and bool(await self._store.save_many(PORTALS, saves))) or refused
        if refused:
            raise WriteConflictError("somebody else changed the same portals")

    async def remove(self, portal_id: str) -> bool:
        """Remove what a portal reported; return whether there was anything. Its next report brings it back."""
        return bool(await self._store.delete(PORTALS, [portal_id]))
