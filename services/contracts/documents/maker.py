"""The maker: gives every concluded contract its documents.

They are made of the stored contract alone and have the same bytes each time. The files are put first, the record that names them
last: whatever dies in between, the next run finds what has no record yet, and a repeat writes the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import structlog

from services.contracts.archiving.archivist import content_of
from services.contracts.documents.records import DocumentRecords
from services.contracts.documents.rendering import Renderer
from services.contracts.documents.sheets import contract_sheets
from services.contracts.metrics import UNMADE
from services.contracts.newly_recorded import NewlyRecorded
from services.contracts.repository import Contracts
from shared.errors import InvalidError
from shared.files.port import Files
from shared.messages.values import Channel
from shared.store.port import Document

log = structlog.get_logger()


class Maker:
    """Makes the documents of the contracts of one channel; any number of them may work at the same time."""

    def __init__(self, contracts: Contracts, channel: Channel, files: Files, renderer: Renderer | None = None) -> None:
        self.contracts = contracts
        self.channel = channel
        self.records = DocumentRecords(contracts.store)
        self.files = files
        self.renderer = renderer or Renderer()
        self.newly = NewlyRecorded(contracts, channel)
        self._unfit: set[str] = set()

    async def run(self) -> None:
        """Make what is lacking. Raises StoreUnavailableError (also of the files), TypesetterMissingError.

        What a template cannot read is logged and counted, and tried again by the next process; it holds up no other contract.
        """
        async for documents in self.newly.portions():
            await self._make(documents)
        UNMADE.labels(self.channel.value).set(len(self._unfit))

    async def _make(self, documents: Sequence[Document]) -> None:
        concluded = {document["_id"]: document for document in documents if document["number"] is not None}
        for contract_id in await self.records.lacking(concluded):
            contract = json.loads(content_of(self.contracts.ledger.state_of(concluded[contract_id])))
            try:
                made = [await asyncio.to_thread(self.renderer.render, sheet) for sheet in contract_sheets(contract)]
            except InvalidError as error:
                log.error("documents_not_made", contract=contract_id, code=error.code, reason=error.detail)  # noqa: TRY400
                self._unfit.add(contract_id)
                continue
            for document in made:
                await self.files.put(document.sha256, document.content)
            await self.records.record(contract_id, self.channel, made)
