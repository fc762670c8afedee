"""Routes of statements: jobs of an Anbieter, whole statements for Anbieter and Bereitsteller, shares for who pays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from services.contracts.access import viewer_of
from services.contracts.repository import Contracts
from services.contracts.statements.contents import Content, read
from services.contracts.statements.jobs import Jobs
from services.contracts.statements.schemas import (
    StatementJobRequest,
    StatementJobView,
    StatementSummary,
    YearlyStatement,
    YearlyStatements,
)
from services.contracts.statements.statement import Statements, StoredStatement
from shared.errors import NotFoundError
from shared.http.auth import SIGNING, Caller
from shared.http.dependencies import AnbieterCaller, CurrentCaller, IdempotencyKey
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.contracts import Leg
from shared.messages.values import EntityId, Role

CREATED = 201
JSON = "application/json"
_CONTENT: dict[int | str, dict[str, Any]] = {200: {"content": {JSON: {"schema": {"type": "object"}}}}}


class Side(StrEnum):
    """Whose statements: those of one's channel, of one's offers, or what one pays oneself."""

    ANBIETER = "ANBIETER"
    BEREITSTELLER = "BEREITSTELLER"
    ZAHLER = "ZAHLER"


@dataclass(frozen=True, slots=True)
class StatementBackend:
    """What the routes work with."""

    jobs: Jobs
    statements: Statements
    contracts: Contracts
    clock: Callable[[], datetime]


def statement_routes(backend: StatementBackend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["statements"])
    _job_routes(router, backend)
    _list_routes(router, backend)
    _statement_routes(router, backend.statements)
    return router


def _job_routes(router: APIRouter, backend: StatementBackend) -> None:
    jobs = backend.jobs

    @router.post(
        "/statement-jobs",
        response_model=StatementJobView,
        status_code=CREATED,
        summary="Make the statements of a year",
        openapi_extra=SIGNING,
    )
    async def start(request: StatementJobRequest, caller: AnbieterCaller, key: IdempotencyKey) -> Response:
        async def run() -> Response:
            new = request.job(key.derived_id("statement-job"), caller.channel, caller.subject, backend.clock())
            job = await jobs.add(new)
            location = f"/v1/statement-jobs/{job.id}"
            return json_reply(StatementJobView.of(job), rev=job.rev, status=CREATED, location=location)

        return await key.run(run)

    @router.get("/statement-jobs", response_model=Page[StatementJobView], summary="Jobs of the own channel, newest first")
    async def listed(caller: AnbieterCaller, cursor: str | None = None, limit: Limit = 50) -> Response:
        after = decode_cursor(cursor, [datetime, str])
        found = await jobs.listed(caller.channel.value, after, Page.ahead(limit))
        return json_reply(Page.cut(found, limit, lambda job: (job.created_at, job.id), StatementJobView.of))

    @router.get(
        "/statement-jobs/{statement_job_id}", response_model=StatementJobView, summary="A job: how far it is, what it made"
    )
    async def one(statement_job_id: EntityId, caller: AnbieterCaller) -> Response:
        job = await jobs.get(statement_job_id, caller.channel.value)
        return json_reply(StatementJobView.of(job), rev=job.rev)


def _list_routes(router: APIRouter, backend: StatementBackend) -> None:
    statements = backend.statements

    @router.get("/statements", response_model=Page[StatementSummary], summary="Statements of one's own side, newest first")
    async def listed(
        caller: CurrentCaller,
        side: Annotated[Side | None, Query(description="Without it ANBIETER for an Anbieter, ZAHLER for others.")] = None,
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        after, anbieter = decode_cursor(cursor, [datetime, str]), Role.ANBIETER in caller.roles
        match side or (Side.ANBIETER if anbieter else Side.ZAHLER):
            case Side.ZAHLER:
                shares = await statements.shares(caller.organisation, after, Page.ahead(limit))
                return json_reply(Page.cut(shares, limit, lambda it: (it.issued_at, it.id), StatementSummary.of_share))
            case Side.ANBIETER:
                caller.require(Role.ANBIETER)
                found = await statements.page("channel", caller.channel.value, after, Page.ahead(limit))
            case Side.BEREITSTELLER:
                found = await statements.page("provider_id", caller.organisation, after, Page.ahead(limit))
        return json_reply(Page.cut(found, limit, lambda it: (it.issued_at, it.id), StatementSummary.of))

    @router.get("/contracts/{contract_id}/statements", summary="Yearly statements of a contract, newest first")
    async def of_contract(caller: CurrentCaller, contract_id: EntityId) -> YearlyStatements:
        viewer = viewer_of(caller)
        stored = await backend.contracts.find(viewer, contract_id)
        if stored is None:
            raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
        contract = stored.contract
        if contract.leg is not Leg.NACHNUTZUNG:
            # By no other contract does a body pay: what it owes by one of its own is not for whoever passes a use on to it.
            return YearlyStatements(items=[])
        shares = await statements.shares_in(contract.customer.id, contract.channel.value, contract.offering_id)
        return YearlyStatements(items=[YearlyStatement.of(share, contract.id, contract.number) for share in shares])


def _statement_routes(router: APIRouter, statements: Statements) -> None:
    @router.get("/statements/{statement_id}", response_class=Response, responses=_CONTENT, summary="A statement as it was issued")
    async def one(caller: CurrentCaller, statement_id: EntityId) -> Response:
        found = await _whole(statements, statement_id, caller)
        return _streamed(statements, found.result)

    @router.get("/statements/{statement_id}/input", response_class=Response, responses=_CONTENT, summary="What it was made of")
    async def given(caller: CurrentCaller, statement_id: EntityId) -> Response:
        found = await _whole(statements, statement_id, caller)
        return _streamed(statements, found.given)

    @router.get("/statements/{statement_id}/share", summary="What the caller's organisation owes by a statement")
    async def share(caller: CurrentCaller, statement_id: EntityId) -> YearlyStatement:
        found = await statements.share(statement_id, caller.organisation)
        if found is None:
            raise _absent(statement_id)
        return YearlyStatement.of(found)


async def _whole(statements: Statements, statement_id: str, caller: Caller) -> StoredStatement:
    """Return a statement of the caller's channel or offers: it names what every payer owes. Raises NotFoundError."""
    found = await statements.find(statement_id)
    if found is None or not (
        found.provider_id == caller.organisation or (Role.ANBIETER in caller.roles and found.channel == caller.channel.value)
    ):
        raise _absent(statement_id)
    return found


def _streamed(statements: Statements, content: Content) -> Response:
    headers = {"ETag": f'"{content.sha256}"', "Content-Length": str(content.size), "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(read(statements.store, content), media_type=JSON, headers=headers)


def _absent(statement_id: str) -> NotFoundError:
    return NotFoundError(f"There is no statement {statement_id}.", code="statement_not_found")
