"""Routes of the jobs of the pre-check: for operators, and for the staff of an Anbieter for its own channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from services.eligibility.engine.evaluate import rules_for
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.rule_sets import RuleSet
from services.eligibility.fact_store.facts import Facts
from services.eligibility.facts_api import audience_of
from services.eligibility.jobs.job import Job, JobKind, JobState, Question, Section
from services.eligibility.jobs.output import CSV, NDJSON, orders_of, result_of
from services.eligibility.jobs.store import Jobs
from services.eligibility.jobs.views import ConcernedOrderView, JobRequest, JobView
from services.eligibility.records.judge import Policy, refusal
from shared.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from shared.http.auth import Caller
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch
from shared.http.etag import etag, json_reply
from shared.http.negotiation import preferred
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.values import EntityId, Role
from shared.tracing import context

CREATED, NO_CONTENT = 201, 204


@dataclass(frozen=True, slots=True)
class JobBackend:
    """What the routes work with. ``policy``: by what verdicts of record are given."""

    jobs: Jobs
    facts: Facts
    policy: Policy
    clock: Callable[[], datetime]


async def staff(caller: CurrentCaller) -> Caller:
    """Return the caller if they are an operator or of an Anbieter. Raises ForbiddenError."""
    caller.require(Role.BETREIBER, Role.ANBIETER)
    if Role.BETREIBER not in caller.roles:
        _ = caller.channel
    return caller


StaffCaller = Annotated[Caller, Depends(staff)]


def job_routes(backend: JobBackend) -> APIRouter:
    """Return the routes. A job belongs to the organisation of who has asked for it; nobody else knows of it."""
    router = APIRouter(prefix="/v1/precheck-jobs", tags=["precheck-jobs"])
    _work_routes(router, backend)
    _result_routes(router, backend.jobs)
    return router


def _work_routes(router: APIRouter, backend: JobBackend) -> None:
    jobs = backend.jobs

    @router.post("", response_model=JobView, status_code=CREATED, summary="Ask for a matrix, or what would change")
    async def ask(request: JobRequest, caller: StaffCaller, key: IdempotencyKey) -> Response:
        return await key.run(lambda: _asked(backend, request, caller, key.derived_id("precheck-job")))

    @router.get("", response_model=Page[JobView], summary="Jobs of the own organisation, newest first")
    async def listed(caller: StaffCaller, cursor: str | None = None, limit: Limit = 50) -> Response:
        after = decode_cursor(cursor, [datetime, str])
        found = await jobs.listed(caller.organisation, after, Page.ahead(limit))
        return json_reply(Page.cut(found, limit, lambda job: (job.created_at, job.id), JobView.of))

    @router.get("/{job_id}", response_model=JobView, summary="A job: its state and how far it is")
    async def one(job_id: EntityId, caller: StaffCaller) -> Response:
        return _reply(await jobs.get(job_id, caller.organisation))

    @router.post("/{job_id}/cancel", response_model=JobView, summary="End a job before its time")
    async def cancel(job_id: EntityId, caller: StaffCaller, key: IdempotencyKey, condition: IfMatch) -> Response:
        async def run() -> Response:
            if context.is_settled():
                return _reply(await jobs.get(job_id, caller.organisation))
            return _reply(await jobs.cancel(job_id, caller.organisation, condition))

        return await key.run(run)

    @router.delete("/{job_id}", status_code=NO_CONTENT, summary="Delete a job that has ended, with its result")
    async def delete(job_id: EntityId, caller: StaffCaller) -> Response:
        await jobs.delete(job_id, caller.organisation)
        return Response(status_code=NO_CONTENT)


def _result_routes(router: APIRouter, jobs: Jobs) -> None:
    @router.get(
        "/{job_id}/result",
        summary="The result of a job that is done, as lines of JSON or as CSV",
        response_class=Response,
        responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}, CSV: {"schema": {"type": "string"}}}}},
    )
    async def result(job_id: EntityId, caller: StaffCaller, request: HttpRequest) -> Response:
        job = _done(await jobs.get(job_id, caller.organisation))
        media_type = preferred(request, (NDJSON, CSV))
        head = await jobs.part(job.id, Section.HEAD, 0)
        if head is None:
            raise NotFoundError(f"There is no job {job_id}.", code="job_not_found")
        headers = {"ETag": etag(job.rev), "Vary": "Accept", "X-Content-Type-Options": "nosniff"}
        return StreamingResponse(result_of(jobs, job, head, media_type), media_type=media_type, headers=headers)

    @router.get(
        "/{job_id}/orders", response_model=Page[ConcernedOrderView], summary="Orders and contracts that a what-if concerns"
    )
    async def orders(job_id: EntityId, caller: StaffCaller, cursor: str | None = None, limit: Limit = 50) -> Response:
        job = await jobs.get(job_id, caller.organisation)
        if job.question.kind is not JobKind.WHAT_IF:
            raise ConflictError("Only a WHAT_IF looks at orders.", code="job_without_orders")
        values = decode_cursor(cursor, [int, int])
        after = None if values is None else (int(str(values[0])), int(str(values[1])))
        found = await orders_of(jobs, _done(job), after, Page.ahead(limit))
        return json_reply(Page.cut(found, limit, lambda it: it[0], lambda it: ConcernedOrderView(**it[1])))


async def _asked(backend: JobBackend, request: JobRequest, caller: Caller, job_id: str) -> Response:
    jobs = backend.jobs
    if context.is_settled():
        job = await jobs.get(job_id, caller.organisation)
    else:
        question, at = await _question(backend, request, caller), backend.clock()
        new = Job(id=job_id, organisation=caller.organisation, by=caller.subject, question=question, created_at=at, open_since=at)
        job = await jobs.add(new)
    return json_reply(JobView.of(job), rev=job.rev, status=CREATED, location=f"/v1/precheck-jobs/{job.id}")


async def _question(backend: JobBackend, request: JobRequest, caller: Caller) -> Question:
    """Return what is asked, with all that was left out.

    Raises InvalidError (``UNKNOWN_RULE_SET``, ``RULE_SET_NOT_IN_FORCE``, ``channel_without_rules``), ForbiddenError
    (``other_channel``), NotFoundError (``fact_not_found``).
    """
    policy = backend.policy
    try:
        rules = rules_for(request.rule_set or policy.rule_set, request.day.isoformat(), None)
    except RefusedError as refused:
        raise refusal(refused) from refused
    channels = _channels(request, caller, rules)
    if request.end_fact is not None:
        await _require_fact(backend.facts, request.end_fact, caller)
    return Question(
        kind=request.kind,
        day=request.day,
        end_fact=request.end_fact,
        channels=channels,
        types=tuple(dict.fromkeys(request.types)),
        offerings=request.offerings,
        rule_set=rules.id,
        indirect_joint=request.indirect_joint or ("STRICT" if policy.indirect_joint == "STRICT" else "ACCEPT"),
        accreditation=request.accreditation or ("REQUIRE" if policy.required else "IGNORE"),
    )


def _channels(request: JobRequest, caller: Caller, rules: RuleSet) -> tuple[str, ...]:
    known = sorted(it.anbieter for it in rules.channels.values())
    own = known if Role.BETREIBER in caller.roles else [caller.channel.value]
    asked = own if request.channels is None else list(dict.fromkeys(channel.value for channel in request.channels))
    if not set(asked) <= set(own) and Role.BETREIBER not in caller.roles:
        raise ForbiddenError("An Anbieter asks for its own channel only.", code="other_channel")
    missing = [channel for channel in asked if channel not in known]
    if missing:
        raise InvalidError(f"{rules.id} has no rules for the channel {missing[0]}.", code="channel_without_rules", channels=known)
    return tuple(asked)


async def _require_fact(facts: Facts, fact_id: str, caller: Caller) -> None:
    state = await facts.current()
    shown = audience_of(caller).sees(state, state.facts.get(fact_id, ()))
    if not shown or shown[-1].record.withdrawn:
        raise NotFoundError(f"There is no fact {fact_id}.", code="fact_not_found")


def _done(job: Job) -> Job:
    if job.state is not JobState.DONE:
        raise ConflictError(f"The job is {job.state}; it has no result.", code="job_not_done", state=job.state.value)
    return job


def _reply(job: Job) -> Response:
    return json_reply(JobView.of(job), rev=job.rev)
