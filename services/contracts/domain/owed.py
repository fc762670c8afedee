"""What was told and made of a payer's part of a yearly statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.contracts.domain.papers import Paper
from shared.aggregate.base import Aggregate
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts_statements import StatementDocumented, StatementHead, StatementOwed
from shared.messages.values import Channel, Code, EntityId, Line, OrganisationId, Time

INVOICE: Final = "xrechnung.xml"
"""Name of the document that is the XRechnung of a part."""


class Owed(Aggregate):
    """A payer's part of a statement. ``papers`` are its documents; ``no_invoice`` is the code why there is no XRechnung."""

    statement_id: EntityId
    payer: OrganisationId
    channel: Channel
    offering_id: EntityId
    offering_title: Line
    contract_id: EntityId | None = None
    contract_number: Line | None = None
    year: int
    number: int
    contract_cents: int
    papers: tuple[Paper, ...] = ()
    no_invoice: Code | None = None

    def issue(self, at: Time) -> list[Message]:
        """Issue it to the payer."""
        return [StatementOwed(statement=self.head(), at=at)]

    def document(self, papers: Sequence[Paper], no_invoice: str | None, at: Time) -> list[Message]:
        """Name the files that were made of it; those that were named before stay."""
        if self.papers:
            return []
        self.papers, self.no_invoice = tuple(papers), no_invoice
        return [StatementDocumented(statement=self.head(), at=at, documents=tuple(paper.stated() for paper in papers))]

    def invoice(self, paper: Paper, at: Time) -> list[Message]:
        """Name the XRechnung that could only be made later, once; the other documents stay."""
        if self.no_invoice is None or self.is_invoiced:
            return []
        self.papers, self.no_invoice = (*self.papers, paper), None
        return [StatementDocumented(statement=self.head(), at=at, documents=tuple(one.stated() for one in self.papers))]

    @property
    def is_invoiced(self) -> bool:
        """Return whether there is an XRechnung of it."""
        return any(paper.name == INVOICE for paper in self.papers)

    @property
    def document_number(self) -> str:
        """Return the number of its statement and invoice: ``GD/2026/00001/2026-1``."""
        return f"{self.contract_number}/{self.year}-{self.number}"

    def head(self) -> StatementHead:
        """Return what every event about it holds of it."""
        return StatementHead.model_validate({name: getattr(self, name) for name in StatementHead.model_fields})


def owed_id(statement_id: str, payer: str) -> str:
    """Return the id of a payer's part of a statement."""
    return derived_id("statement", statement_id, payer)
