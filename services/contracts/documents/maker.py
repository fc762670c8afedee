"""The maker: gives every concluded contract the documents of each of its versions.

They are made of the stored contract and the addresses of its sides, and have the same bytes each time. The files are put first;
then one write of the contract names them and puts the change into its journal, from which the archive has its entry. So whatever
dies in between, a contract that names a document has the file and gets the entry, and an entry names no other; the next run
completes what lacks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from services.contracts.archive.entry import Entry
from services.contracts.archiving.archivist import content_of
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.reading import archived_contract
from services.contracts.changes import change_of
from services.contracts.documents.rendering import Renderer
from services.contracts.documents.sheets import Addresses, contract_sheets
from services.contracts.domain.contract import Contract
from services.contracts.domain.papers import Paper
from services.contracts.metrics import UNMADE
from services.contracts.repository import Contracts
from shared.aggregate import journal
from shared.aggregate.sweep import Sweep
from shared.errors import InvalidError
from shared.files.port import Files
from shared.messages.values import Channel
from shared.store.port import Document

log = structlog.get_logger()


class Maker:
    """Makes the documents of the contracts of one channel; any number of them may work at the same time."""

    def __init__(
        self,
        contracts: Contracts,
        channel: Channel,
        files: Files,
        archive: ArchiveLog,
        renderer: Renderer | None = None,
        addresses: Callable[[], Addresses] | None = None,
    ) -> None:
        self.contracts = contracts
        self.channel = channel
        self.files = files
        self.archive = archive
        self.renderer = renderer or Renderer()
        self.addresses = addresses or dict
        self.clock = contracts.ledger.clock
        self._looked_at_all = False
        self._unfit: set[tuple[str, int]] = set()

    async def run(self) -> None:
        """Make what is lacking. Raises StoreUnavailableError (also of the files), WriteConflictError, TypesetterMissingError.

        Raises OutboxFullError and JournalFullError after the others, for a contract that was full.
        What a template cannot read is logged and counted, and tried again by the next process; it holds up no other contract.
        """
        # What was stored before documents were made has no place in the index until it is written again.
        lacking = self.contracts.undocumented if self._looked_at_all else self.contracts.of_channel
        sweep = Sweep(self.contracts.ledger)
        async for documents in lacking(self.channel):
            await self._make(documents, sweep)
        self._looked_at_all = self._looked_at_all or not sweep.left
        UNMADE.labels(self.channel.value).set(len(self._unfit))
        sweep.finish()

    async def _make(self, documents: Sequence[Document], sweep: Sweep[Contract]) -> None:
        changes = []
        for document in documents:
            contract = self.contracts.ledger.state_of(document)
            for version in contract.undocumented:
                if (contract.id, version) not in self._unfit and (papers := await self._papers(document, contract, version)):
                    document_it = partial(Contract.document, papers=papers, at=self.clock())
                    changes.append(change_of(contract.id, document_it, correlation_id=contract.order_id))
        await sweep.apply(changes)

    async def _papers(self, document: Document, contract: Contract, version: int) -> list[Paper]:
        """Return the documents of a version after their files were put; none if its text cannot be had or read now."""
        text = contract if version == contract.version else await self._as_it_was(document, version)
        if text is None:
            return []
        try:
            sheets = contract_sheets(json.loads(content_of(text.as_agreed())), self.addresses())
            made = [await asyncio.to_thread(self.renderer.render, sheet) for sheet in sheets]
        except InvalidError as error:
            log.error("documents_not_made", contract=contract.id, version=version, code=error.code, reason=error.detail)  # noqa: TRY400
            self._unfit.add((contract.id, version))
            return []
        for one in made:
            await self.files.put(one.sha256, one.content)
        return [Paper.of(one, version) for one in made]

    async def _as_it_was(self, document: Document, version: int) -> Contract | None:
        """Return a contract at an earlier version, from its journal or from the archive; None until it is there."""
        for waiting in reversed(journal.waiting(document) or []):
            if waiting.state.get("version") == version:
                return self.contracts.ledger.state_of(waiting.state)
        for one in reversed(await self.archive.all()):
            for archived in reversed(await one.about(document["_id"])):
                entry = Entry.read(archived["raw"].encode())
                if entry.subject.version == version:
                    return await archived_contract(entry, self.contracts.store)
        return None
