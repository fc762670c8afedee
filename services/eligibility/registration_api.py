"""Routes of the registration in four steps: a draft that its person goes on with, a check of all of it, its submission."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi import Request as HttpRequest
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.eligibility import handlers
from services.eligibility.domain.draft import Draft, Fault, Step, faults_of, registration_of
from services.eligibility.domain.registration import PublicBody, Registration
from services.eligibility.domain.vollmacht import Vollmacht
from services.eligibility.drafts import Drafts, StoredDraft
from services.eligibility.repository import Bodies
from services.eligibility.schemas import DraftRequest
from services.eligibility.views import OrganisationView
from services.eligibility.vollmacht_api import Vollmachten, VollmachtView
from shared.errors import InvalidError, NotFoundError, RejectedError
from shared.files.kinds import EVIDENCE_KINDS
from shared.http.auth import NO_FUNCTION, Person
from shared.http.dependencies import CurrentPerson, IfMatch, NeededIfMatch, PersonIdempotencyKey
from shared.http.etag import json_reply
from shared.http.uploads import file_body
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
    vollmacht: VollmachtView | None = None
    changed_at: datetime | None
    faults: list[FaultView]


class DraftsView(BaseModel):
    """One's own drafts, by body."""

    items: list[DraftView]


class Wizard:
    """Shows, checks and submits drafts; ``register`` registers a body as its own route does."""

    def __init__(
        self, bodies: Bodies, drafts: Drafts, register: Register, vollmachten: Vollmachten, *, vollmacht_required: bool
    ) -> None:
        self.bodies = bodies
        self.drafts = drafts
        self.register = register
        self.vollmachten = vollmachten
        self.vollmacht_required = vollmacht_required

    async def view(
        self, organisation: str, draft: Draft, vollmacht: Vollmacht | None = None, changed_at: datetime | None = None
    ) -> DraftView:
        """Return a draft with its faults."""
        faults = faults_of(draft, await self._body(organisation), lacks_vollmacht=self._lacks(vollmacht))
        return DraftView(
            organisation=organisation,
            draft=draft,
            vollmacht=None if vollmacht is None else VollmachtView.of(vollmacht),
            changed_at=changed_at,
            faults=[FaultView.of(fault) for fault in faults],
        )

    async def shown(self, stored: StoredDraft) -> DraftView:
        """Return a stored draft with its faults."""
        return await self.view(stored.organisation, stored.draft, stored.vollmacht, stored.changed_at)

    async def checked(self, organisation: str, draft: Draft, person: str) -> DraftView:
        """Return a draft that is not stored with its faults; a Vollmacht that the person has brought already counts."""
        try:
            vollmacht = (await self.drafts.get(person, organisation)).vollmacht
        except NotFoundError:
            vollmacht = None
        return await self.view(organisation, draft, vollmacht)

    def _lacks(self, vollmacht: Vollmacht | None) -> bool:
        return self.vollmacht_required and vollmacht is None

    async def submit(self, organisation: str, person: Person) -> Response:
        """Register by the draft, then delete it. Raises InvalidError (``registration_incomplete``) with all faults."""
        stored = await self.drafts.get(person.subject, organisation)
        body = await self._body(organisation)
        faults = faults_of(stored.draft, body, lacks_vollmacht=self._lacks(stored.vollmacht))
        if faults or not isinstance(body, PublicBody):
            raise InvalidError(
                f"The registration has {len(faults)} faults; the first: {faults[0].detail}",
                code="registration_incomplete",
                faults=[FaultView.of(fault).model_dump(mode="json") for fault in faults],
            )
        answer = await self.register(body, registration_of(stored.draft, person.subject, stored.vollmacht), person)
        await self.drafts.delete(person.subject, organisation)
        return answer

    async def _body(self, organisation: str) -> PublicBody | RejectedError:
        try:
            return handlers.public_body(await self.bodies.get(organisation))
        except RejectedError as error:
            return error


def registration_routes(wizard: Wizard) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/registrations", tags=["registrations"])
    drafts, clock = wizard.drafts, wizard.vollmachten.clock

    @router.get("", response_model=DraftsView, summary="One's own drafts of registrations, each with its faults")
    async def listed(person: CurrentPerson) -> Response:
        return json_reply(DraftsView(items=[await wizard.shown(it) for it in await drafts.of_person(person.subject)]))

    @router.get("/{body_id}", response_model=DraftView, summary="One's own draft, to go on with")
    async def one(body_id: BodyId, person: CurrentPerson) -> Response:
        stored = await drafts.get(person.subject, body_id)
        return json_reply(await wizard.shown(stored), rev=stored.rev)

    @router.put(
        "/{body_id}",
        response_model=DraftView,
        summary="Store the steps as far as they are filled in: new, or in place of the draft that If-Match names",
        openapi_extra=NO_FUNCTION,
    )
    async def put(body_id: BodyId, request: DraftRequest, person: CurrentPerson, condition: IfMatch) -> Response:
        stored = await drafts.put(person.subject, body_id, request.draft(), clock(), condition)
        return json_reply(await wizard.shown(stored), rev=stored.rev)

    @router.put(
        "/{body_id}/vollmacht",
        response_model=DraftView,
        openapi_extra={**NO_FUNCTION, **file_body(*EVIDENCE_KINDS)},
        summary="Bring the Vollmacht of step 2; it is deleted with the draft, or goes over to the organisation",
    )
    async def bring(body_id: BodyId, request: HttpRequest, person: CurrentPerson, condition: NeededIfMatch) -> Response:
        await drafts.require_revision(person.subject, body_id, condition)
        vollmacht = await wizard.vollmachten.brought(request, person.subject)
        stored = await drafts.bring(person.subject, body_id, vollmacht, clock(), condition)
        return json_reply(await wizard.shown(stored), rev=stored.rev)

    @router.delete("/{body_id}", status_code=204, summary="Delete one's own draft", openapi_extra=NO_FUNCTION)
    async def delete(body_id: BodyId, person: CurrentPerson, condition: NeededIfMatch) -> Response:
        await drafts.require_revision(person.subject, body_id, condition)
        await drafts.delete(person.subject, body_id)
        return Response(status_code=204)

    _finishing_routes(router, wizard)
    return router


def _finishing_routes(router: APIRouter, wizard: Wizard) -> None:
    @router.post(
        "/{body_id}/check",
        response_model=DraftView,
        summary="Check a registration without storing it (dry run)",
        openapi_extra=NO_FUNCTION,
    )
    async def check(body_id: BodyId, request: DraftRequest, person: CurrentPerson) -> Response:
        return json_reply(await wizard.checked(body_id, request.draft(), person.subject))

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
