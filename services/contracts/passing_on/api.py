"""Routes about contracts by which a Kunde passes on what it uses: offer or ask for one, accept it, give it up.

A contract that follows another one in time is accepted and given up here too, by the side that is not the Anbieter.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.contracts.accessions.declaring import known_contract
from services.contracts.backend import Backend
from services.contracts.cascade import hold_to_parents
from services.contracts.chain.contract import Side
from services.contracts.changes import change_of, required
from services.contracts.domain.amending import text_of
from services.contracts.domain.contract import SUB_LEGS, Contract
from services.contracts.domain.transitions import Actor
from services.contracts.passing_on.offering import Passed, offer, possible
from services.contracts.passing_on.schemas import GiveUpRequest, SubContractPreview, SubContractRequest
from services.contracts.schemas import ContractDetail
from services.contracts.sides import acting_for, standing_of
from shared.aggregate.condition import Condition
from shared.calendar import day_of
from shared.errors import ForbiddenError
from shared.http.auth import NO_FUNCTION, SIGNING, Caller, needs
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch
from shared.http.etag import json_reply
from shared.http.idempotency import Idempotency
from shared.messages.base import Message
from shared.messages.values import EntityId, Role

CREATED = 201
Kunde = Annotated[Caller, Depends(needs(Role.KUNDE))]
Step = Callable[[Contract, Side, Actor], Sequence[Message]]


def passing_routes(backend: Backend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["passing on"])
    contracts = backend.contracts

    @router.post(
        "/contracts/{contract_id}/sub-contracts",
        response_model=ContractDetail,
        status_code=CREATED,
        openapi_extra=SIGNING,
    )
    async def pass_on(contract_id: EntityId, body: SubContractRequest, caller: Kunde, key: IdempotencyKey) -> Response:
        """Kunde: sign a contract that passes the own one on to ``grantee``; or ask for one below what is passed on to oneself."""
        at = backend.clock()
        parent, terms = await known_contract(contracts, backend.terms, caller, contract_id)
        passed = _passed(body, parent, caller, key.derived_id("sub-contract"), at)

        async def apply() -> Response:
            result = await contracts.ledger.apply_one(await offer(passed, parent, terms, contracts))
            stored = required(result.state, passed.id)
            await hold_to_parents([stored], terms, contracts, at)
            view = ContractDetail.seen(stored, terms, standing_of(stored, caller), grounds=True)
            return json_reply(view, rev=result.rev, status=CREATED, location=f"/v1/contracts/{stored.id}")

        return await key.run(apply)

    @router.post("/contracts/{contract_id}/sub-contracts/preview", response_model=SubContractPreview, openapi_extra=NO_FUNCTION)
    async def preview(contract_id: EntityId, body: SubContractRequest, caller: Kunde) -> Response:
        """Kunde: see the contract that the same request to `sub-contracts` would make, held against all rules."""
        parent, terms = await known_contract(contracts, backend.terms, caller, contract_id)
        passed = _passed(body, parent, caller, str(uuid.uuid4()), backend.clock())
        found = await possible(passed, parent, terms, contracts)
        detail = ContractDetail.seen(found, terms, standing_of(found, caller), grounds=True)
        return json_reply(SubContractPreview(contract=detail, text=text_of(found, terms)))

    @router.post("/contracts/{contract_id}/accept", response_model=ContractDetail, openapi_extra=SIGNING)
    async def accept(contract_id: EntityId, caller: CurrentCaller, key: IdempotencyKey, condition: IfMatch) -> Response:
        """Kunde or Bereitsteller: sign what the other side has offered or asked for; the processor concludes it with a number."""
        at = backend.clock()

        def step(contract: Contract, side: Side, actor: Actor) -> Sequence[Message]:
            return contract.accept(caller.subject, side, at, actor)

        return await _take(backend, caller, contract_id, step, key, condition)

    @router.post("/contracts/{contract_id}/give-up", response_model=ContractDetail, openapi_extra=SIGNING)
    async def give_up(
        contract_id: EntityId, body: GiveUpRequest, caller: CurrentCaller, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        """Kunde or Bereitsteller: turn down what the other side has offered or asked for, or take back what the own side has."""
        at = backend.clock()

        def step(contract: Contract, side: Side, actor: Actor) -> Sequence[Message]:
            return contract.give_up(side, body.reason, at, actor)

        return await _take(backend, caller, contract_id, step, key, condition)

    return router


def _passed(body: SubContractRequest, parent: Contract, caller: Caller, contract_id: str, at: datetime) -> Passed:
    """Return what is passed on to whom. Raises ForbiddenError (``not_the_grantor``)."""
    own = caller.organisation == parent.customer.id
    grantee = body.grantee if own else caller.party
    if grantee is None or (not own and body.grantee not in {None, caller.party}):
        raise ForbiddenError("Who passes a contract on names to whom; who asks for one asks for itself.", code="not_the_grantor")
    return Passed(
        id=contract_id,
        grantee=grantee,
        signer="grantor" if own else "grantee",
        person=caller.subject,
        at=at,
        first=body.valid_from or day_of(at),
        last=body.valid_to,
        territory=None if body.territory is None else tuple(dict.fromkeys(body.territory)),
        charge=body.charge,
        price_items=tuple(body.price_items),
        order_reference=body.order_reference,
    )


async def _take(
    backend: Backend, caller: Caller, contract_id: str, step: Step, key: Idempotency, condition: Condition | None
) -> Response:
    stored, terms = await backend.found(caller, contract_id)
    side, actor = _signing_for(stored.contract, caller)
    change = change_of(contract_id, lambda contract: step(contract, side, actor))

    async def apply() -> Response:
        result = await backend.contracts.ledger.apply_one(change, condition=condition)
        contract = required(result.state, contract_id)
        return json_reply(ContractDetail.seen(contract, terms, standing_of(contract, caller), grounds=True), rev=result.rev)

    return await key.run(apply)


def _signing_for(contract: Contract, caller: Caller) -> tuple[Side, Actor]:
    """Return the side that a caller signs for, and as whom. Raises ForbiddenError (``not_a_side``), also for the Anbieter."""
    side, actor = acting_for(contract, caller)
    if actor is Actor.ANBIETER or (contract.leg not in SUB_LEGS and contract.continues is None):
        raise ForbiddenError("This is for the two sides of a contract that passes a use on.", code="not_a_side")
    return side, actor
