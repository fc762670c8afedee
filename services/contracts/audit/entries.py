"""Audits a log of the archive: entries, tree, checkpoints, and what lies outside: documents and records about persons."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from typing import Final

from services.contracts.accessions.archiving import KIND
from services.contracts.accessions.repository import ACCESSIONS
from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archive.commitment import commit
from services.contracts.archive.entry import Entry, Named
from services.contracts.archive.keys import verifies
from services.contracts.archive.tree import Frontier, leaf_hash
from services.contracts.archiving.erasure import erased_roles
from services.contracts.archiving.log import CHECKPOINTS, ArchiveLog
from services.contracts.archiving.records import DOCUMENTS, RECORDS, record_id
from services.contracts.audit.findings import Examined, Fault, Finding
from services.contracts.repository import CONTRACTS
from services.contracts.statements import archived
from services.contracts.statements.contents import whole
from services.contracts.statements.statement import Statements
from shared.canonical_json import canonical
from shared.errors import NotFoundError
from shared.files.port import FileDamagedError, Files
from shared.store.paging import documents_of
from shared.store.port import Document, Query

_SUBJECTS: Final = {
    "contract": (CONTRACTS, Fault.ENTRY_WITHOUT_CONTRACT),
    KIND: (ACCESSIONS, Fault.ENTRY_WITHOUT_ACCESSION),
}


async def audited_log(log: ArchiveLog, files: Files, examined: Examined) -> AsyncIterator[Finding]:
    """Yield what is wrong with a log; ``files``: where the documents of contracts and statements lie.

    Raises StoreUnavailableError (also of the files).
    """
    heads = _Heads(log, examined)
    try:
        head = await log.frontier()
    except (LookupError, ValueError):
        yield Finding(Fault.ENTRY_MISSING, f"the head of {await log.origin()} has not the entries that it is made of")
        return
    frontier = Frontier()
    async for finding in heads.covering(frontier):
        yield finding
    async for document in _entries(log, head.size):
        examined.entries += 1
        before, frontier = frontier, frontier.grown(leaf_hash(document["raw"].encode()))[0]
        async for finding in _of_entry(log, files, document, before, examined):
            yield finding
        async for finding in heads.covering(frontier):
            yield finding
    if frontier.size < head.size:
        text = f"entry {frontier.size} of {await log.origin()} is not there, of {head.size}; what follows it was not audited"
        yield Finding(Fault.ENTRY_MISSING, text)
    elif frontier != head:
        yield Finding(Fault.TREE_DIFFERS, f"the head of {await log.origin()} is not that of its {head.size} entries")
    async for finding in heads.beyond():
        yield finding


async def _entries(log: ArchiveLog, size: int) -> AsyncIterator[Document]:
    """Yield the entries in their places, up to the first that is not there."""
    place = 0
    while place < size:
        page = await log.entries(place, size)
        for document in page:
            if document["seq"] != place:
                return
            yield document
            place += 1
        if not page:
            return


class _Heads:
    """The checkpoints of a log, from the smallest on."""

    def __init__(self, log: ArchiveLog, examined: Examined) -> None:
        self.log = log
        self.examined = examined
        self._stored: AsyncIterator[Document] | None = None
        self._next: Document | None = None
        self._vkeys: list[str] = []

    async def covering(self, frontier: Frontier) -> AsyncIterator[Finding]:
        """Yield what is wrong with the checkpoint of this size, if there is one."""
        if self._stored is None:
            self._vkeys = await self.log.vkeys()
            query = Query("size", {"log": await self.log.origin()})
            self._stored = documents_of(self.log.store, CHECKPOINTS, query)
            self._next = await anext(self._stored, None)
        while self._next is not None and self._next["size"] <= frontier.size:
            self.examined.checkpoints += 1
            size, note = self._next["size"], str(self._next["note"])
            if (fault := await self._fault(note, size, frontier)) is not None:
                yield Finding(Fault.CHECKPOINT_INVALID, f"the checkpoint of {size} entries of {await self.log.origin()} {fault}")
            self._next = await anext(self._stored, None)

    async def beyond(self) -> AsyncIterator[Finding]:
        """Yield the checkpoint that covers more entries than there are."""
        size = (await self.log.frontier()).size
        if self._next is not None and self._next["size"] > size:
            which = f"the checkpoint of {self._next['size']} entries of {await self.log.origin()}"
            yield Finding(Fault.CHECKPOINT_INVALID, f"{which} covers more than there are ({size})")

    async def _fault(self, note: str, size: int, frontier: Frontier) -> str | None:
        try:
            checkpoint = Checkpoint.read(note)
        except ValueError:
            return "has not its form"
        if checkpoint != Checkpoint(await self.log.origin(), size, frontier.root):
            return "is not that of these entries"
        return None if any(verifies(vkey, note) for vkey in self._vkeys) else "is not signed by a key of the log"


async def _of_entry(
    log: ArchiveLog, files: Files, document: Document, before: Frontier, examined: Examined
) -> AsyncIterator[Finding]:
    origin, raw = await log.origin(), document["raw"].encode()
    name = f"entry {document['seq']} of {origin}"
    try:
        entry = Entry.read(raw)
        sound = canonical(json.loads(raw)) == raw and (entry.log, entry.seq) == (origin, before.size)
    except ValueError:
        sound = False
    if not sound:
        yield Finding(Fault.ENTRY_DAMAGED, f"{name} has not its form, or is another one's")
        return
    for finding in _by_itself(name, document, entry, before, raw):
        yield finding
    if await log.counted(document["key"]) > 1:
        yield Finding(Fault.EFFECT_TWICE, f"the effect {entry.effect_id} of {name} has another entry")
    collection, fault = _SUBJECTS.get(entry.subject.kind, (None, Fault.ENTRY_WITHOUT_CONTRACT))
    if collection is not None and not (await log.store.get_portion(collection, [entry.subject.id], 1, only=("rev",)))[0]:
        yield Finding(fault, f"{name} is about {entry.subject.kind} {entry.subject.id}, which is not there")
    async for finding in _documents(log, files, name, entry, examined):
        yield finding
    async for finding in _records(log, name, document["key"], entry, examined):
        yield finding


def _by_itself(name: str, document: Document, entry: Entry, before: Frontier, raw: bytes) -> Iterator[Finding]:
    completed = before.grown(leaf_hash(raw))[1]
    if [node.hex() for node in completed] != document["nodes"]:
        yield Finding(Fault.TREE_DIFFERS, f"the hashes beside {name} are not those of the entries")
    if document["subject"] != entry.subject.id:
        yield Finding(Fault.ENTRY_DAMAGED, f"{name} is found under {document['subject']}, and is about {entry.subject.id}")


async def _documents(log: ArchiveLog, files: Files, name: str, entry: Entry, examined: Examined) -> AsyncIterator[Finding]:
    for named in entry.documents:
        examined.documents += 1
        try:
            found = await _found(log, files, named, entry)
        except FileDamagedError:
            found = b""
        if found is None:
            yield Finding(Fault.DOCUMENT_MISSING, f"{named.name} of {name} is not there ({named.sha256})")
        elif sha256(found).hexdigest() != named.sha256:
            yield Finding(Fault.DOCUMENT_DIFFERS, f"{named.name} of {name} is not what its hash says ({named.sha256})")


async def _found(log: ArchiveLog, files: Files, named: Named, entry: Entry) -> bytes | None:
    """Return a document: JSON of contracts and whole statements lies in the store, all else with the files.

    Raises FileDamagedError.
    """
    if entry.subject.kind == archived.KIND:
        return await _of_statement(log, named.sha256, entry.subject.id)
    stored = await log.store.get(DOCUMENTS, named.sha256)
    return await files.get(named.sha256) if stored is None else str(stored["content"]).encode()


async def _of_statement(log: ArchiveLog, digest: str, statement: str) -> bytes | None:
    issued = await Statements(log.store).find(statement)
    contents = () if issued is None else (issued.result, issued.given)
    content = next((it for it in contents if it.sha256 == digest), None)
    try:
        return None if content is None else await whole(log.store, content)
    except NotFoundError:
        return None


async def _records(log: ArchiveLog, name: str, key: str, entry: Entry, examined: Examined) -> AsyncIterator[Finding]:
    erased = await erased_roles(log.store, entry.subject.id) if entry.commitments else frozenset()
    for commitment in entry.commitments:
        record = await log.store.get(RECORDS, record_id(key, commitment.role))
        examined.records += 1
        if record is None and commitment.role not in erased:
            yield Finding(Fault.RECORD_MISSING, f"the record {commitment.role} of {name} is not there, and nobody erased it")
        elif record is not None and commit(record["record"], bytes.fromhex(record["salt"])) != commitment.hmac:
            yield Finding(Fault.RECORD_DIFFERS, f"the record {commitment.role} of {name} is not what was committed to")
