"""Contracts of the caller's organisation, the registers of an Anbieter, and its countersignatures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from services.contracts import handlers
from services.contracts.access import Narrowed, viewer_of
from services.contracts.changes import required
from services.contracts.domain.contract import Contract, Listed
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import Actor
from services.contracts.merged_list import Position
from services.contracts.narrowing import position_of
from services.contracts.provisions.accredited import require_accredited
from services.contracts.repository import Contracts, Registers
from services.contracts.schemas import ContractDetail, ContractSummary, DeclineRequest, NoticeRequest, RegisterView
from services.contracts.sides import standing_of
from services.contracts.table import SHEETS, row_of
from shared.calendar import day_of
from shared.errors import ForbiddenError, NotFoundError
from shared.http.auth import SIGNING
from shared.http.dependencies import AnbieterCaller, CurrentCaller
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.http.steps import Headers, StepHeaders
from shared.http.tables import TABLE, VARY, table_language, table_reply, wants_table
from shared.labels import Labels
from shared.messages.base import Message
from shared.messages.values import Channel, EntityId
from shared.rights.projection import Rights

Year = Annotated[int, Path(ge=2000, le=9999, description="Calendar year in Germany.")]


def routes(
    contracts: Contracts,
    registers: Registers,
    clock: Callable[[], datetime],
    terms: Mapping[Channel, Terms],
    rights: Rights | None,
    words: Mapping[str, Labels],
) -> APIRouter:
    """Return the routes of the service. ``words``: those that tables show for codes, by language."""
    router = APIRouter(prefix="/v1", tags=["contracts"])

    @router.get("/contracts", response_model=Page[ContractSummary], responses=TABLE)
    async def list_contracts(
        request: Request,
        caller: CurrentCaller,
        only: Narrowed,
        order_id: Annotated[
            EntityId | None, Query(description="Only those of this Vorgang: what it has asked for, and what follows that.")
        ] = None,
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        """Contracts that your organisation is party to (of your channel, for an Anbieter), newest first.

        With filters a page may be shorter than `limit`, even empty, while `next` says that there is more. As text/csv (Accept) it
        is the whole list, as a table for people.
        """
        viewer = viewer_of(caller)

        async def of_order(order_id: str) -> AsyncIterator[list[Listed]]:
            yield [it for it in await contracts.of_order(viewer, order_id) if only.passes(it, viewer)]

        if wants_table(request):
            language = table_language(request)
            portions = contracts.whole(viewer, only) if order_id is None else of_order(order_id)
            rows = ([row_of(it, words[language]) for it in portion] async for portion in portions)
            return await table_reply(SHEETS[language], language, rows)
        if order_id is not None:
            items = [ContractSummary.of(it) async for portion in of_order(order_id) for it in portion]
            return json_reply(Page(items=items), headers=VARY)
        after = cast("Position | None", decode_cursor(cursor, (datetime, str)))
        found = await contracts.page(viewer, after, Page.ahead(limit), only)
        page = Page.cut(found.items, limit, position_of, ContractSummary.of, behind=found.rest)
        return json_reply(page, headers=VARY)

    @router.get("/contracts/{contract_id}", response_model=ContractDetail, summary="One contract in full")
    async def get_contract(caller: CurrentCaller, contract_id: EntityId) -> Response:
        viewer = viewer_of(caller)
        stored = await contracts.find(viewer, contract_id)
        if stored is None:
            raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
        contract = stored.contract
        own, standing = terms.get(contract.channel), standing_of(contract, caller)
        return json_reply(ContractDetail.seen(contract, own, standing, grounds=viewer.reads_text(contract)), rev=stored.rev)

    @router.get("/registers/{channel}/{year}", summary="Number register of an Anbieter, held against its contracts")
    async def get_register(caller: AnbieterCaller, channel: Channel, year: Year) -> RegisterView:
        if caller.channel is not channel:
            raise NotFoundError(f"There is no register {channel.value} {year}.", channel=channel.value, year=year)
        return RegisterView.of(await handlers.report_register(channel, year, contracts, registers))

    _signing_routes(router, contracts, clock, terms, rights)
    _notice_routes(router, contracts, clock, terms)
    return router


def _notice_routes(
    router: APIRouter, contracts: Contracts, clock: Callable[[], datetime], terms: Mapping[Channel, Terms]
) -> None:
    @router.post("/contracts/{contract_id}/notice", response_model=ContractDetail, openapi_extra=SIGNING)
    async def give_notice(contract_id: EntityId, body: NoticeRequest, headers: Headers) -> Response:
        """Party or Anbieter: give notice. What rests on the contract ends with it, and its parties are told."""
        caller, at = headers.key.caller, clock()
        viewer = viewer_of(caller)
        stored = await contracts.find(viewer, contract_id)
        if stored is None:
            raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
        actor, own = viewer.acts_as(stored.contract, caller.roles), terms.get(stored.contract.channel)
        if actor is None or own is None:
            raise ForbiddenError("Notice is given by a party of the contract or by its Anbieter.", code="not_a_party")
        change = handlers.give_notice(contract_id, day_of(at), body.last_day, at, actor, own)

        async def apply() -> Response:
            result = await contracts.ledger.apply_one(change, condition=headers.condition)
            contract = required(result.state, contract_id)
            standing = standing_of(contract, caller)
            return json_reply(ContractDetail.seen(contract, own, standing, grounds=viewer.reads_text(contract)), rev=result.rev)

        return await headers.key.run(apply)


def _signing_routes(
    router: APIRouter,
    contracts: Contracts,
    clock: Callable[[], datetime],
    terms: Mapping[Channel, Terms],
    rights: Rights | None,
) -> None:
    async def take(contract_id: str, headers: StepHeaders, step: Callable[[Contract, str, datetime], list[Message]]) -> Response:
        caller, at = headers.key.caller, clock()
        await contracts.require_of_channel(contract_id, caller.channel)
        change = handlers.countersign(contract_id, lambda contract: step(contract, caller.subject, at))

        async def apply() -> Response:
            result = await contracts.ledger.apply_one(change, condition=headers.condition)
            contract = required(result.state, contract_id)
            standing = standing_of(contract, caller)
            return json_reply(ContractDetail.seen(contract, terms.get(contract.channel), standing, grounds=True), rev=result.rev)

        return await headers.key.run(apply)

    @router.post("/contracts/{contract_id}/sign", response_model=ContractDetail, openapi_extra=SIGNING)
    async def sign(contract_id: EntityId, _: AnbieterCaller, headers: Headers) -> Response:
        """Anbieter: sign an offered contract as its first person; another one releases it.

        The Bereitsteller of a contract that begins a chain must be accredited by the Anbieter.
        """

        def step(contract: Contract, person: str, at: datetime) -> list[Message]:
            require_accredited(contract, rights)
            return contract.sign(person, at, Actor.ANBIETER)

        return await take(contract_id, headers, step)

    @router.post("/contracts/{contract_id}/release", response_model=ContractDetail, openapi_extra=SIGNING)
    async def release(contract_id: EntityId, _: AnbieterCaller, headers: Headers) -> Response:
        """Anbieter: release as a second person what the first one has signed; the processor then concludes the contract.

        The Bereitsteller of a contract that begins a chain must be accredited by the Anbieter.
        """

        def step(contract: Contract, person: str, at: datetime) -> list[Message]:
            require_accredited(contract, rights)
            return contract.release(person, at, Actor.ANBIETER)

        return await take(contract_id, headers, step)

    @router.post("/contracts/{contract_id}/decline", response_model=ContractDetail, openapi_extra=SIGNING)
    async def decline(contract_id: EntityId, body: DeclineRequest, _: AnbieterCaller, headers: Headers) -> Response:
        """Anbieter: decline an offered contract; the Kunde is given the reason."""
        return await take(contract_id, headers, lambda contract, _, at: contract.decline(body.reason, at, Actor.ANBIETER))
