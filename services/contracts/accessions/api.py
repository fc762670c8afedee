"""Routes about accessions: declare one, see those that concern oneself, end one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.contracts.access import viewer_of
from services.contracts.accessions.declaring import Declaration, declare, hold_to_contract, known_contract, require
from services.contracts.accessions.narrowing import AccessionFilter, position_of
from services.contracts.accessions.repository import Accessions
from services.contracts.accessions.schemas import AccessionEndRequest, AccessionRequest, AccessionView
from services.contracts.accessions.table import SHEETS, row_of
from services.contracts.domain.accession import Accession
from services.contracts.domain.rules import Terms
from services.contracts.merged_list import Position
from services.contracts.repository import Contracts
from shared.aggregate.change import Change
from shared.calendar import day_of
from shared.errors import ForbiddenError, NotFoundError
from shared.http.auth import SIGNING, Caller, needs
from shared.http.days import Day
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.http.tables import TABLE, VARY, table_language, table_reply, wants_table
from shared.labels import Labels
from shared.messages.base import Message
from shared.messages.values import Channel, EntityId, Role
from shared.search.contains import words_of

CREATED = 201
Kunde = Annotated[Caller, Depends(needs(Role.KUNDE))]


@dataclass(frozen=True, slots=True)
class AccessionBackend:
    """What the routes work with. ``words``: those that tables show for codes, by language."""

    accessions: Accessions
    contracts: Contracts
    terms: Mapping[Channel, Terms]
    words: Mapping[str, Labels]
    clock: Callable[[], datetime]


async def _narrowed(
    *,
    offering_id: Annotated[EntityId | None, Query(description="Only those about this offer.")] = None,
    ends_before: Annotated[Day | None, Query(description="Only those whose last day is known and before this one.")] = None,
    q: Annotated[
        str,
        Query(
            max_length=100,
            description="Words that must all stand in the offer or the bodies concerned, also as parts of longer ones.",
            examples=["Wohngeld Husum"],
        ),
    ] = "",
) -> AccessionFilter:
    return AccessionFilter(offering_id, ends_before, words_of(q))


Narrowed = Annotated[AccessionFilter, Depends(_narrowed)]


def accession_routes(backend: AccessionBackend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["accessions"])
    accessions = backend.accessions

    @router.get("/accessions", response_model=Page[AccessionView], responses=TABLE)
    async def listed(
        request: Request, caller: CurrentCaller, only: Narrowed, cursor: str | None = None, limit: Limit = 50
    ) -> Response:
        """Accessions of your organisation, to its contracts, or of your channel, newest first.

        With filters a page may be shorter than `limit`, even empty, while `next` says that there is more. As text/csv (Accept) it
        is the whole list, as a table for people.
        """
        if wants_table(request):
            language = table_language(request)
            portions = accessions.whole(viewer_of(caller), only)
            rows = ([row_of(it, backend.words[language]) for it in portion] async for portion in portions)
            return await table_reply(SHEETS[language], language, rows)
        after = cast("Position | None", decode_cursor(cursor, (datetime, str)))
        found = await accessions.page(viewer_of(caller), after, Page.ahead(limit), only)
        today = day_of(backend.clock())
        page = Page.cut(found.items, limit, position_of, lambda it: AccessionView.seen(it, caller, today), behind=found.rest)
        return json_reply(page, headers=VARY)

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
