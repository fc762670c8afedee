"""Routes of the facts: what is known of a body, as known at an instant, and how it is stated, corrected and withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from services.eligibility.access import viewer_of
from services.eligibility.fact_store.audience import Audience
from services.eligibility.fact_store.entry import Revision
from services.eligibility.fact_store.facts import Facts, check_shape
from services.eligibility.fact_store.state import names
from services.eligibility.fact_store.statements import (
    Author,
    Decision,
    correct_fact,
    examine_fact,
    record_document,
    record_fact,
    withdraw_fact,
)
from services.eligibility.fact_views import FactView
from services.eligibility.repository import Bodies
from services.eligibility.schemas import Request
from shared.errors import NotFoundError
from shared.http.auth import Caller
from shared.http.days import Day
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch, NeededIfMatch
from shared.http.etag import json_reply
from shared.http.idempotency import Idempotency
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.values import OrganisationId, Role
from shared.tracing import context
from shared.written import Written, WrittenLine

CREATED = 201
Kind = Literal[
    "organisation",
    "authority_status",
    "relation",
    "activity",
    "private_participation",
    "declaration",
    "accreditation",
    "cooperation",
    "legal_opinion",
]
Instant = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", description="As known at this instant (UTC)."),
]
EXAMPLE = {
    "kind": "activity",
    "valid_from": None,
    "valid_to": None,
    "org": "komm_one",
    "year": 2025,
    "basis": "TURNOVER",
    "scope": "SOLO",
    "status": "ACTUAL",
    "total": 10000000000,
    "entrusted": 9300000000,
    "evidence": ["testat-2025"],
}


class StatedDocument(Request):
    """A document: what kind it is, from when to when it counts (``valid_to`` is the first day after), where it comes from."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$")] | None = None
    type: WrittenLine
    title: WrittenLine
    reference: WrittenLine | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    document_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    def content(self) -> dict[str, str | None]:
        """Return the document in the shape of the specification, without its id."""
        found = self.model_dump(mode="json", include={"type", "valid_from", "valid_to", "document_sha256"})
        return {name: value for name, value in found.items() if value is not None or name != "document_sha256"}

    def details(self) -> dict[str, str]:
        """Return what the document has beside."""
        return {"title": self.title} | ({} if self.reference is None else {"reference": self.reference})

    def recorded(self, key: Idempotency, author: Author) -> tuple[str, Decision]:
        """Return its id, and the decision to record it."""
        name = self.id or key.derived_id("evidence")
        return name, record_document(name, self.content(), self.details(), author)


Further = Annotated[
    StatedDocument | None,
    Field(description="A further document that it cites: recorded together with it, or not at all. Null: there is none."),
]


class FactRequest(Request):
    """A fact in the shape of its kind, money in cents, and why it is recorded. Without ``id`` one is given."""

    fact: Annotated[dict[str, Any], Field(json_schema_extra={"examples": [EXAMPLE]})]
    document: Further = None
    reason: Written

    def stated(self, key: Idempotency, author: Author) -> tuple[dict[str, Any], Decision | None]:
        """Return the fact, which cites the further document, and the decision to record that one."""
        evidence = self.fact.get("evidence") or []
        if self.document is None or not isinstance(evidence, list):
            return self.fact, None
        name, document = self.document.recorded(key, author)
        return {**self.fact, "evidence": [*evidence, name]}, document


class ExaminationRequest(Request):
    """What was found, by name of the field, and on which documents it rests."""

    findings: dict[str, bool | Literal["OWN", "SHARED_DELEGATE", "JOINT_APPOINTMENT", "NONE"] | None]
    evidence: Annotated[list[str], Field(max_length=20, default_factory=list)]
    document: Further = None
    reason: Written


class WithdrawalRequest(Request):
    """Why it does not hold, and never did."""

    reason: Written


def audience_of(caller: Caller) -> Audience:
    """Return who a caller is to the facts."""
    viewer = viewer_of(caller)
    return Audience(viewer.organisation, None if viewer.channel is None else viewer.channel.value, Role.BETREIBER in caller.roles)


def author_of(caller: Caller, reason: str) -> Author:
    """Return the author of what a caller records."""
    return Author(audience_of(caller), caller.subject, reason)


def fact_routes(facts: Facts, bodies: Bodies) -> APIRouter:
    """Return the routes of facts."""
    router = APIRouter(prefix="/v1", tags=["facts"])
    _reading_routes(router, facts, bodies)
    _recording_routes(router, _Recorder(facts, bodies))
    return router


