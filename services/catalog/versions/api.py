"""Versions of an offer over HTTP: the list, one of them, what differs between two. Only translates."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Protocol

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.catalog.access import Seen, unknown
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.repository import Offerings
from services.catalog.schemas.difference import FieldDifference, differences
from services.catalog.schemas.offering import OfferingReply
from services.catalog.versions.repository import Versions
from shared.errors import NotFoundError
from shared.http.auth import Caller
from shared.http.cached import FRESH_SECONDS, NOT_MODIFIED, public_reply
from shared.http.dependencies import OptionalCaller
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.values import Time

VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the version, from 1.", examples=[3])]


class Recorded(Protocol):
    """Where contents of earlier versions are found."""

    async def form_of(self, offering: Offering, version: int) -> OfferingForm | None:
        """Return the form of a version of an offer, None if its content was not recorded."""


class VersionReply(BaseModel):
    """A version of an offer. ``recorded``: its content can be read; of some that version 0.1.0 replaced it cannot."""

    version: int
    at: Time
    changed_fields: tuple[str, ...]
    current: bool
    recorded: bool


class DifferenceReply(BaseModel):
    """What differs between two versions of an offer."""

    offering_id: str
    before: int
    after: int
    fields: list[FieldDifference]


def version_routes(offerings: Offerings, versions: Versions) -> APIRouter:
    """Return the routes; what is readable of an offer is so of all its versions."""
    router = APIRouter(prefix="/v1/offerings/{offering_id}/versions", tags=["offerings"])
    get = partial(router.get, responses=dict(NOT_MODIFIED))

    @get("", response_model=Page[VersionReply])
    async def list_versions(
        request: Request, offering_id: str, caller: OptionalCaller, cursor: str | None = None, limit: Limit = 50
    ) -> Response:
        """List the published versions of an offer, the newest first."""
        offering = await _found(offerings, offering_id, caller)
        after = decode_cursor(cursor, (int,))
        recorded = await versions.recorded(offering_id)
        entries = recorded | {entry.version: entry for entry in offering.history}
        below = None if after is None else int(str(after[0]))
        rest = [entry for entry in entries.values() if below is None or entry.version < below]
        rest.sort(key=lambda entry: -entry.version)
        page = Page.cut(
            rest,
            limit,
            lambda entry: (entry.version,),
            lambda entry: VersionReply(
                version=entry.version,
                at=entry.at,
                changed_fields=entry.changed_fields,
                current=entry.version == offering.version,
                recorded=entry.version in recorded or entry.version == offering.version,
            ),
        )
        return _reply(request, page, caller)

    @get("/{version}", response_model=OfferingReply)
    async def get_version(request: Request, offering_id: str, version: VersionNumber, caller: OptionalCaller) -> Response:
        """Read an offer as a version of it stated it. 404 ``offering_version_not_recorded`` if its content was not recorded."""
        offering = await _found(offerings, offering_id, caller)
        return _reply(request, await version_of(offering, version, versions), caller)

    @get("/{version}/differences", response_model=DifferenceReply)
    async def compare_versions(
        request: Request,
        offering_id: str,
        version: VersionNumber,
        caller: OptionalCaller,
        since: Annotated[
            int | None, Query(ge=1, description="The version to compare with; without it the one before.", examples=[1])
        ] = None,
    ) -> Response:
        """Compare two versions of an offer field by field."""
        offering = await _found(offerings, offering_id, caller)
        before = max(1, version - 1) if since is None else since
        forms = [await form_of(offering, number, versions) for number in (before, version)]
        reply = DifferenceReply(offering_id=offering_id, before=before, after=version, fields=differences(*forms))
        return _reply(request, reply, caller)

    return router


async def version_of(offering: Offering, version: int, versions: Recorded) -> OfferingReply:
    """Return an offer as a version of it stated it, without what concerns the present one only.

    Raises NotFoundError as ``form_of``.
    """
    form = await form_of(offering, version, versions)
    shown = OfferingReply.of(offering.model_copy(update={"form": form, "version": version}), Seen())
    if version != offering.version:
        shown.orderable, shown.orderable_channels = False, ()
    shown.latest_version = offering.version
    return shown


async def form_of(offering: Offering, version: int, versions: Recorded) -> OfferingForm:
    """Return the form of a version. Raises NotFoundError: ``offering_version_not_found``, ``offering_version_not_recorded``."""
    if version > offering.version:
        raise NotFoundError(
            f"There is no version {version} of the offering {offering.id}; the latest is {offering.version}.",
            code="offering_version_not_found",
            id=offering.id,
            latest_version=offering.version,
        )
    form = await versions.form_of(offering, version)
    if form is None:
        raise NotFoundError(
            f"The content of version {version} was not recorded; the list of versions names what changed with it.",
            code="offering_version_not_recorded",
            id=offering.id,
            latest_version=offering.version,
        )
    return form


async def _found(offerings: Offerings, offering_id: str, caller: Caller | None) -> Offering:
    found = await offerings.find(offering_id, caller)
    if found is None:
        raise unknown(offering_id)
    return found[0]


def _reply(request: Request, model: BaseModel, caller: Caller | None) -> Response:
    return public_reply(request, model, FRESH_SECONDS) if caller is None else json_reply(model)
