"""Routes for verdicts of record: give one, read its history, replay it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.eligibility.access import viewer_of
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.faults import RefusedError
from services.eligibility.records.judge import KnownFacts, Policy, Question, judge, refusal
from services.eligibility.records.record import Because, Occasion, Records, core_of, record_of, subject_of
from services.eligibility.records.views import RecordHead, RecordView, ReplayView, VerdictRequest
from shared.calendar import day_of
from shared.canonical_json import canonical
from shared.errors import ForbiddenError, InvalidError
from shared.http.auth import Caller
from shared.http.dependencies import CurrentCaller, IdempotencyKey
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor, encode_cursor
from shared.messages.values import Channel, EntityId, OrganisationId
from shared.store.port import Scalar

CREATED = 201


@dataclass(frozen=True, slots=True)
class RecordBackend:
    """What the routes work with."""

    facts: KnownFacts
    records: Records
    policy: Policy
    clock: Callable[[], datetime]


def record_routes(backend: RecordBackend) -> APIRouter:
    """Return the routes. A verdict is for the Kunde that it is about and for the Anbieter of its channel."""
    router = APIRouter(prefix="/v1", tags=["verdicts of record"])

    @router.post(
        "/verdict-records",
        response_model=RecordView,
        status_code=CREATED,
        summary="Give a verdict of record: who may order what through which channel on a day, with the whole explanation",
    )
    async def give(request: VerdictRequest, caller: CurrentCaller, key: IdempotencyKey) -> Response:
        return await key.run(lambda: _give(backend, request, caller))

    @router.get(
        "/verdict-records", response_model=Page[RecordHead], summary="Verdicts on one question or one order, newest first"
    )
    async def history(
        caller: CurrentCaller,
        customer: OrganisationId | None = None,
        provider: OrganisationId | None = None,
        channel: Channel | None = None,
        order_id: Annotated[EntityId | None, Query(description="Instead of the three others.")] = None,
        cursor: str | None = None,
        limit: Limit = 20,
    ) -> Response:
        index = _index_of(caller, customer, provider, channel, order_id)
        viewer = viewer_of(caller)
        found = await backend.records.history(index, decode_cursor(cursor, [datetime, str]), limit, viewer)
        last = found[-1] if len(found) == limit else None
        next_ = None if last is None else encode_cursor((last["given_at"], last["_id"]))
        items = [RecordHead(**RecordHead.fields_of(document)) for document in found]
        return json_reply(Page[RecordHead](items=items, next=next_))

    @router.get("/verdict-records/{record_id}", response_model=RecordView, summary="A verdict of record, as it was given")
    async def read(record_id: EntityId, caller: CurrentCaller) -> Response:
        return json_reply(RecordView.of(await backend.records.get(record_id, viewer_of(caller))))

    @router.get(
        "/verdict-records/{record_id}/replay",
        response_model=ReplayView,
        summary="Evaluate a verdict of record again, on what was known then: core and hash are the same",
    )
    async def replay(record_id: EntityId, caller: CurrentCaller) -> Response:
        document = await backend.records.get(record_id, viewer_of(caller))
        recorded = core_of(document)
        try:
            answer = evaluate((await backend.facts.current()).world, recorded["request"])
        except RefusedError as refused:
            raise refusal(refused) from refused
        identical = canonical(answer.core) == canonical(recorded) and answer.rules.sha256 == document["rule_set_hash"]
        view = ReplayView(id=record_id, identical=identical, recorded_hash=document["hash"], hash=answer.hash, core=answer.core)
        return json_reply(view)

    return router


async def _give(backend: RecordBackend, request: VerdictRequest, caller: Caller) -> Response:
    at = backend.clock()
    question = Question(
        customer=_customer(request, caller),
        provider=request.provider,
        channel=request.channel.value,
        as_of=request.as_of or day_of(at),
        bundlers=tuple(bundler.model_dump() for bundler in request.bundlers),
        payment=request.payment,
        return_duty=request.return_duty,
    )
    answer = judge(await backend.facts.current(), backend.policy, question, at)
    document = record_of(answer, question, Occasion(Because.REQUEST, by=caller.subject), at)
    await backend.records.add([document])
    location = f"/v1/verdict-records/{document['_id']}"
    return json_reply(RecordView.of(document), status=CREATED, location=location)


def _customer(request: VerdictRequest, caller: Caller) -> str:
    """Return about whom the question is. Raises ForbiddenError unless it is oneself, or an Anbieter asks for its own channel."""
    customer = request.customer or caller.organisation
    if customer != caller.organisation and caller.channel is not request.channel:
        raise ForbiddenError("An Anbieter asks about others for its own channel only.", code="other_channel")
    return customer


def _index_of(
    caller: Caller, customer: str | None, provider: str | None, channel: Channel | None, order_id: str | None
) -> dict[str, Scalar]:
    if order_id is not None:
        return {"order_id": order_id}
    if provider is None or channel is None:
        raise InvalidError("Name the order, or provider and channel (and the Kunde, if it is not you).", code="question_missing")
    return {"subject": subject_of(customer or caller.organisation, provider, channel.value)}
