"""Gives each effect on an accession its entry in the archive, as the archivist does for contracts."""

from __future__ import annotations

from typing import Any, Final

from services.contracts.accessions.repository import ACCESSIONS, Accessions
from services.contracts.archive.entry import Effect, Entry, Subject
from services.contracts.archiving.erasure import erased_roles
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.reading import named_content
from services.contracts.archiving.records import commitments, keep_document
from services.contracts.domain.accession import Accession
from shared.aggregate import journal
from shared.canonical_json import canonical
from shared.messages.contracts_accessions import AccessionDeclared
from shared.messages.open_enum import READING
from shared.messages.values import Channel
from shared.store.paging import portions
from shared.store.port import PORTION_BYTES, Document, Query, Store

KIND: Final = "accession"
ACCESSION: Final = "accession.json"
_ROLE: Final = "accession.declared_by"
_PAGE: Final = 100


class AccessionArchivist:
    """Archives what happens to the accessions of one channel; any number of them may work on one log."""

    def __init__(self, accessions: Accessions, channel: Channel, log: ArchiveLog) -> None:
        self.accessions = accessions
        self.channel = channel
        self.log = log

    async def run(self) -> None:
        """Archive the changes that wait, then drop them. Raises StoreUnavailableError, WriteConflictError."""
        store = self.accessions.store
        query = Query("journal", {"channel": self.channel.value}, limit=_PAGE)
        async for portion in portions(store, ACCESSIONS, query, PORTION_BYTES):
            waiting = [(document, journal.waiting(document) or []) for document in portion.documents]
            found = {_key_of(document, entry): (document, entry) for document, entries in waiting for entry in entries}
            absent = await self.log.absent(found)
            await self.log.append({key: await self._effect(key, *found[key]) for key in absent})
            await store.save_many(ACCESSIONS, [journal.shortened(it, [entry.id for entry in of]) for it, of in waiting])

    async def _effect(self, key: str, document: Document, entry: journal.Entry) -> Effect:
        store = self.accessions.store
        accession = self.accessions.ledger.state_of({**entry.state, "_id": document["_id"]})
        persons: dict[str, dict[str, Any]] = {}
        if accession.declared_by is not None and _ROLE not in await erased_roles(store, accession.id):
            persons[_ROLE] = {"person": accession.declared_by}
        return Effect(
            effect=entry.type or AccessionDeclared.TYPE,
            effect_id=entry.id or accession.id,
            subject=Subject(id=accession.id, kind=KIND, version=1),
            time=entry.at,
            number=None,
            state="DECLARED" if accession.valid_to is None else "ENDING",
            documents={ACCESSION: await keep_document(store, content_of(accession))},
            commitments=await commitments(store, key, persons),
        )


def content_of(accession: Accession) -> bytes:
    """Return the canonical JSON of an accession without who has declared it."""
    return canonical(accession.model_dump(mode="json", exclude={"declared_by"}))


async def archived_accession(entry: Entry, store: Store) -> Accession | None:
    """Return the accession that an entry names, as this version reads it; None without its document.

    Raises ValueError, StoreUnavailableError.
    """
    found = await named_content(entry, ACCESSION, store)
    return None if found is None else Accession.model_validate(found, extra="ignore", context=READING)


def _key_of(document: Document, entry: journal.Entry) -> str:
    return f"{KIND}:{document['_id']}:{entry.id}"
