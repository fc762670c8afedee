"""Routes of the eligibility service: they translate, the handlers decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, cast

from fastapi import APIRouter, Query
from fastapi import Request as HttpRequest
from starlette.responses import Response

from services.eligibility import handlers, schemas, views
from services.eligibility.access import change_own, organisation_response, viewer_of
from services.eligibility.accreditation_api import accreditation_routes
from services.eligibility.body_search import BodyQuery, Place
from services.eligibility.domain.registration import PublicBody, Registration
from services.eligibility.drafts import Drafts
from services.eligibility.evidence_api import evidence_routes
from services.eligibility.fact_store.facts import Facts
from services.eligibility.facts_api import audience_of, fact_routes
from services.eligibility.graph_api import graph_routes
from services.eligibility.members_api import Members, member_routes
from services.eligibility.override_api import override_routes
from services.eligibility.records.check import check
from services.eligibility.records.judge import Policy, Question
from services.eligibility.registration_api import Wizard, registration_routes
from services.eligibility.repository import Bodies, OfferedServices, Organisations, Verdicts
from services.eligibility.settings import Settings
from services.eligibility.stated_relations import stated_relations
from services.eligibility.vollmacht_api import Vollmachten, vollmacht_routes
from shared.aggregate.change import Effect
from shared.aggregate.condition import Condition
from shared.calendar import day_of
from shared.errors import ForbiddenError
from shared.files.port import Files
from shared.files.scanning import Scanner
from shared.http.auth import ADMINISTRATION, NO_FUNCTION, SIGNING, Caller, Person
from shared.http.cached import FRESH_SECONDS, NOT_MODIFIED, public_reply
from shared.http.dependencies import CurrentCaller, CurrentPerson, IdempotencyKey, IfMatch, NeededIfMatch, PersonIdempotencyKey
from shared.http.etag import json_reply
from shared.http.found_page import FoundPage, mark_of, place_after
from shared.http.paging import Limit, encode_cursor
from shared.http.routers import join
from shared.invitation_keys import InvitationKeys
from shared.labels import Labels
from shared.messages.values import EntityId, OfferingState, OrganisationType
from shared.tracing import context
from shared.written import Written

CREATED = 201
_NAME = (
    "Key (ARS, AGS, id) or name; the nearest comes first. Spellings of umlauts, abbreviations (St., a.d., LK) and the kind of "
    "body before its name do not matter."
)


@dataclass(frozen=True, slots=True)
class Backend:
    """What the routes work with. ``words``: those that tables show for codes, by language."""

    bodies: Bodies
    organisations: Organisations
    verdicts: Verdicts
    offered: OfferedServices
    facts: Facts
    files: Files
    scanner: Scanner
    policy: Policy
    settings: Settings
    drafts: Drafts
    words: Mapping[str, Labels]
    clock: Callable[[], datetime]


def routes(backend: Backend) -> APIRouter:
    """Return all routes of the service."""
    router = APIRouter(prefix="/v1")
    _body_routes(router, backend.bodies)
    _organisation_routes(router, backend)
    vollmachten = Vollmachten(backend.organisations, backend.files, backend.scanner, backend.clock)
    required = backend.settings.vollmacht_required
    wizard = Wizard(backend.bodies, backend.drafts, partial(_registered, backend), vollmachten, vollmacht_required=required)
    join(router, registration_routes(wizard))
    join(router, vollmacht_routes(vollmachten))
    keys = InvitationKeys(backend.settings.invitation_keys)
    join(router, member_routes(Members(backend.organisations, backend.settings.invitation_term, keys, backend.clock)))
    join(router, accreditation_routes(backend.organisations, backend.settings, backend.words, backend.clock))
    join(router, fact_routes(backend.facts, backend.bodies))
    join(router, evidence_routes(backend.facts, backend.files, backend.scanner))
    join(router, graph_routes(backend.facts, backend.bodies))
    _check_routes(router, backend)
    _verdict_routes(router, backend)
    return router


def _body_routes(router: APIRouter, bodies: Bodies) -> None:
    @router.get(
        "/bodies",
        response_model=FoundPage[views.BodyView],
        responses=dict(NOT_MODIFIED),
        tags=["bodies"],
        summary="Search the register of public bodies",
    )
    async def search(
        http: HttpRequest,
        q: Annotated[
            str, Query(max_length=100, description=_NAME, examples=["Landkreis München", "St. Augustin", "01054056"])
        ] = "",
        type: OrganisationType | None = None,  # noqa: A002 - the name of the parameter in the API
        state: Annotated[str | None, Query(pattern=r"^(DE-)?[A-Z]{2}$", description="Land, e.g. SH or DE-SH.")] = None,
        near: Annotated[
            str | None,
            Query(
                pattern=r"^[0-9]{2,12}$",
                description="Regional key (ARS) of whoever searches, or its beginning: of equals, what lies nearer comes first.",
                examples=["010540056056"],
            ),
        ] = None,
        cursor: str | None = None,
        limit: Limit = 20,
    ) -> Response:
        code = None if state is None else state.removeprefix("DE-")
        mark = mark_of({"q": q, "type": type, "state": code, "near": near})
        after = cast("Place | None", place_after(cursor, mark, [int, int, int, int, str, str]))
        found, page = await bodies.search(BodyQuery(q, type, code, near or ""), after, limit)
        reply = FoundPage[views.BodyView](
            items=[views.BodyView.of(document) for document in found],
            next=None if page.place is None else encode_cursor((mark, *page.place)),
            match=page.understood,
            suggestion=page.meant,
        )
        return public_reply(http, reply, FRESH_SECONDS)

    @router.get(
        "/bodies/{body_id}",
        response_model=views.BodyView,
        responses=dict(NOT_MODIFIED),
        tags=["bodies"],
        summary="One public body",
    )
    async def body(http: HttpRequest, body_id: str) -> Response:
        return public_reply(http, views.BodyView.of(await bodies.get(body_id)), FRESH_SECONDS)


def _organisation_routes(router: APIRouter, backend: Backend) -> None:
    organisations = backend.organisations

    @router.post(
        "/organisations",
        response_model=views.OrganisationView,
        status_code=CREATED,
        responses={200: {"model": views.OrganisationView, "description": "Registered before, with the same data."}},
        tags=["organisations"],
        openapi_extra=NO_FUNCTION,
        summary="Register an organisation (four steps; by its first authorised person)",
    )
    async def register(request: schemas.RegistrationRequest, person: CurrentPerson, key: PersonIdempotencyKey) -> Response:
        return await key.run(lambda: _register(backend, request, person))

    @router.get(
        "/organisations/{organisation_id}",
        response_model=views.OrganisationView,
        tags=["organisations"],
        summary="An organisation: one's own, or one that turned to one's channel",
    )
    async def organisation(organisation_id: str, caller: CurrentCaller) -> Response:
        viewer = viewer_of(caller)
        state, rev = await organisations.get(organisation_id, viewer)
        relations = stated_relations(state, await backend.facts.current(), audience_of(caller)) if state.statements else {}
        return json_reply(views.OrganisationView.of(state, viewer, relations), rev=rev)

    @router.patch(
        "/organisations/{organisation_id}",
        response_model=views.OrganisationView,
        tags=["organisations"],
        openapi_extra=ADMINISTRATION,
        summary="Add roles, add or remove users, give functions, set or remove Leitweg-ID and invoice address",
    )
    async def change(
        organisation_id: str, request: schemas.ChangeRequest, caller: CurrentCaller, condition: NeededIfMatch
    ) -> Response:
        changes = handlers.Changes(
            add_roles=tuple(request.add_roles),
            add_users=tuple(request.add_users),
            remove_users=tuple(request.remove_users),
            functions=request.functions,
            leitweg_id=request.leitweg_change(),
            invoice_address=request.address_change(),
        )
        command = handlers.change_organisation(organisation_id, changes, caller.subject, backend.clock())
        return await change_own(organisations, organisation_id, caller, command, condition=condition)

    @router.post(
        "/organisations/{organisation_id}/relations",
        response_model=views.OrganisationView,
        tags=["organisations"],
        summary="State the in-house relation, with evidence",
    )
    async def state_relation(
        organisation_id: str, request: schemas.RelationRequest, caller: CurrentCaller, key: IdempotencyKey
    ) -> Response:
        return await key.run(lambda: _state_relation(backend, organisation_id, request, caller))

    @router.delete(
        "/organisations/{organisation_id}/relations/{statement_id}",
        response_model=views.OrganisationView,
        tags=["organisations"],
        summary="Take a statement on the in-house relation back",
    )
    async def take_back(
        organisation_id: str,
        statement_id: EntityId,
        caller: CurrentCaller,
        condition: NeededIfMatch,
        reason: Annotated[Written | None, Query(description="Why, for the record.")] = None,
    ) -> Response:
        command = handlers.take_back(organisation_id, statement_id, caller.subject, reason, backend.clock())
        return await change_own(organisations, organisation_id, caller, command, condition=condition)


async def _register(backend: Backend, request: schemas.RegistrationRequest, person: Person) -> Response:
    body = handlers.public_body(await backend.bodies.get(request.organisation))
    return await _registered(backend, body, request.registration(person.subject), person)


async def _registered(backend: Backend, body: PublicBody, registration: Registration, person: Person) -> Response:
    if isinstance(person, Caller) and person.organisation != body.id:
        raise ForbiddenError(f"You act for {person.organisation}; you cannot register {body.id}.", code="other_organisation")
    if backend.settings.vollmacht_required:
        registration.require_vollmacht()
    result = await backend.organisations.ledger.apply_one(handlers.register(body, registration, backend.clock()))
    status = CREATED if result.effect is Effect.APPLIED else 200
    caller = person if isinstance(person, Caller) else Caller(person.subject, body.id, body.name, frozenset())
    return organisation_response(result, caller, status=status, location=f"/v1/organisations/{body.id}")


async def _state_relation(backend: Backend, organisation_id: str, request: schemas.RelationRequest, caller: Caller) -> Response:
    await backend.organisations.get(organisation_id, viewer_of(caller, own_only=True))
    at = backend.clock()
    stated = handlers.StateRelation(
        tuple(request.path), request.type, request.valid_from, request.valid_to, tuple(request.evidence)
    )
    known = (await backend.facts.world()).view(None)
    statement = await handlers.statement_of(stated, organisation_id, backend.bodies, known, caller.subject, at)
    command = handlers.state_relation(organisation_id, statement, caller.subject, at)
    return await change_own(backend.organisations, organisation_id, caller, command)


def _check_routes(router: APIRouter, backend: Backend) -> None:
    @router.post(
        "/checks",
        response_model=views.ChecksView,
        tags=["checks"],
        openapi_extra=NO_FUNCTION,
        summary="Pre-check: which channel may we use?",
    )
    async def pre_check(request: schemas.CheckRequest, caller: CurrentCaller) -> Response:
        customer = request.customer or caller.organisation
        offer = None if request.offering_id is None else await backend.offered.get(request.offering_id)
        provider = request.provider or (offer.provider.id if offer else "")
        channels = [c for c in backend.policy.channels if offer is None or c in offer.channels]
        if request.channel is not None:
            channels = [request.channel]
        if customer != caller.organisation:
            if request.channel not in (None, caller.channel):
                raise ForbiddenError("An Anbieter checks others for its own channel only.", code="other_channel")
            channels = [caller.channel]
        if offer is not None:
            for channel in channels:
                offer.require_channel(channel)
        as_of = request.as_of or day_of(backend.clock())
        known, at = await backend.facts.current(), backend.clock()
        asked = [
            views.of_channels(check(known, backend.policy, Question(customer, provider, c.value, as_of), at).assessment, channels)
            for c in channels
        ]
        if offer is None:
            return json_reply(views.ChecksView(assessments=asked, allowed_channels=list(asked[0].allowed_channels)))
        advice = [views.ChannelAdviceView.of(assessment) for assessment in asked]
        return json_reply(
            views.ChecksView(
                assessments=asked,
                allowed_channels=[it.channel for it in advice if it.may],
                offering_id=offer.id,
                orderable=offer.state is OfferingState.VEROEFFENTLICHT and bool(offer.channels),
                channels=advice,
            )
        )


def _verdict_routes(router: APIRouter, backend: Backend) -> None:
    @router.get("/verdicts/{order_id}", response_model=views.VerdictView, tags=["verdicts"], summary="The checks of an order")
    async def verdict(order_id: EntityId, caller: CurrentCaller) -> Response:
        context.correlation_id.set(order_id)
        viewer = viewer_of(caller)
        state, rev = await backend.verdicts.get(order_id, viewer)
        return json_reply(views.VerdictView.of(state, viewer), rev=rev)

    @router.post(
        "/verdicts/{order_id}/sign-off",
        response_model=views.VerdictView,
        tags=["verdicts"],
        openapi_extra=SIGNING,
        summary="Answer for a RISK (a named person of the Anbieter)",
    )
    async def sign_off(
        order_id: EntityId, request: schemas.SignOffRequest, caller: CurrentCaller, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        context.correlation_id.set(order_id)
        return await key.run(lambda: _sign_off(backend, order_id, request.note, caller, condition))

    join(router, override_routes(backend.verdicts, backend.clock))


async def _sign_off(backend: Backend, order_id: str, note: str, caller: Caller, condition: Condition | None) -> Response:
    viewer = viewer_of(caller)
    state, _ = await backend.verdicts.get(order_id, viewer)
    if caller.channel is not state.channel:
        raise ForbiddenError("Only the Anbieter of the order's channel signs off.", code="other_channel")
    command = handlers.sign_off(order_id, caller.subject, note, backend.clock())
    result = await backend.verdicts.ledger.apply_one(command, condition=condition)
    return json_reply(views.VerdictView.of(result.state or state, viewer), rev=result.rev)
