"""Yearly statements of a contract, for who pays: what is owed, line by line, with the documents."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.portal.apis.contracts import Contracts
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

MEDIA_TYPES = {"pdf": "application/pdf", "json": "application/json", "xml": "application/xml"}
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,40}\.(pdf|json|xml)$")]


def statement_routes(pages: Pages, contracts: Contracts) -> APIRouter:
    """Return the routes; others find no statement."""
    router = APIRouter(prefix="/contracts/{contract_id}/statements/{statement_id}", include_in_schema=False)

    @router.get("")
    async def one(visit: CurrentVisit, contract_id: str, statement_id: str) -> Response:
        access = session_of(visit).access
        contract, statements, documents = await asyncio.gather(
            contracts.contract(access, contract_id),
            contracts.statements(access, contract_id),
            or_none(contracts.statement_documents(access, statement_id), "statement"),
        )
        found = next((it for it in statements if it.statement_id == statement_id), None)
        if found is None:
            raise NotFoundError(f"The contract has no statement {statement_id}.")
        return pages.show(visit, "pages/statement.html", contract=contract.content, statement=found, documents=documents or ())

    @router.get("/{name}")
    async def document(visit: CurrentVisit, statement_id: str, name: Name) -> Response:
        content = await contracts.statement_document(session_of(visit).access, statement_id, name)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(content, media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers=headers)

    return router
