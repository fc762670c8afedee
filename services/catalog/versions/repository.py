"""Contents of versions that a later one has replaced, in the store: written once, never changed, never deleted.

A version is written before the change that replaces it, so none is lost by a crash between the two. What version 0.1.0 of the
software replaced was not recorded.
"""

from __future__ import annotations

from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.repository import MANY, VERSIONS
from shared.messages.catalog import VersionEntry
from shared.messages.open_enum import READING
from shared.process.service import Resources
from shared.store.paging import documents_of
from shared.store.port import Query

_FILES = ("form.documents", "form.screenshots")


class Versions:
    """The recorded contents, by offer and version."""

    def __init__(self, resources: Resources) -> None:
        self._store = resources.store

    async def record(self, offering: Offering) -> None:
        """Record the content of the present version of an offer that is or was public; once only."""
        if offering.published_at is None:
            return
        entry = next((it for it in reversed(offering.history) if it.version == offering.version), None)
        entry = entry or VersionEntry(version=offering.version, at=offering.published_at)
        document = {
            "_id": _key(offering.id, offering.version),
            "rev": 1,
            "offering_id": offering.id,
            "version": offering.version,
            "at": entry.at,
            "changed_fields": list(entry.changed_fields),
            "form": offering.form.model_dump(mode="json"),
        }
        await self._store.insert_many(VERSIONS, [document])

    async def form_of(self, offering: Offering, version: int) -> OfferingForm | None:
        """Return the form of a version of an offer, None if its content was not recorded."""
        if version == offering.version:
            return offering.form
        document = await self._store.get(VERSIONS, _key(offering.id, version))
        return None if document is None else OfferingForm.model_validate(document["form"], extra="ignore", context=READING)

    async def recorded(self, offering_id: str) -> dict[int, VersionEntry]:
        """Return the replaced versions of an offer whose content can be read, by number."""
        query = Query("by_offering", {"offering_id": offering_id}, limit=MANY, only=("version", "at", "changed_fields"))
        entries = [
            VersionEntry(version=document["version"], at=document["at"], changed_fields=tuple(document["changed_fields"]))
            async for document in documents_of(self._store, VERSIONS, query)
        ]
        return {entry.version: entry for entry in entries}

    async def name_file(self, offering_id: str, digest: str) -> bool:
        """Return whether a replaced version of an offer names the file with this SHA-256, as a document or screenshot."""
        query = Query("by_offering", {"offering_id": offering_id}, limit=MANY, only=("version", *_FILES))
        async for document in documents_of(self._store, VERSIONS, query):
            form = document["form"]
            if any(it.get("sha256") == digest for it in (*form["documents"], *form.get("screenshots", ()))):
                return True
        return False


def _key(offering_id: str, version: int) -> str:
    return f"{offering_id}.{version}"
