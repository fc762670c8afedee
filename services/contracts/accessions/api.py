"""Routes about accessions: declare one, see those that concern oneself, end one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.contracts.access import viewer_of
from services.contracts.accessions.declaring import Declaration, declare, hold_to_contract, known_contract, require
from services.contracts.accessions.repository import Accessions, Position, position_of
from services.contracts.accessions.schemas import AccessionEndRequest, AccessionRequest, AccessionView
from services.contracts.domain.accession import Accession
from services.contracts.domain.rules import Terms
from services.contracts.repository import Contracts
from shared.aggregate.change import Change
from shared.calendar import day_of
from shared.errors import ForbiddenError, NotFoundError
from shared.http.auth import SIGNING, Caller, needs
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.base import Message
from shared.messages.values import Channel, EntityId, Role

CREATED = 201
Kunde = Annotated[Caller, Depends(needs(Role.KUNDE))]


@dataclass(frozen=True, slots=True)
class AccessionBackend:
    """What the routes work with."""

    accessions: Accessions
    contracts: Contracts
    terms: Mapping[Channel, Terms]
    clock: Callable[[], datetime]


def accession_routes(backend: AccessionBackend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["accessions"])
    accessions = backend.accessions

    @router.get("/accessions", summary="Accessions of one's own, to one's contracts, or of one's channel, newest first")
    async def listed(caller: CurrentCaller, cursor: str | None = None, limit: Limit = 50) -> Page[AccessionView]:
        after = cast("Position | None", decode_cursor(cursor, (datetime, str)))
        found = await accessions.page(viewer_of(caller), after, Page.ahead(limit))
        today = day_of(backend.clock())
        return Page.cut(found, limit, position_of, lambda it: AccessionView.seen(it, caller, today))

    @router.get("/accessions/{accession_id}", response_model=AccessionView, summary="One accession")
    async def one(caller: CurrentCaller, accession_id: EntityId) -> Response:
        found = await accessions.find(viewer_of(caller), accession_id)
        if found is None:
            raise NotFoundError(f"There is no accession {accession_id}.", id=accession_id)
        return json_reply(AccessionView.seen(found[0], caller, day_of(backend.clock())), rev=found[1])

    _writing_routes(router, backend)
    return router


def _writing_routes(router: APIRouter, backend: AccessionBackend) -> None:
    accessions = backend.accessions

    @router.post("/contracts/{contract_id}/accessions", response_model=AccessionView, status_code=CREATED, openapi_extra=SIGNING)
    async def accede(contract_id: EntityId, body: AccessionRequest, caller: Kunde, key: IdempotencyKey) -> Response:
        """Declare that the caller's organisation uses what a contract passes on to it (Beitritt)."""
        at = backend.clock()
        contract, terms = await known_contract(backend.contracts, backend.terms, caller, contract_id)
        declared = Declaration(caller.party, body.valid_from or day_of(at), body.valid_to, caller.subject, at)

        async def apply() -> Response:
            change = await declare(declared, contract, terms, backend.contracts, accessions)
            result = await accessions.ledger.apply_one(change)
            accession = require(result.state, change.id)
            accession = await hold_to_contract(accession, terms, backend.contracts, accessions)
            found = await accessions.ledger.get(accession.id)
            rev = result.rev if found is None else found[1]
            view = AccessionView.seen(accession, caller, day_of(at))
            return json_reply(view, rev=rev, status=CREATED, location=f"/v1/accessions/{accession.id}")

        return await key.run(apply)

    @router.post("/accessions/{accession_id}/end", response_model=AccessionView, openapi_extra=SIGNING)
    async def end(
        accession_id: EntityId, body: AccessionEndRequest, caller: Kunde, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        """End an accession of the caller's organisation; its last day is today or later."""
        at = backend.clock()
        found = await accessions.find(viewer_of(caller), accession_id)
        if found is None:
            raise NotFoundError(f"There is no accession {accession_id}.", id=accession_id)
        if found[0].organisation.id != caller.organisation:
            raise ForbiddenError("An accession is ended by the body that has acceded.", code="not_the_acceding_body")
        today = day_of(at)

        def decide(accession: Accession | None) -> tuple[Accession, list[Message]]:
            accession = require(accession, accession_id)
            return accession, accession.end(body.last_day or today, today, at)

        async def apply() -> Response:
            result = await accessions.ledger.apply_one(Change(accession_id, decide), condition=condition)
            return json_reply(AccessionView.seen(require(result.state, accession_id), caller, today), rev=result.rev)

        return await key.run(apply)
