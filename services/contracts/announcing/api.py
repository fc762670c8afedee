"""Routes about new prices of a running contract."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from services.contracts.access import viewer_of
from services.contracts.announcing.asking import announced
from services.contracts.announcing.schemas import PriceChangeRequest, PriceChangesView
from services.contracts.backend import Backend
from services.contracts.changes import change_of, required
from services.contracts.domain.announcing import announce, price_change_of
from services.contracts.sides import acting_for, reading_for
from shared.errors import ForbiddenError
from shared.http.auth import SIGNING
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch
from shared.http.etag import json_reply
from shared.messages.values import EntityId


def announcing_routes(backend: Backend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["changes"])
    contracts = backend.contracts

    @router.get(
        "/contracts/{contract_id}/price-changes",
        response_model=PriceChangesView,
        summary="New prices of a contract, for its sides",
    )
    async def price_changes(caller: CurrentCaller, contract_id: EntityId) -> Response:
        stored, _ = await backend.found(caller, contract_id)
        reading_for(stored.contract, viewer_of(caller))
        return json_reply(PriceChangesView.of(stored.contract), rev=stored.rev)

    @router.post("/contracts/{contract_id}/price-changes", response_model=PriceChangesView, openapi_extra=SIGNING)
    async def change_price(
        contract_id: EntityId, body: PriceChangeRequest, caller: CurrentCaller, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        """Whoever passes the use on: announce new cost information. It counts by the agreed period, and below by that of each."""
        at = backend.clock()
        stored, terms = await backend.found(caller, contract_id)
        side, _ = acting_for(stored.contract, caller)
        if side != "grantor":
            raise ForbiddenError("New prices are announced by whoever passes the use on.", code="not_the_grantor")
        change_id = key.derived_id("price change")

        async def apply() -> Response:
            found = await contracts.ledger.get(contract_id)
            if found is None or price_change_of(found[0], change_id) is None:
                change = announced(stored.contract, change_id, body.effective_from, tuple(body.price_items), at, terms)
                result = await contracts.ledger.apply_one(
                    change_of(contract_id, partial(announce, change=change)), condition=condition
                )
                found = required(result.state, contract_id), result.rev
            return json_reply(PriceChangesView.of(found[0]), rev=found[1])

        return await key.run(apply)

    return router
