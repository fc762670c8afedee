"""Routes of an organisation's Vollmacht: its administrators bring and remove it, those who decide at its Anbieter read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from fastapi import APIRouter
from fastapi import Request as HttpRequest
from pydantic import BaseModel
from starlette.responses import Response

from services.eligibility import handlers
from services.eligibility.access import viewer_of
from services.eligibility.domain.vollmacht import Vollmacht
from services.eligibility.repository import Organisations
from services.eligibility.vollmacht_files import read_content, store_content
from shared.aggregate.condition import Condition
from shared.errors import ConflictError, NotFoundError
from shared.files.kinds import EVIDENCE_KINDS, file_responses, require_kind, saved_as
from shared.files.port import Files
from shared.files.scanning import Scanner
from shared.http.auth import ADMINISTRATION, Caller
from shared.http.dependencies import CurrentCaller, NeededIfMatch
from shared.http.etag import json_reply
from shared.http.uploads import file_body
from shared.messages.values import Function

ONE = "/organisations/{organisation_id}/vollmacht"
log = structlog.get_logger()


class VollmachtView(BaseModel):
    """A Vollmacht on file; ``size`` in bytes."""

    sha256: str
    media_type: str
    size: int
    brought_at: datetime

    @classmethod
    def of(cls, vollmacht: Vollmacht) -> VollmachtView:
        """Return the view of a Vollmacht, without who brought it."""
        return cls(**vollmacht.model_dump(include=set(cls.model_fields)))


@dataclass(frozen=True, slots=True)
class Vollmachten:
    """What the routes work with."""

    organisations: Organisations
    files: Files
    scanner: Scanner
    clock: Callable[[], datetime]

    async def brought(self, request: HttpRequest, person: str) -> Vollmacht:
        """Write the file of a request and return the Vollmacht that it makes.

        Raises InvalidError (``content_type_differs``), FileInfectedError, ScannerUnavailableError, FilesUnavailableError.
        """
        media_type = request.headers["content-type"].partition(";")[0].strip().lower()
        content = await request.body()
        require_kind(content, media_type)
        await self.scanner.require_clean(content)
        return await store_content(self.files, content, media_type, person, self.clock())

    async def readable(self, organisation_id: str, caller: Caller) -> tuple[Vollmacht, int]:
        """Return the Vollmacht and the revision of the organisation.

        It is for its administrators, and for who decides at an Anbieter that it asked. Raises NotFoundError, ForbiddenError.
        """
        organisation, rev = await self.organisations.get(organisation_id, viewer_of(caller))
        if caller.organisation == organisation_id:
            organisation.require(caller.subject, Function.VERWALTUNG)
        else:
            caller.require_function(Function.ZEICHNUNG)
        if organisation.vollmacht is None:
            raise NotFoundError(f"{organisation.name} has no Vollmacht on file.", code="vollmacht_not_found")
        return organisation.vollmacht, rev

    async def put(self, organisation_id: str, vollmacht: Vollmacht | None, caller: Caller, condition: Condition) -> int:
        """Record another Vollmacht, or none, and return the revision. Raises PreconditionFailedError, ForbiddenError."""
        command = handlers.put_vollmacht(organisation_id, vollmacht, caller.subject, self.clock())
        result = await self.organisations.ledger.apply_one(command, condition=condition)
        return result.rev


def vollmacht_routes(vollmachten: Vollmachten) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["vollmachten"])
    _administration_routes(router, vollmachten)
    _reading_routes(router, vollmachten)
    return router


def _administration_routes(router: APIRouter, vollmachten: Vollmachten) -> None:
    @router.put(
        ONE,
        response_model=VollmachtView,
        openapi_extra={**ADMINISTRATION, **file_body(*EVIDENCE_KINDS)},
        summary="Bring the Vollmacht of the authorised person; the one before is deleted",
    )
    async def bring(organisation_id: str, request: HttpRequest, caller: CurrentCaller, condition: NeededIfMatch) -> Response:
        await _require_administrator(vollmachten, organisation_id, caller, condition)
        vollmacht = await vollmachten.brought(request, caller.subject)
        rev = await vollmachten.put(organisation_id, vollmacht, caller, condition)
        return json_reply(VollmachtView.of(vollmacht), rev=rev)

    @router.delete(ONE, status_code=204, openapi_extra=ADMINISTRATION, summary="Delete the Vollmacht")
    async def delete(organisation_id: str, caller: CurrentCaller, condition: NeededIfMatch) -> Response:
        await _require_administrator(vollmachten, organisation_id, caller, condition)
        await vollmachten.put(organisation_id, None, caller, condition)
        return Response(status_code=204)


def _reading_routes(router: APIRouter, vollmachten: Vollmachten) -> None:
    @router.get(ONE, response_model=VollmachtView, summary="The Vollmacht on file: for administrators and deciding Anbieter")
    async def one(organisation_id: str, caller: CurrentCaller) -> Response:
        vollmacht, rev = await vollmachten.readable(organisation_id, caller)
        return json_reply(VollmachtView.of(vollmacht), rev=rev)

    @router.get(
        f"{ONE}/content",
        summary="Read the content of the Vollmacht",
        responses=file_responses(*EVIDENCE_KINDS),
        response_class=Response,
    )
    async def content(organisation_id: str, caller: CurrentCaller) -> Response:
        vollmacht, _ = await vollmachten.readable(organisation_id, caller)
        found = await read_content(vollmachten.files, vollmacht)
        if found is None:
            log.error("vollmacht_lost", organisation=organisation_id, file=vollmacht.file)
            raise ConflictError(
                f"The content of the Vollmacht of {organisation_id} is lost or damaged; bring it again.", code="vollmacht_lost"
            )
        log.info("vollmacht_read", organisation=organisation_id, by=caller.subject, of=caller.organisation)
        return Response(found, media_type=vollmacht.media_type, headers=saved_as("vollmacht", vollmacht.media_type))


async def _require_administrator(vollmachten: Vollmachten, organisation_id: str, caller: Caller, condition: Condition) -> None:
    organisation, rev = await vollmachten.organisations.get(organisation_id, viewer_of(caller, own_only=True))
    organisation.require(caller.subject, Function.VERWALTUNG)
    condition.require(organisation_id, rev)
