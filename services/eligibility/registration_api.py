"""Routes of the registration in four steps: a draft that its person goes on with, a check of all of it, its submission."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.eligibility import handlers
from services.eligibility.domain.draft import Draft, Fault, Step, faults_of, registration_of
from services.eligibility.domain.registration import PublicBody, Registration
from services.eligibility.drafts import Drafts, StoredDraft
from services.eligibility.repository import Bodies
from services.eligibility.schemas import DraftRequest
from services.eligibility.views import OrganisationView
from shared.errors import InvalidError, RejectedError
from shared.http.auth import NO_FUNCTION, Person
from shared.http.dependencies import CurrentPerson, IfMatch, PersonIdempotencyKey
from shared.http.etag import json_reply
from shared.messages.values import OrganisationId

BodyId = Annotated[OrganisationId, Path(description="Key of the body that is to be registered.", examples=["010540056056"])]
Register = Callable[[PublicBody, Registration, Person], Awaitable[Response]]


class FaultView(BaseModel):
    """What is wrong: at which step, in which field, a stable code, and what to do."""

    step: Step
    field: Annotated[str, Field(description="Path of the field in the draft.", examples=["kunde.leitweg_id"])]
    code: str
    detail: str

    @classmethod
    def of(cls, fault: Fault) -> FaultView:
        """Return the view of a fault."""
        return cls(step=fault.step, field=fault.field, code=fault.code, detail=fault.detail)


class DraftView(BaseModel):
    """A draft with all that is still wrong with it; without ``faults`` it can be submitted."""

    organisation: str
    draft: Draft
    changed_at: datetime | None
    faults: list[FaultView]


class DraftsView(BaseModel):
    """One's own drafts, by body."""

    items: list[DraftView]


class _Wizard:
    """Shows, checks and submits drafts."""

    def __init__(self, bodies: Bodies, drafts: Drafts, register: Register) -> None:
        self.bodies = bodies
        self.drafts = drafts
        self.register = register

    async def view(self, organisation: str, draft: Draft, changed_at: datetime | None = None) -> DraftView:
        """Return a draft with its faults."""
        faults = [FaultView.of(fault) for fault in faults_of(draft, await self._body(organisation))]
        return DraftView(organisation=organisation, draft=draft, changed_at=changed_at, faults=faults)

    async def shown(self, stored: StoredDraft) -> DraftView:
        """Return a stored draft with its faults."""
        return await self.view(stored.organisation, stored.draft, stored.changed_at)

    async def submit(self, organisation: str, person: Person) -> Response:
        """Register by the draft, then delete it. Raises InvalidError (``registration_incomplete``) with all faults."""
        stored = await self.drafts.get(person.subject, organisation)
        body = await self._body(organisation)
        faults = faults_of(stored.draft, body)
        if faults or not isinstance(body, PublicBody):
            raise InvalidError(
                f"The registration has {len(faults)} faults; the first: {faults[0].detail}",
                code="registration_incomplete",
                faults=[FaultView.of(fault).model_dump(mode="json") for fault in faults],
            )
        answer = await self.register(body, registration_of(stored.draft, person.subject), person)
        await self.drafts.delete(person.subject, organisation)
        return answer

    async def _body(self, organisation: str) -> PublicBody | RejectedError:
        try:
            return handlers.public_body(await self.bodies.get(organisation))
        except RejectedError as error:
            return error


def registration_routes(bodies: Bodies, drafts: Drafts, register: Register, clock: Callable[[], datetime]) -> APIRouter:
    """Return the routes; ``register`` registers a body as its own route does."""
    router = APIRouter(prefix="/v1/registrations", tags=["registrations"])
    wizard = _Wizard(bodies, drafts, register)

    @router.get("", response_model=DraftsView, summary="One's own drafts of registrations, each with its faults")
    async def listed(person: CurrentPerson) -> Response:
        return json_reply(DraftsView(items=[await wizard.shown(it) for it in await drafts.of_person(person.subject)]))

    @router.get("/{body_id}", response_model=DraftView, summary="One's own draft, to go on with")
    async def one(body_id: BodyId, person: CurrentPerson) -> Response:
        stored = await drafts.get(person.subject, body_id)
        return json_reply(await wizard.shown(stored), rev=stored.rev)

    @router.put(
        "/{body_id}", response_model=DraftView, summary="Store the steps as far as they are filled in", openapi_extra=NO_FUNCTION
    )
    async def put(body_id: BodyId, request: DraftRequest, person: CurrentPerson, condition: IfMatch) -> Response:
        stored = await drafts.put(person.subject, body_id, request.draft(), clock(), condition)
        return json_reply(await wizard.shown(stored), rev=stored.rev)

    @router.delete("/{body_id}", status_code=204, summary="Delete one's own draft", openapi_extra=NO_FUNCTION)
    async def delete(body_id: BodyId, person: CurrentPerson) -> Response:
        await drafts.delete(person.subject, body_id)
        return Response(status_code=204)

    _finishing_routes(router, wizard)
    return router


def _finishing_routes(router: APIRouter, wizard: _Wizard) -> None:
    @router.post(
        "/{body_id}/check",
        response_model=DraftView,
        summary="Check a registration without storing it (dry run)",
        openapi_extra=NO_FUNCTION,
    )
    async def check(body_id: BodyId, request: DraftRequest, _person: CurrentPerson) -> Response:
        return json_reply(await wizard.view(body_id, request.draft()))

    @router.post(
        "/{body_id}/submit",
        response_model=OrganisationView,
        status_code=201,
        openapi_extra=NO_FUNCTION,
        responses={200: {"model": OrganisationView, "description": "Registered before, with the same data."}},
        summary="Register the organisation as the draft says; all faults are named",
    )
    async def submit(body_id: BodyId, person: CurrentPerson, key: PersonIdempotencyKey) -> Response:
        return await key.run(lambda: wizard.submit(body_id, person))
