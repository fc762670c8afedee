"""Which documents were brought for which offer. The contents lie with the files, written before they are stated here."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.catalog.repository import DOCUMENTS
from shared.errors import ConflictError
from shared.process.service import Resources
from shared.store.port import Query

MOST_DOCUMENTS = 200
"""Documents that may be brought for one offer: those of its form, and those that earlier versions name."""


class Brought(BaseModel):
    """A document that was brought: its SHA-256, kind, and length in bytes."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    sha256: str
    media_type: str
    size: int


class Documents:
    """The documents of offers in the store: written once, never changed, never deleted."""

    def __init__(self, resources: Resources) -> None:
        self._store = resources.store

    async def find(self, offering_id: str, digest: str) -> Brought | None:
        """Return a document of an offer, None if it was not brought."""
        document = await self._store.get(DOCUMENTS, _key(offering_id, digest))
        return None if document is None else Brought.model_validate(document)

    async def require_room(self, offering_id: str) -> None:
        """Return if a further document may be brought. Raises ConflictError (``too_many_documents``)."""
        query = Query("by_offering", {"offering_id": offering_id}, limit=MOST_DOCUMENTS, only=("sha256",))
        if len(await self._store.find(DOCUMENTS, query)) >= MOST_DOCUMENTS:
            raise ConflictError(
                f"{MOST_DOCUMENTS} documents were brought for the offering {offering_id}; no more are taken.",
                code="too_many_documents",
            )

    async def record(self, offering_id: str, brought: Brought, at: datetime) -> None:
        """Record that a document was brought, whose content is stored; again changes nothing."""
        document = {
            "_id": _key(offering_id, brought.sha256),
            "rev": 1,
            "offering_id": offering_id,
            **brought.model_dump(),
            "at": at,
        }
        await self._store.insert_many(DOCUMENTS, [document])


def _key(offering_id: str, digest: str) -> str:
    return f"{offering_id}.{digest}"
