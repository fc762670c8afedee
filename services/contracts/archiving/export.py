"""Exports of the archive for verifiers: the whole log, or a receipt of one contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import structlog

from services.contracts.archive import bundle
from services.contracts.archive.entry import Entry
from services.contracts.archive.tree import consistency, inclusion
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.records import DOCUMENTS, RECORDS, record_id
from shared.errors import NotFoundError
from shared.files.port import FileDamagedError, Files
from shared.store.port import Document

log = structlog.get_logger()


class Export:
    """Writes bundles of a log: with its documents, and for ``persons`` with the records about them that are still there.

    ``files`` hold the documents that were typeset; without them a bundle has the canonical JSON alone. A cost statement of all
    payers is withheld, since it names what others pay.
    """

    def __init__(self, log: ArchiveLog, files: Files | None = None, *, documents: bool = True, persons: bool = False) -> None:
        self.log = log
        self.files = files
        self.documents = documents
        self.persons = persons
        self._written: set[bytes] = set()

    async def whole(self) -> AsyncIterator[bytes]:
        """Yield the lines of a full bundle: all entries, the newest checkpoint, every document that is there, once.

        Raises StoreUnavailableError, FilesUnavailableError.
        """
        size = (await self.log.frontier()).size
        yield bundle.header(await self.log.origin(), full=True)
        first = 0
        while first < size:
            entries = await self.log.entries(first, size)
            for document in entries:
                yield bundle.entry(document["raw"].encode())
            async for line in self._records(entries):
                yield line
            first += len(entries)
        newest = await self.log.newest()
        if newest is not None and newest[0] <= size:
            yield bundle.checkpoint(newest[1])

    async def receipt(self, subject: str, since: Iterable[int] = ()) -> AsyncIterator[bytes]:
        """Yield the lines of a receipt about one subject; ``since`` are sizes of checkpoints that its reader holds.

        Raises NotFoundError if no checkpoint covers an entry about it, or a size is none of the log; and as ``whole``.
        """
        size, note = await self.log.newest() or (0, "")
        entries = [document for document in await self.log.about(subject) if document["seq"] < size]
        if not entries:
            raise NotFoundError(f"No checkpoint covers an entry about {subject}.", code="receipt_not_ready", id=subject)
        beyond = [held for held in since if not 0 <= held <= size]
        if beyond:
            raise NotFoundError(
                f"The newest checkpoint has {size} entries, there is none of {beyond[0]}.",
                code="checkpoint_not_found",
                size=beyond[0],
            )
        yield bundle.header(await self.log.origin(), full=False)
        for document in entries:
            seq = document["seq"]
            proof = await self.log.proof(inclusion(seq, size))
            yield bundle.inclusion(seq, size, proof, document["raw"].encode())
        yield bundle.checkpoint(note)
        for held in sorted({held for held in since if 0 < held < size}):
            yield bundle.consistency(held, size, await self.log.proof(consistency(held, size)))
        async for line in self._records(entries):
            yield line

    async def _records(self, entries: Sequence[Document]) -> AsyncIterator[bytes]:
        for document in entries:
            entry = Entry.read(document["raw"].encode())
            for named in entry.documents if self.documents else ():
                if (digest := bytes.fromhex(named.sha256)) not in self._written:
                    content = await self._content(named.sha256)
                    if content is not None:
                        self._written.add(digest)
                        yield bundle.document(content)
            for commitment in entry.commitments if self.persons else ():
                record = await self.log.store.get(RECORDS, record_id(document["key"], commitment.role))
                if record is not None:
                    yield bundle.disclosure(entry.seq, commitment.role, bytes.fromhex(record["salt"]), record["record"])

    async def _content(self, digest: str) -> bytes | None:
        """Return a document, None if it is not there or damaged: the bundle verifies without it, and says so."""
        stored = await self.log.store.get(DOCUMENTS, digest)
        if stored is not None:
            content: str = stored["content"]
            return content.encode()
        try:
            return None if self.files is None else await self.files.get(digest)
        except FileDamagedError as error:
            log.error("archive_document_damaged", document=digest, reason=error.detail)  # noqa: TRY400
            return None
