"""Routes of the documents of a contract, for its parties and its Anbieter."""

from __future__ import annotations

from typing import Annotated, ClassVar

import structlog
from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel, ConfigDict, JsonValue
from starlette.requests import Request
from starlette.responses import Response

from services.contracts.access import viewer_of
from services.contracts.documents.rendering import PDF
from services.contracts.documents.sheets import download_name
from services.contracts.domain.contract import Contract
from services.contracts.domain.papers import Paper
from services.contracts.repository import Contracts
from shared.errors import ConflictError, NotFoundError
from shared.files.port import FileDamagedError, Files
from shared.http.auth import Caller
from shared.http.cached import NOT_MODIFIED, is_held, not_modified
from shared.http.dependencies import CurrentCaller
from shared.messages.values import EntityId

_EXAMPLE: dict[str, JsonValue] = {
    "version": 1,
    "name": "vertrag.pdf",
    "title": "SaaS-Nachnutzungsvertrag",
    "template": "nachnutzungsvertrag-1",
    "media_type": "application/pdf",
    "size": 54797,
    "sha256": "fedc9de15c09f0f1d8b7a1a9a1d5b7d3a2ad1b9a77c5d9d2f6b1d7f5a0c3e4b1",
}
Held = Annotated[str | None, Header(alias="If-None-Match", description="ETag of what the caller has.")]
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,40}\.pdf$", examples=["vertrag.pdf"])]

log = structlog.get_logger()


class DocumentView(BaseModel):
    """A document of a version of a contract. ``sha256`` is that of its bytes; ``template`` by which it was made."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    version: int
    name: str
    title: str
    template: str
    media_type: str
    size: int
    sha256: str

    @classmethod
    def of(cls, document: Paper) -> DocumentView:
        """Return the view of a document."""
        return cls.model_validate({name: getattr(document, name) for name in cls.model_fields})


class DocumentList(BaseModel):
    """The documents of a contract, those of its newest version first; none while they have not been made."""

    items: list[DocumentView]


def document_routes(contracts: Contracts, files: Files) -> APIRouter:
    """Return the routes of the documents of contracts."""
    router = APIRouter(prefix="/v1", tags=["contracts"])

    async def found(caller: Caller, contract_id: str) -> Contract:
        viewer = viewer_of(caller)
        stored = await contracts.find(viewer, contract_id)
        # They hold the grounds of the in-house check: who is no side of this contract may not read those.
        if stored is None or not viewer.reads_text(stored.contract):
            raise NotFoundError(f"There are no documents of a contract {contract_id}.", id=contract_id)
        return stored.contract

    @router.get("/contracts/{contract_id}/documents", summary="Documents of a contract, for its parties")
    async def list_documents(caller: CurrentCaller, contract_id: EntityId) -> DocumentList:
        contract = await found(caller, contract_id)
        newest_first = sorted(contract.papers, key=lambda document: -document.version)
        return DocumentList(items=[DocumentView.of(document) for document in newest_first])

    @router.get(
        "/contracts/{contract_id}/documents/{name}",
        summary="One document of a contract",
        responses={
            200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}},
            **NOT_MODIFIED,
        },
        response_class=Response,
    )
    async def read_document(
        request: Request,
        caller: CurrentCaller,
        contract_id: EntityId,
        name: Name,
        version: Annotated[int | None, Query(ge=1, description="Version of the contract; without it the newest.")] = None,
        _held: Held = None,
    ) -> Response:
        contract = await found(caller, contract_id)
        of_name = [one for one in contract.papers if one.name == name and version in {None, one.version}]
        document = max(of_name, key=lambda one: one.version, default=None)
        if document is None:
            raise NotFoundError(f"The contract {contract_id} has no document {name}.", id=contract_id, name=name)
        return await file_reply(files, document, download_name(contract.number, name), request)

    return router


async def file_reply(files: Files, document: Paper, name: str, request: Request) -> Response:
    """Return a document as the answer to a download under a name; 304 for whom holds it already (If-None-Match).

    Raises ConflictError (``content_lost``), FilesUnavailableError.
    """
    tag, headers = f'"{document.sha256}"', {"Cache-Control": "private, no-cache"}
    if is_held(request, tag):
        return not_modified(tag, headers)
    content = await _content(files, document)
    headers |= {"ETag": tag, "Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=document.media_type, headers=headers)


async def _content(files: Files, document: Paper) -> bytes:
    """Return the bytes of a document. Raises ConflictError (``content_lost``), FilesUnavailableError."""
    try:
        content = await files.get(document.sha256)
    except FileDamagedError as error:
        content, reason = None, error.detail
    else:
        reason = f"the file {document.sha256} is missing"
    if content is None:
        log.error("contract_document_lost", document=document.sha256, reason=reason)
        raise ConflictError(f"The document {document.name} is lost or damaged where it lay.", code="content_lost")
    return content
