"""The read side: contracts of the caller's organisation, and the registers of an Anbieter."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.contracts import handlers
from services.contracts.access import viewer_of
from services.contracts.archiving.api import archive_routes
from services.contracts.archiving.log import ArchiveLog
from services.contracts.repository import Contracts, Position, Registers, position_of
from services.contracts.schemas import ContractDetail, ContractSummary, RegisterView
from shared.errors import NotFoundError
from shared.http.dependencies import AnbieterCaller, CurrentCaller
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.http.routers import join
from shared.messages.values import Channel, EntityId

Year = Annotated[int, Path(ge=2000, le=9999, description="Calendar year in Germany.")]


def routes(contracts: Contracts, registers: Registers, log: ArchiveLog) -> APIRouter:
    """Return the routes of the service."""
    router = APIRouter(prefix="/v1", tags=["contracts"])

    @router.get("/contracts", summary="Contracts that the caller's organisation is party to, newest first")
    async def list_contracts(
        caller: CurrentCaller,
        order_id: Annotated[EntityId | None, Query(description="Only those of this Vorgang.")] = None,
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Page[ContractSummary]:
        viewer = viewer_of(caller)
        if order_id is not None:
            found = await contracts.of_order(viewer, order_id)
            return Page(items=[ContractSummary.of(contract) for contract in found])
        after = cast("Position | None", decode_cursor(cursor, (datetime, str)))
        found = await contracts.page(viewer, after, Page.ahead(limit))
        return Page.cut(found, limit, position_of, ContractSummary.of)

    @router.get("/contracts/{contract_id}", response_model=ContractDetail, summary="One contract in full")
    async def get_contract(caller: CurrentCaller, contract_id: EntityId) -> Response:
        viewer = viewer_of(caller)
        stored = await contracts.find(viewer, contract_id)
        if stored is None:
            raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
        return json_reply(ContractDetail.seen(stored.contract, grounds=viewer.knows_grounds(stored.contract)), rev=stored.rev)

    @router.get("/registers/{channel}/{year}", summary="Number register of an Anbieter, held against its contracts")
    async def get_register(caller: AnbieterCaller, channel: Channel, year: Year) -> RegisterView:
        if caller.channel is not channel:
            raise NotFoundError(f"There is no register {channel.value} {year}.", channel=channel.value, year=year)
        return RegisterView.of(await handlers.report_register(channel, year, contracts, registers))

    join(router, archive_routes(contracts, log))
    return router
