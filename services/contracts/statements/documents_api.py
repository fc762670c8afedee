"""Routes of the documents of yearly statements: for who pays, and for the Anbieter."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.contracts.documents.api import Held, file_reply
from services.contracts.documents.rendering import PDF
from services.contracts.documents.sheets import download_name
from services.contracts.documents.xrechnung import MEDIA_TYPE
from services.contracts.domain.owed import Owed, owed_id
from services.contracts.domain.papers import Paper
from services.contracts.statements.maker import JSON
from shared.aggregate.ledger import Ledger
from shared.errors import NotFoundError
from shared.files.port import Files
from shared.http.auth import Caller
from shared.http.cached import NOT_MODIFIED
from shared.http.dependencies import CurrentCaller
from shared.messages.values import EntityId, OrganisationId, Role

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,40}\.(pdf|json|xml)$", examples=["abrechnung.pdf"])]
Payer = Annotated[
    OrganisationId | None, Query(description="Whose part, for the Anbieter; without it that of the caller's organisation.")
]
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FILES: dict[str, Any] = {"content": {PDF: _BYTES, JSON: _BYTES, MEDIA_TYPE: _BYTES}}


class StatementDocument(BaseModel):
    """A document of a payer's part of a statement. ``sha256`` is that of its bytes; ``template`` by which it was made."""

    name: str
    title: str
    template: str
    media_type: str
    size: int
    sha256: str

    @classmethod
    def of(cls, paper: Paper) -> StatementDocument:
        """Return the view of a document."""
        return cls.model_validate({name: getattr(paper, name) for name in cls.model_fields})


class StatementDocuments(BaseModel):
    """The documents of a payer's part; none while they have not been made.

    ``no_invoice`` is the code why there is no XRechnung: the contract states no Leitweg-ID, the Anbieter no data for invoices.
    """

    payer: str
    contract_id: str | None
    contract_number: str | None
    year: int
    number: int
    no_invoice: str | None
    items: list[StatementDocument]


def statement_document_routes(owed: Ledger[Owed], files: Files) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["statements"])

    async def found(caller: Caller, statement_id: str, payer: str | None) -> Owed:
        asked = payer or caller.organisation
        stored = await owed.get(owed_id(statement_id, asked))
        if stored is None or not _may_read(caller, stored[0]):
            raise NotFoundError(f"There are no documents of a statement {statement_id}.", code="statement_not_found")
        return stored[0]

    @router.get("/statements/{statement_id}/documents", summary="Documents of a part of a statement")
    async def list_documents(caller: CurrentCaller, statement_id: EntityId, payer: Payer = None) -> StatementDocuments:
        part = await found(caller, statement_id, payer)
        fields = {name: getattr(part, name) for name in StatementDocuments.model_fields if name != "items"}
        return StatementDocuments(**fields, items=[StatementDocument.of(paper) for paper in part.papers])

    @router.get(
        "/statements/{statement_id}/documents/{name}",
        summary="One document of a part of a statement: PDF, JSON or XRechnung",
        responses={200: _FILES, **NOT_MODIFIED},
        response_class=Response,
    )
    async def read_document(
        request: Request,
        caller: CurrentCaller,
        statement_id: EntityId,
        name: Name,
        payer: Payer = None,
        _held: Held = None,
    ) -> Response:
        part = await found(caller, statement_id, payer)
        paper = next((one for one in part.papers if one.name == name), None)
        if paper is None:
            raise NotFoundError(f"The statement {statement_id} has no document {name}.", id=statement_id, name=name)
        return await file_reply(files, paper, download_name(part.document_number, name), request)

    return router


def _may_read(caller: Caller, part: Owed) -> bool:
    """Return whether a part is the caller's: as who pays, or as the Anbieter who has made it."""
    return part.payer == caller.organisation or (Role.ANBIETER in caller.roles and part.channel is caller.channel)
