"""XRechnungen of the parts of payers: made with the other documents, or later, once what they lacked is stated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

import structlog

from services.contracts.documents.billing import BillingData
from services.contracts.documents.rendering import Rendered
from services.contracts.documents.xrechnung import MEDIA_TYPE, xrechnung
from services.contracts.documents.yearly import JSON_NAME, PDF_NAME, Tax, YearlyStatement, parse_statement
from services.contracts.domain.owed import INVOICE, Owed, owed_id
from services.contracts.domain.papers import Paper
from services.contracts.invoice_address.follow import InvoiceAddresses
from services.contracts.leitweg.follow import LeitwegIds
from services.contracts.statements.statement import Share, statement_id
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger
from shared.aggregate.sweep import Sweep
from shared.calendar import day_of
from shared.errors import InvalidError
from shared.files.port import FileDamagedError, Files
from shared.messages.base import Message
from shared.messages.values import Channel, Time
from shared.store.paging import portions
from shared.store.port import PORTION_BYTES, Query

STATED_LATER: Final = ("billing_incomplete", "leitweg_id_missing", "seller_tax_id", "tax_missing")
"""Why there was no XRechnung, as far as an Anbieter can state later what was missing."""
_PORTION: Final = 50

log = structlog.get_logger()


def invoice_of(
    statement: YearlyStatement, billing: BillingData, issued_on: date, previous_number: str | None, pdf: Rendered
) -> Rendered:
    """Return the XRechnung of a payer's part of a statement, with the statement as PDF in it.

    ``previous_number`` is that of the invoice which a correction follows. Raises InvalidError with the code why there is none.
    """
    customer = statement.contract.customer
    content = xrechnung(statement, billing.of(customer, issued_on, previous_number), pdf)
    return Rendered(INVOICE, "XRechnung", "xrechnung-3.0", MEDIA_TYPE, content)


async def number_before(owed: Ledger[Owed], part: Owed | Share) -> str | None:
    """Return the number of the last invoice of a payer before a part of it for the same year, None if there is none."""
    invoiced = [former.document_number for former in await _former(owed, part) if former.is_invoiced]
    return invoiced[-1] if invoiced else None


async def _former(owed: Ledger[Owed], part: Owed | Share) -> list[Owed]:
    """Return the parts that a part corrects, the first statement first."""
    of_year = (Channel(part.channel).value, part.offering_id, part.year)
    found = [await owed.get(owed_id(statement_id(*of_year, number), part.payer)) for number in range(1, part.number)]
    return [one[0] for one in found if one is not None]


@dataclass(frozen=True, slots=True)
class Invoicing:
    """What invoices go by: what is owed, the Anbieter's data of now, and what organisations have registered for them."""

    owed: Ledger[Owed]
    billing: Callable[[], BillingData]
    leitweg_ids: LeitwegIds
    addresses: InvoiceAddresses


class LateInvoices:
    """Makes the XRechnungen of a channel that could not be made with the other documents.

    A process looks for them when it starts, and again when the Anbieter's data, a Leitweg-ID or an address have changed.
    """

    def __init__(self, channel: Channel, files: Files, invoicing: Invoicing) -> None:
        self.channel = channel
        self.files = files
        self.owed = invoicing.owed
        self.leitweg_ids = invoicing.leitweg_ids
        self.addresses = invoicing.addresses
        self.billing = invoicing.billing()
        self._invoicing = invoicing
        self._looked: tuple[BillingData, int, int] | None = None

    async def run(self, sweep: Sweep[Owed]) -> None:
        """Make those whose data are complete by now. Raises StoreUnavailableError (also of the files), WriteConflictError."""
        seen = (self._invoicing.billing(), self.leitweg_ids.changes, self.addresses.changes)
        if seen == self._looked:
            return
        self.billing = seen[0]
        for code in STATED_LATER:
            query = Query("uninvoiced", {"channel": self.channel.value, "no_invoice": code}, limit=_PORTION)
            async for portion in portions(self.owed.store, self.owed.collection, query, PORTION_BYTES):
                for document in portion.documents:
                    part = self.owed.state_of(document)
                    if await self._is_stated(part):
                        # In their order: the invoice of a correction names the one before.
                        for each in (*await _former(self.owed, part), part):
                            await self._complete(each, sweep)
                            if each.id in sweep.left:
                                break
        if not sweep.left:
            self._looked = seen

    async def _complete(self, part: Owed, sweep: Sweep[Owed]) -> None:
        at = self.owed.clock()
        made = await self._made(part, day_of(at)) if await self._is_stated(part) else None
        if made is not None:
            await self.files.put(made.sha256, made.content)
            decide = partial(_invoiced, Paper.of(made, part.number), at)
            await sweep.apply([Change(part.id, decide)])

    async def _is_stated(self, part: Owed) -> bool:
        """Return whether an invoice of a part may be possible now: most parts need no look at their documents."""
        if part.no_invoice not in STATED_LATER:
            return False
        if any(stated is None for stated in (self.billing.seller, self.billing.account, self.billing.tax)):
            return False
        address = (await self._billing_of(part.payer)).addresses.get(part.payer)
        if address is None:
            return False
        if part.no_invoice != "leitweg_id_missing" or address.leitweg_id is not None:
            return True
        return await self.leitweg_ids.for_invoice(self.channel, part.payer, None) is not None

    async def _billing_of(self, payer: str) -> BillingData:
        return self.billing.addressed(payer, await self.addresses.find(self.channel, payer))

    async def _made(self, part: Owed, issued_on: date) -> Rendered | None:
        papers = {paper.name: paper for paper in part.papers}
        if PDF_NAME not in papers or JSON_NAME not in papers:
            return None
        try:
            statement = await self._as_billed(parse_statement(await self._content(papers[JSON_NAME])), issued_on)
            paper = papers[PDF_NAME]
            shown = Rendered(paper.name, paper.title, paper.template, paper.media_type, await self._content(paper))
            billing = await self._billing_of(part.payer)
            return invoice_of(statement, billing, issued_on, await number_before(self.owed, part), shown)
        except (InvalidError, FileDamagedError) as error:
            log.warning("statement_not_invoiced", part=part.id, code=error.code, reason=error.detail)
            return None

    async def _content(self, paper: Paper) -> bytes:
        content = await self.files.get(paper.sha256)
        if content is None:
            raise FileDamagedError(f"{paper.name} is missing where it lay")
        return content

    async def _as_billed(self, statement: YearlyStatement, issued_on: date) -> YearlyStatement:
        """Return a statement as billed on a day, with the tax that the Anbieter states by now if it stated none then.

        It has the Leitweg-ID of now, too.
        """
        contract = statement.contract
        leitweg_id = await self.leitweg_ids.for_invoice(self.channel, contract.customer.id, contract.leitweg_id)
        if leitweg_id != contract.leitweg_id:
            contract = contract.model_copy(update={"leitweg_id": leitweg_id})
            statement = statement.model_copy(update={"contract": contract})
        tax = self.billing.tax
        if statement.tax is None and tax is not None:
            owed = Tax(**tax.model_dump(), cents=tax.on(statement.contract_cents))
            statement = statement.model_copy(update={"tax": owed})
        return statement.model_copy(update={"issued_on": issued_on.isoformat()})


def _invoiced(paper: Paper, at: Time, part: Owed | None) -> tuple[Owed, Sequence[Message]]:
    if part is None:
        raise TypeError("only a stored part gets an invoice later")
    return part, part.invoice(paper, at)