def _reading_routes(router: APIRouter, facts: Facts, bodies: Bodies) -> None:
    @router.get("/facts", response_model=Page[FactView], summary="Facts that name a body, as far as they are for the reader")
    async def listed(
        organisation: OrganisationId,
        caller: CurrentCaller,
        kind: Kind | None = None,
        known_at: Instant = None,
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        await bodies.require_current(organisation)
        audience, state = audience_of(caller), await facts.current()
        after = decode_cursor(cursor, [str])
        found: list[tuple[Revision, ...]] = []
        for fact_id in sorted(state.facts_of.get(organisation, ())):
            if after is not None and fact_id <= str(after[0]):
                continue
            shown = _until(audience.sees(state, state.facts[fact_id]), known_at)
            if shown and not shown[-1].record.withdrawn and kind in (None, shown[-1].content["kind"]):
                found.append(shown)
            if len(found) == Page.ahead(limit):
                break
        return json_reply(Page.cut(found, limit, lambda it: (it[-1].record.id,), lambda it: FactView.of(it, audience)))

    @router.get("/facts/{fact_id}", response_model=FactView, summary="One fact with its history, withdrawn or not")
    async def fact(fact_id: str, caller: CurrentCaller, known_at: Instant = None) -> Response:
        audience, state = audience_of(caller), await facts.current()
        return _reply(_until(audience.sees(state, state.facts.get(fact_id, ())), known_at), fact_id, audience)


def _recording_routes(router: APIRouter, recorder: _Recorder) -> None:
    @router.post("/facts", response_model=FactView, status_code=CREATED, summary="Record a fact")
    async def record(request: FactRequest, caller: CurrentCaller, key: IdempotencyKey) -> Response:
        fact_id = str(request.fact.get("id") or key.derived_id("fact"))
        author = author_of(caller, request.reason)
        fact, document = request.stated(key, author)
        decide = record_fact(fact_id, fact, author, document)
        return await key.run(lambda: recorder.stated(fact_id, fact, decide, author, status=CREATED))

    @router.put("/facts/{fact_id}", response_model=FactView, summary="Correct a fact: a further revision")
    async def correct(
        fact_id: str, request: FactRequest, caller: CurrentCaller, condition: NeededIfMatch, key: IdempotencyKey
    ) -> Response:
        author = author_of(caller, request.reason)
        fact, document = request.stated(key, author)
        decide = correct_fact(fact_id, fact, author, condition, document)
        return await key.run(lambda: recorder.stated(fact_id, fact, decide, author))

    @router.post("/facts/{fact_id}/examination", response_model=FactView, summary="Record what an examination found (Anbieter)")
    async def examine(
        fact_id: str, request: ExaminationRequest, caller: CurrentCaller, condition: IfMatch, key: IdempotencyKey
    ) -> Response:
        author = author_of(caller, request.reason)
        further = None if request.document is None else request.document.recorded(key, author)
        evidence = request.evidence if further is None else [*request.evidence, further[0]]
        decide = examine_fact(fact_id, request.findings, evidence, author, condition, None if further is None else further[1])
        return await key.run(lambda: recorder.answer(fact_id, decide, author))

    @router.post("/facts/{fact_id}/withdrawal", response_model=FactView, summary="Withdraw a fact")
    async def withdraw(
        fact_id: str, request: WithdrawalRequest, caller: CurrentCaller, condition: IfMatch, key: IdempotencyKey
    ) -> Response:
        author = author_of(caller, request.reason)
        decide = withdraw_fact(fact_id, author, condition)
        return await key.run(lambda: recorder.answer(fact_id, decide, author))


class _Recorder:
    """Records a decision and answers with the fact as its author sees it."""

    def __init__(self, facts: Facts, bodies: Bodies) -> None:
        self.facts = facts
        self.bodies = bodies

    async def stated(
        self, fact_id: str, content: Mapping[str, Any], decide: Decision, author: Author, *, status: int = 200
    ) -> Response:
        """Record what somebody states. Raises InvalidError (``INVALID_FIELD``), GoneError for a key given up, as ``answer``."""
        check_shape({**content, "id": fact_id})
        for name in names({**content, "id": fact_id}):
            await self.bodies.require_current(name)
        return await self.answer(fact_id, decide, author, status=status)

    async def answer(self, fact_id: str, decide: Decision, author: Author, *, status: int = 200) -> Response:
        """Record and return the fact. Raises what the decision raises."""
        state = await (self.facts.current() if context.is_settled() else self.facts.record(decide))
        location = f"/v1/facts/{fact_id}" if status == CREATED else None
        shown = author.audience.sees(state, state.facts.get(fact_id, ()))
        return _reply(shown, fact_id, author.audience, status=status, location=location)


def _until(revisions: tuple[Revision, ...], known_at: str | None) -> tuple[Revision, ...]:
    return tuple(revision for revision in revisions if known_at is None or revision.head.recorded_at <= known_at)


def _reply(
    revisions: tuple[Revision, ...], fact_id: str, audience: Audience, *, status: int = 200, location: str | None = None
) -> Response:
    if not revisions:
        raise NotFoundError(f"There is no fact {fact_id}.", code="fact_not_found")
    return json_reply(FactView.of(revisions, audience), rev=revisions[-1].record.rev, status=status, location=location)
