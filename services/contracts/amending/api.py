"""Routes about changes of a running contract: propose an amendment, offer newer general terms, consent, release, refuse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import APIRouter
from starlette.responses import Response

from services.contracts.access import viewer_of
from services.contracts.accessions.repository import Accessions
from services.contracts.amending.asking import Asked, agb_change_of, require_agreeable, with_awards
from services.contracts.amending.schemas import AgbOfferRequest, AmendmentRequest, ChangesView, RefusalRequest
from services.contracts.cascade import hold_to_parents
from services.contracts.chain.contract import Side
from services.contracts.changes import change_of, required
from services.contracts.domain import amending
from services.contracts.domain.amending import text_of
from services.contracts.domain.contract import Contract
from services.contracts.domain.moves import Move, moves_of
from services.contracts.domain.rules import Terms
from services.contracts.domain.text import AgreedText, Consent, Proposal, changed_parts
from services.contracts.domain.transitions import Actor
from services.contracts.narrowing import Viewer
from services.contracts.repository import Contracts
from services.contracts.sides import acting_for, acts_for, reading_for
from shared.aggregate.condition import Condition
from shared.calendar import day_of
from shared.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, WriteConflictError
from shared.http.auth import SIGNING, Caller
from shared.http.dependencies import CurrentCaller
from shared.http.etag import json_reply
from shared.http.idempotency import Idempotency
from shared.http.steps import Headers, StepHeaders
from shared.messages.base import Message
from shared.messages.values import Channel, EntityId

Step = Callable[[Contract], Sequence[Message]]


@dataclass(frozen=True, slots=True)
class AmendingBackend:
    """What the routes work with."""

    contracts: Contracts
    accessions: Accessions
    terms: Mapping[Channel, Terms]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Taking:
    """Who takes a step on which contract, for which of its sides, and when."""

    contract: Contract
    side: Side
    actor: Actor
    person: str
    at: datetime
    asked: Asked
    key: Idempotency
    condition: Condition | None

    @property
    def consent(self) -> Consent:
        """The consent of the person."""
        return Consent(side=self.side, by=self.person, at=self.at)

    async def take(self, prepare: Callable[[], Awaitable[Step]]) -> Response:
        """Carry out the step that ``prepare`` finds possible, and answer with the changes of the contract."""

        async def apply() -> Response:
            step = await prepare()
            result = await self.asked.contracts.ledger.apply_one(change_of(self.contract.id, step), condition=self.condition)
            contract = required(result.state, self.contract.id)
            if contract.version != self.contract.version:
                # What its parent has lost meanwhile, a longer term must lose too.
                await hold_to_parents([contract], self.asked.terms, self.asked.contracts, self.at)
            moves = moves_of(contract, self.side, self.actor)
            return json_reply(await _view(contract, self.side, self.at, self.asked, moves), rev=result.rev)

        return await self.key.run(apply)


def amending_routes(backend: AmendingBackend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["changes"])

    @router.get("/contracts/{contract_id}/changes", response_model=ChangesView, summary="Changes of a contract's agreed text")
    async def changes(caller: CurrentCaller, contract_id: EntityId) -> Response:
        """For its sides: what is agreed, proposed, was agreed before, newer general terms, and what yours can do now."""
        viewer = viewer_of(caller)
        contract, rev = await _found(backend, viewer, contract_id)
        at = backend.clock()
        side, acting = reading_for(contract, viewer), acts_for(contract, caller)
        moves = () if acting is None else moves_of(contract, *acting)
        return json_reply(await _view(contract, side, at, _asked(backend, contract), moves), rev=rev)

    _proposing_routes(router, backend)
    _answering_routes(router, backend)
    return router


def _proposing_routes(router: APIRouter, backend: AmendingBackend) -> None:
    @router.post("/contracts/{contract_id}/amendments", response_model=ChangesView, openapi_extra=SIGNING)
    async def amend(contract_id: EntityId, body: AmendmentRequest, headers: Headers) -> Response:
        """Either side: sign a change of the agreed text. The other side has to consent; until then everything stays as it is.

        Of one that lets more be used, by more or for longer, or charges for what was free, eligibility judges the awards first;
        one that is not exempt ends it (`change_not_exempt`).
        """
        taking = await _taking(backend, headers, contract_id)
        change_id = headers.key.derived_id("amendment")

        async def prepare() -> Step:
            text = body.applied_to(text_of(taking.contract, taking.asked.terms))
            if text.valid_to is not None and text.valid_to < day_of(taking.at):
                day = text.valid_to.isoformat()
                raise InvalidError(f"{day} has passed.", code="contract_date_invalid", day=day)
            return await _proposing(taking, change_id, text, body.reason)

        return await taking.take(prepare)

    @router.post("/contracts/{contract_id}/agb-offer", response_model=ChangesView, openapi_extra=SIGNING)
    async def offer_agb(contract_id: EntityId, body: AgbOfferRequest, headers: Headers) -> Response:
        """Whoever passes the use on: offer the general terms that are in force, from the top of a chain to its foot."""
        taking = await _taking(backend, headers, contract_id)
        if taking.side != "grantor":
            raise ForbiddenError("General terms are offered by whoever passes the use on.", code="not_the_grantor")
        change_id = headers.key.derived_id("agb offer")

        async def prepare() -> Step:
            newer = await agb_change_of(taking.contract, day_of(taking.at), taking.asked)
            if newer is None:
                if amending.knows(taking.contract, change_id):
                    return _nothing
                raise ConflictError(
                    "The contract has the general terms that are in force.", code="agb_up_to_date", id=contract_id
                )
            if newer.waits_for is not None:
                raise ConflictError("The contract above comes first.", code="agb_waits_for_parent", id=newer.waits_for)
            text = text_of(taking.contract, taking.asked.terms).model_copy(update={"agb": newer.agb})
            return await _proposing(taking, change_id, text, body.reason, newer.earliest_end)

        return await taking.take(prepare)


async def _proposing(
    taking: _Taking, change_id: str, text: AgreedText, reason: str | None, earliest_end: date | None = None
) -> Step:
    """Return the step by which a side proposes a text.

    Raises InvalidError (``amendment_empty``), ConflictError with the code of a rule of the chain. The step raises
    WriteConflictError if another change was agreed meanwhile.
    """
    if amending.knows(taking.contract, change_id):
        return _nothing
    parts = changed_parts(text_of(taking.contract, taking.asked.terms), text)
    if not parts:
        raise InvalidError("It changes nothing that is agreed.", code="amendment_empty")
    proposal = Proposal(
        id=change_id,
        side=taking.side,
        proposed_at=taking.at,
        reason=reason,
        text=text,
        parts=parts,
        consents=(taking.consent,),
    )
    proposal = await with_awards(taking.contract, proposal, taking.asked)
    await require_agreeable(taking.contract, proposal, taking.at, taking.asked)

    def step(contract: Contract) -> Sequence[Message]:
        if contract.version != taking.contract.version and not amending.knows(contract, change_id):
            # The text is whole: it would take back what both sides have agreed since it was made.
            raise WriteConflictError("another change of the contract was agreed meanwhile", id=contract.id)
        return amending.propose(contract, proposal, taking.actor, earliest_end)

    return step


def _nothing(_: Contract) -> Sequence[Message]:
    """Return no event: the request was carried out before."""
    return ()


def _answering_routes(router: APIRouter, backend: AmendingBackend) -> None:
    @router.post("/contracts/{contract_id}/changes/{change_id}/release", response_model=ChangesView, openapi_extra=SIGNING)
    async def release(contract_id: EntityId, change_id: EntityId, headers: Headers) -> Response:
        """Anbieter: release as a second person what the first one has signed."""
        taking = await _taking(backend, headers, contract_id)

        async def prepare() -> Step:
            newer = await agb_change_of(taking.contract, day_of(taking.at), taking.asked)
            await _require_agreeable(taking, change_id)
            person, at, actor, terms = taking.person, taking.at, taking.actor, taking.asked.terms
            end = None if newer is None else newer.earliest_end
            return lambda contract: amending.release(contract, change_id, person, at, actor, terms, end)

        return await taking.take(prepare)

    @router.post("/contracts/{contract_id}/changes/{change_id}/consent", response_model=ChangesView, openapi_extra=SIGNING)
    async def consent(contract_id: EntityId, change_id: EntityId, headers: Headers) -> Response:
        """The other side: consent, which makes a new version of the contract; at the Anbieter a second person releases it."""
        taking = await _taking(backend, headers, contract_id)

        async def prepare() -> Step:
            _require_known(taking, change_id)
            await _require_agreeable(taking, change_id)
            given, actor, terms = taking.consent, taking.actor, taking.asked.terms
            return lambda contract: amending.consent(contract, change_id, given, actor, terms)

        return await taking.take(prepare)

    @router.post("/contracts/{contract_id}/changes/{change_id}/refuse", response_model=ChangesView, openapi_extra=SIGNING)
    async def refuse(contract_id: EntityId, change_id: EntityId, body: RefusalRequest, headers: Headers) -> Response:
        """Either side: turn a change down, or take back what the own side has proposed. The contract goes on as it is."""
        taking = await _taking(backend, headers, contract_id)

        async def prepare() -> Step:
            _require_known(taking, change_id)
            side, at, actor = taking.side, taking.at, taking.actor
            return lambda contract: amending.refuse(contract, change_id, side, body.reason, at, actor)

        return await taking.take(prepare)


async def _require_agreeable(taking: _Taking, change_id: str) -> None:
    proposal = taking.contract.proposal
    if proposal is not None and proposal.id == change_id:
        await require_agreeable(taking.contract, proposal, taking.at, taking.asked)


def _require_known(taking: _Taking, change_id: str) -> None:
    """Return unless the change is one that the other side has not released yet. Raises NotFoundError."""
    proposal = taking.contract.proposal
    hidden = proposal is not None and taking.side != proposal.side and not amending.is_offered(taking.contract, proposal)
    if hidden and proposal is not None and proposal.id == change_id:
        raise NotFoundError(f"There is no change {change_id}.", code="change_not_found", id=change_id)


async def _taking(backend: AmendingBackend, headers: StepHeaders, contract_id: str) -> _Taking:
    caller: Caller = headers.key.caller
    contract, _ = await _found(backend, viewer_of(caller), contract_id)
    side, actor = acting_for(contract, caller)
    return _Taking(
        contract, side, actor, caller.subject, backend.clock(), _asked(backend, contract), headers.key, headers.condition
    )


async def _found(backend: AmendingBackend, viewer: Viewer, contract_id: str) -> tuple[Contract, int]:
    stored = await backend.contracts.find(viewer, contract_id)
    if stored is None or stored.contract.channel not in backend.terms:
        raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
    return stored.contract, stored.rev


def _asked(backend: AmendingBackend, contract: Contract) -> Asked:
    return Asked(backend.contracts, backend.accessions, backend.terms[contract.channel])


async def _view(contract: Contract, side: Side, at: datetime, asked: Asked, moves: Sequence[Move]) -> ChangesView:
    newer = await agb_change_of(contract, day_of(at), asked)
    return ChangesView.of(contract, text_of(contract, asked.terms), side, newer, moves)
