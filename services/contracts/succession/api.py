"""The route by which one side asks for a contract that follows a running one."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.contracts.backend import Backend
from services.contracts.cascade import hold_to_parents
from services.contracts.changes import required
from services.contracts.schemas import ContractDetail
from services.contracts.sides import acting_for, standing_of
from services.contracts.succession.following import Following, follow, text_without_end
from services.contracts.succession.schemas import SuccessorRequest
from shared.http.auth import SIGNING
from shared.http.dependencies import CurrentCaller, IdempotencyKey
from shared.http.etag import json_reply
from shared.messages.values import EntityId

CREATED = 201


def succession_routes(backend: Backend) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["changes"])
    contracts = backend.contracts

    @router.post("/contracts/{contract_id}/successor", response_model=ContractDetail, status_code=CREATED, openapi_extra=SIGNING)
    async def succeed(contract_id: EntityId, body: SuccessorRequest, caller: CurrentCaller, key: IdempotencyKey) -> Response:
        """Either side: sign a contract that follows a running one; the other side then signs it, or does not.

        Of the Anbieter another person releases it before it is offered. Eligibility judges the awards of both before anybody
        signs further; one that is not exempt ends it (`successor_not_exempt`).
        """
        at = backend.clock()
        stored, terms = await backend.found(caller, contract_id)
        former = stored.contract
        side, actor = acting_for(former, caller)
        following = Following(
            side=side,
            actor=actor,
            person=caller.subject,
            at=at,
            text=body.text.applied_to(text_without_end(former, terms)),
            first=body.valid_from,
            price_items=None if body.price_items is None else tuple(body.price_items),
            order_reference=body.order_reference,
        )

        async def apply() -> Response:
            change = await follow(following, former, terms, contracts)
            result = await contracts.ledger.apply_one(change)
            made = required(result.state, change.id)
            await hold_to_parents([made], terms, contracts, at)
            view = ContractDetail.seen(made, terms, standing_of(made, caller), grounds=True)
            return json_reply(view, rev=result.rev, status=CREATED, location=f"/v1/contracts/{made.id}")

        return await key.run(apply)

    return router
