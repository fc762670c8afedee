"""Issues each payer its part of a statement, and makes the documents of it: PDF, the JSON that it shows, and XRechnung.

A part waits in an index until it is done. The files are put first; one write of what is owed names them, tells it and puts the
change into the journal, from which the archive has its entry. So whatever dies in between, the next run goes on from there, and
neither document nor entry is there without the other.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import structlog

from services.contracts.archive.entry import Effect, Subject
from services.contracts.archiving.archivist import content_of
from services.contracts.archiving.log import ArchiveLog
from services.contracts.documents.rendering import Rendered, Renderer
from services.contracts.documents.yearly import JSON_NAME, read_statement, statement_of_share, statement_sheet
from services.contracts.domain.contract import Contract
from services.contracts.domain.owed import Owed, owed_id
from services.contracts.domain.papers import Paper, named
from services.contracts.domain.transitions import BINDING
from services.contracts.metrics import UNMADE_STATEMENTS
from services.contracts.repository import SERVICE, Contracts
from services.contracts.statements.invoicing import Invoicing, LateInvoices, invoice_of, number_before
from services.contracts.statements.statement import SHARES, TO_DOCUMENT, TO_ISSUE, Share, Statements
from shared.aggregate import journal
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.aggregate.sweep import Sweep
from shared.calendar import day_of
from shared.canonical_json import canonical
from shared.errors import InvalidError
from shared.files.port import Files
from shared.messages.base import Message
from shared.messages.contracts import Leg
from shared.messages.contracts_statements import StatementOwed
from shared.messages.values import Channel, Time
from shared.process.service import Resources
from shared.store.paging import portions
from shared.store.port import PORTION_BYTES, Document, Index, Query, Save

OWED = aggregate_collection("statements_owed", journal.index("channel"), Index("uninvoiced", ("channel", "no_invoice")))
KIND: Final = "yearly-statement"
JSON: Final = "application/json"
_PORTION: Final = 50

log = structlog.get_logger()


def owed_ledger(resources: Resources) -> Ledger[Owed]:
    """Return the ledger of what payers owe by statements."""
    return resources.ledger(Owed, OWED, service=SERVICE, journal=True)


@dataclass(frozen=True, slots=True)
class _Made:
    papers: tuple[Paper, ...]
    no_invoice: str | None


class StatementMaker:
    """Issues and documents the parts of the payers of one channel; any number of them may work at the same time.

    Without a ``renderer`` it only issues: whoever has one makes the documents.
    """

    def __init__(
        self,
        contracts: Contracts,
        channel: Channel,
        files: Files,
        archive: ArchiveLog,
        invoicing: Invoicing,
        renderer: Renderer | None,
    ) -> None:
        self.contracts = contracts
        self.store = contracts.store
        self.channel = channel
        self.files = files
        self.archive = archive
        self.owed = invoicing.owed
        self.invoicing = invoicing
        self.billing = invoicing.billing()
        self.renderer = renderer
        self.statements = Statements(self.store)
        self.clock = contracts.ledger.clock
        self.late = LateInvoices(channel, files, invoicing)
        self._unfit: set[str] = set()

    async def run(self) -> None:
        """Do what waits. Raises StoreUnavailableError (also of the files), WriteConflictError, TypesetterMissingError.

        Raises OutboxFullError and JournalFullError after the others, for a part that was full.
        What a template cannot read is logged and counted, and tried again by the next process; it holds up no other part.
        """
        self.billing = self.invoicing.billing()
        # Before those of new statements: the invoice of a correction names the one before.
        sweep = Sweep(self.owed)
        await self.late.run(sweep)
        for stage in (TO_ISSUE,) if self.renderer is None else (TO_ISSUE, TO_DOCUMENT):
            query = Query("waiting", {"channel": self.channel.value, "waits": stage}, limit=_PORTION)
            async for portion in portions(self.store, SHARES, query, PORTION_BYTES):
                await self._do(portion.documents, sweep)
        await self._archive()
        UNMADE_STATEMENTS.labels(self.channel.value).set(len(self._unfit))
        sweep.finish()

    async def _do(self, documents: Sequence[Document], sweep: Sweep[Owed]) -> None:
        at, changes, saves = self.clock(), [], {}
        for document in (it for it in documents if it["_id"] not in self._unfit):
            share = Share.of(document)
            contract = await self._contract(share)
            made = None if contract is None or self.renderer is None else await self._made(self.renderer, share, contract)
            changes.append(_change(share, contract, made, at))
            waits = TO_DOCUMENT if made is None and contract is not None else None
            if waits != share.waits:
                save = Save({**document, "waits": waits, "rev": document["rev"] + 1}, expected_rev=document["rev"])
                saves[owed_id(share.statement_id, share.payer)] = save
        await sweep.apply(changes)
        await self.store.save_many(SHARES, [save for owed, save in saves.items() if owed not in sweep.left])

    async def _contract(self, share: Share) -> Contract | None:
        """Return the contract by which a payer takes part: the last that began by the end of the year; None without one."""
        last_day = date(share.year, 12, 31)
        found = []
        async for contract in self.contracts.taking_part(share.payer, share.offering_id, self.channel):
            stated = contract.leg is Leg.NACHNUTZUNG and contract.state in BINDING and contract.number is not None
            if stated and contract.valid_from <= last_day:
                found.append(contract)
        return max(found, key=lambda contract: (contract.valid_from, contract.id), default=None)

    async def _made(self, renderer: Renderer, share: Share, contract: Contract) -> _Made | None:
        """Return the documents of a part after their files were put; None if a template cannot read it."""
        text = json.loads(content_of(contract.as_agreed()))
        text["leitweg_id"] = await self.invoicing.leitweg_ids.for_invoice(self.channel, share.payer, contract.leitweg_id)
        billing = self.billing.addressed(share.payer, await self.invoicing.addresses.find(self.channel, share.payer))
        issued_on = day_of(share.issued_at)
        number = f"{contract.number}/{share.year}-{share.number}"
        try:
            given = statement_of_share(share.model_dump(), text, number=number, issued_on=issued_on.isoformat(), tax=billing.tax)
            pdf = await asyncio.to_thread(renderer.render, statement_sheet(given, billing.address_lines))
        except InvalidError as error:
            log.error("statement_document_not_made", share=share.id, code=error.code, reason=error.detail)  # noqa: TRY400
            self._unfit.add(share.id)
            return None
        made = [pdf, Rendered(JSON_NAME, pdf.title, pdf.template, JSON, canonical(given))]
        previous, no_invoice = await number_before(self.owed, share), None
        try:
            made.append(invoice_of(read_statement(given), billing, issued_on, previous, pdf))
        except InvalidError as error:
            no_invoice = error.code
        for one in made:
            await self.files.put(one.sha256, one.content)
        papers = tuple(Paper.of(one, share.number) for one in made)
        return _Made(papers, no_invoice)

    async def _archive(self) -> None:
        """Archive what waits in journals, then drop it there."""
        query = Query("journal", {"channel": self.channel.value}, limit=_PORTION)
        async for portion in portions(self.store, OWED, query, PORTION_BYTES):
            waiting = [(document, journal.waiting(document) or []) for document in portion.documents]
            effects = {f"{KIND}:{entry.id}": self._effect(entry) for _, entries in waiting for entry in entries}
            await self.archive.append(effects)
            saves = [journal.shortened(document, [entry.id for entry in entries]) for document, entries in waiting]
            await self.store.save_many(OWED, saves)

    def _effect(self, entry: journal.Entry) -> Effect:
        owed = self.owed.state_of(entry.state)
        return Effect(
            effect=entry.type or StatementOwed.TYPE,
            effect_id=entry.id or owed.id,
            subject=Subject(id=owed.id, kind=KIND, version=owed.number),
            time=entry.at,
            number=owed.contract_number,
            state="ISSUED",
            documents=named(owed.papers, owed.number),
        )


def _change(share: Share, contract: Contract | None, made: _Made | None, at: Time) -> Change[Owed]:
    id_ = owed_id(share.statement_id, share.payer)
    fields: Mapping[str, Any] = {
        "id": id_,
        **{name: getattr(share, name) for name in Owed.model_fields if name in Share.model_fields and name != "id"},
        "contract_id": None if contract is None else contract.id,
        "contract_number": None if contract is None else contract.number,
    }

    def decide(owed: Owed | None) -> tuple[Owed, Sequence[Message]]:
        messages: list[Message] = []
        if owed is None:
            owed = Owed.model_validate(fields)
            messages += owed.issue(at)
        if made is not None:
            messages += owed.document(made.papers, made.no_invoice, at)
        return owed, messages

    return Change(id_, decide)
