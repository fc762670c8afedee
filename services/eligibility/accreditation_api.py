"""Routes of the accreditations: the organisation asks and answers, the Anbieter of the channel decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.eligibility import handlers, schemas, views
from services.eligibility.access import change_own, organisation_response, viewer_of
from services.eligibility.domain.accreditation import Move, Term
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.transitions import Actor, Command
from services.eligibility.lists import AccreditationList
from services.eligibility.repository import Organisations
from services.eligibility.settings import Settings
from services.eligibility.table import SHEETS, row_of
from shared.aggregate.condition import Condition
from shared.errors import NotFoundError
from shared.http.auth import ADMINISTRATION, SIGNING, Caller
from shared.http.days import Day
from shared.http.dependencies import AnbieterCaller, CurrentCaller, IdempotencyKey, IfMatch
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.http.tables import TABLE, VARY, table_language, table_reply, wants_table
from shared.labels import Labels
from shared.messages.values import AccreditationState, Channel, Role
from shared.search.contains import words_of

ONE = "/organisations/{organisation_id}/accreditations/{channel}/{role}"


def accreditation_routes(
    organisations: Organisations, settings: Settings, words: Mapping[str, Labels], clock: Callable[[], datetime]
) -> APIRouter:
    """Return the routes of requests, work list and decisions. ``words``: those that tables show for codes, by language."""
    router = APIRouter(prefix="/v1", tags=["accreditations"])
    _request_routes(router, organisations, clock)
    _list_routes(router, organisations, words)
    _decision_routes(router, _Decisions(organisations, settings, clock))
    return router


def _request_routes(router: APIRouter, organisations: Organisations, clock: Callable[[], datetime]) -> None:
    @router.post(
        "/organisations/{organisation_id}/accreditations",
        response_model=views.OrganisationView,
        summary="Ask an Anbieter for accreditation in a role",
        openapi_extra=ADMINISTRATION,
    )
    async def ask(
        organisation_id: str, request: schemas.AccreditationRequest, caller: CurrentCaller, key: IdempotencyKey
    ) -> Response:
        command = handlers.request_accreditation(organisation_id, request.channel, request.role, caller.subject, clock())
        return await key.run(lambda: change_own(organisations, organisation_id, caller, command))


def _list_routes(router: APIRouter, organisations: Organisations, words: Mapping[str, Labels]) -> None:
    @router.get(
        "/accreditations",
        response_model=Page[views.WorkItem],
        responses=TABLE,
        summary="The Anbieter's lists: waiting, accredited, ended",
    )
    async def listed(
        request: Request,
        caller: AnbieterCaller,
        state: Annotated[
            AccreditationState | None, Query(description="Those in this state; without it the work list, longest waiting first.")
        ] = None,
        ends_before: Annotated[
            Day | None, Query(description="Of those granted the ones that end before this day; the soonest end comes first.")
        ] = None,
        q: Annotated[
            str,
            Query(
                max_length=100,
                description="Words that must all stand in the name or key of the organisation, also as parts of longer ones.",
                examples=["Husum", "0105"],
            ),
        ] = "",
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        chosen = AccreditationList.of(caller.channel, state, ends_before, words_of(q))

        def show(organisation: Organisation) -> list[views.WorkItem]:
            return [
                views.WorkItem.of(organisation, it, viewer_of(caller)) for it in organisation.accreditations if chosen.shows(it)
            ]

        if wants_table(request):
            language = table_language(request)
            rows = (
                [
                    row_of(organisation, it, words[language])
                    for organisation in found
                    for it in organisation.accreditations
                    if chosen.shows(it)
                ]
                async for found in organisations.whole(chosen)
            )
            return await table_reply(SHEETS[language], language, rows)
        found = await organisations.listed(chosen, decode_cursor(cursor, chosen.cursor), Page.ahead(limit))
        page = Page.cut_groups(found.organisations, limit, chosen.position, show, behind=found.behind)
        return json_reply(page, headers=VARY)


class _Decisions:
    """Applies one command to one accreditation, for a caller who is the organisation or the channel's Anbieter."""

    def __init__(self, organisations: Organisations, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.organisations = organisations
        self.term = settings.accreditation_term
        self.four_eyes = settings.four_eyes
        self.clock = clock

    async def move(self, target: Target, command: Command, note: str | None = None, term: Term | None = None) -> Response:
        """Apply the command and return the organisation. Raises NotFoundError for callers who have no part in it."""
        caller = target.caller
        actor = _actor(target)
        await self.organisations.get(target.organisation_id, viewer_of(caller))
        move = Move(command, target.channel, target.role, actor, self.clock(), caller.subject, note)
        four_eyes = target.channel in self.four_eyes
        change = (
            handlers.move_accreditation(target.organisation_id, move, four_eyes=four_eyes)
            if term is None
            else handlers.grant_accreditation(target.organisation_id, move, term, self.term, four_eyes=four_eyes)
        )
        result = await self.organisations.ledger.apply_one(change, condition=target.condition)
        return organisation_response(result, caller)


@dataclass(frozen=True, slots=True)
class Target:
    """The accreditation that a request is about, who asks, and the condition they set."""

    organisation_id: str
    channel: Channel
    role: Role
    caller: Caller
    condition: Condition | None


async def _target(organisation_id: str, channel: Channel, role: Role, caller: CurrentCaller, condition: IfMatch) -> Target:
    return Target(organisation_id, channel, role, caller, condition)


At = Annotated[Target, Depends(_target)]


def _actor(target: Target) -> Actor:
    viewer = viewer_of(target.caller)
    if viewer.organisation == target.organisation_id:
        return Actor.ORGANISATION
    if viewer.channel is target.channel:
        return Actor.ANBIETER
    raise NotFoundError(f"No organisation {target.organisation_id} is registered.", code="organisation_not_found")


def _decision_routes(router: APIRouter, decisions: _Decisions) -> None:
    view = views.OrganisationView

    @router.post(f"{ONE}/review", response_model=view, summary="Take the request up")
    async def review(target: At, key: IdempotencyKey) -> Response:
        return await key.run(lambda: decisions.move(target, Command.REVIEW))

    @router.post(f"{ONE}/query", response_model=view, summary="Ask the organisation (Rückfrage)")
    async def query(target: At, request: schemas.QueryRequest, key: IdempotencyKey) -> Response:
        return await key.run(lambda: decisions.move(target, Command.QUERY, request.question))

    @router.post(f"{ONE}/answer", response_model=view, summary="Answer the Anbieter")
    async def answer(target: At, request: schemas.AnswerRequest, key: IdempotencyKey) -> Response:
        return await key.run(lambda: decisions.move(target, Command.ANSWER, request.answer))

    @router.post(
        f"{ONE}/grant",
        response_model=view,
        summary="Grant, or grant again; with four eyes: propose or confirm",
        openapi_extra=SIGNING,
    )
    async def grant(target: At, key: IdempotencyKey, request: schemas.GrantRequest | None = None) -> Response:
        asked = request or schemas.GrantRequest()
        statements = None if asked.statements is None else tuple(asked.statements)
        term = Term(asked.valid_from, asked.valid_to, statements)
        return await key.run(lambda: decisions.move(target, Command.GRANT, asked.reason, term))

    @router.post(
        f"{ONE}/refuse",
        response_model=view,
        summary="Refuse; with four eyes: propose or confirm",
        openapi_extra=SIGNING,
    )
    async def refuse(target: At, request: schemas.ReasonRequest, key: IdempotencyKey) -> Response:
        return await key.run(lambda: decisions.move(target, Command.REFUSE, request.reason))

    @router.post(
        f"{ONE}/revoke",
        response_model=view,
        summary="Withdraw; with four eyes: propose or confirm",
        openapi_extra=SIGNING,
    )
    async def revoke(target: At, request: schemas.ReasonRequest, key: IdempotencyKey) -> Response:
        return await key.run(lambda: decisions.move(target, Command.REVOKE, request.reason))
