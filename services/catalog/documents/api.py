"""Documents of offers over HTTP: its Bereitsteller brings them, whoever may read the offer reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.catalog.access import capacities, unknown
from services.catalog.documents.repository import Brought, Documents
from services.catalog.domain.form import names_file
from services.catalog.domain.offering import Offering
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from services.catalog.repository import Offerings
from services.catalog.versions.repository import Versions
from shared.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from shared.files.kinds import DOCUMENT_KINDS, file_responses, require_kind, saved_as
from shared.files.port import FileDamagedError, Files
from shared.files.scanning import Scanner
from shared.http.auth import Caller, needs
from shared.http.dependencies import OptionalCaller
from shared.http.etag import json_reply
from shared.http.uploads import file_body
from shared.messages.values import Role

Digest = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the document's bytes in lower-case hex.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
ONE = "/v1/offerings/{offering_id}/documents/{digest}"
_FOR_EVER = "public, max-age=31536000, immutable"

log = structlog.get_logger()


class DocumentReply(BaseModel):
    """A document that was brought, as the form of the offer names it; it has still to get a title there. ``size`` in bytes."""

    media_type: str
    url: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where documents of offers are found, and how they get there. ``public_url`` as for the export for data portals."""

    offerings: Offerings
    versions: Versions
    documents: Documents
    files: Files
    scanner: Scanner
    public_url: str | None
    clock: Callable[[], datetime]

    async def offering(self, offering_id: str, caller: Caller | None) -> Offering:
        """Return an offer that the caller may see. Raises NotFoundError."""
        found = await self.offerings.find(offering_id, caller)
        if found is None:
            raise unknown(offering_id)
        return found[0]

    async def bring(self, offering_id: str, digest: str, content: bytes, media_type: str, caller: Caller) -> Brought:
        """Store a document for an offer of the caller's. The same again changes nothing, and mends what is damaged.

        Raises NotFoundError, ForbiddenError, ConflictError, InvalidError (``content_type_differs``, ``content_differs``),
        FileInfectedError, ScannerUnavailableError, FilesUnavailableError.
        """
        offering = await self.offering(offering_id, caller)
        if Actor.BEREITSTELLER not in capacities(offering, caller):
            raise ForbiddenError("Documents are brought by the Bereitsteller of the offer.", code="forbidden")
        TRANSITIONS.check(Command.EDIT, offering.state, Actor.BEREITSTELLER)
        require_kind(content, media_type)
        found = hashlib.sha256(content).hexdigest()
        if found != digest:
            raise InvalidError(
                f"The file has the SHA-256 {found}, the path names {digest}.",
                code="content_differs",
                expected=digest,
                found=found,
            )
        if await self.documents.find(offering_id, digest) is None:
            await self.documents.require_room(offering_id)
        await self.scanner.require_clean(content)
        await self.files.put(digest, content)
        brought = Brought(sha256=digest, media_type=media_type, size=len(content))
        await self.documents.record(offering_id, brought, self.clock())
        return brought

    async def content(self, offering_id: str, digest: str, caller: Caller | None) -> tuple[Brought, bytes]:
        """Return a document with its content: one that the offer names, or did in a version; its Bereitsteller reads each.

        Of a version that waits, those in charge read what it names. Raises NotFoundError, ConflictError (``content_lost``),
        FilesUnavailableError.
        """
        offering = await self.offering(offering_id, caller)
        brought = await self.documents.find(offering_id, digest)
        if brought is None or not await self._is_named(offering, digest, caller):
            raise NotFoundError(f"The offering {offering_id} has no such document.", code="document_not_found")
        try:
            content = await self.files.get(digest)
        except FileDamagedError as error:
            content, reason = None, error.detail
        else:
            reason = f"the file {digest} is missing"
        if content is None:
            log.error("offering_document_lost", offering=offering_id, reason=reason)
            raise ConflictError(
                f"The content of the document {digest} is lost or damaged; its Bereitsteller brings it again.",
                code="content_lost",
            )
        return brought, content

    async def _is_named(self, offering: Offering, digest: str, caller: Caller | None) -> bool:
        if names_file(offering.form, digest):
            return True
        actors = [] if caller is None else capacities(offering, caller)
        if Actor.BEREITSTELLER in actors:
            return True
        if actors and names_file(offering.working_form, digest):
            # Who examines a version reads what it adds.
            return True
        return await self.versions.name_file(offering.id, digest)


def document_routes(shelf: Shelf) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["offerings"])

    @router.put(
        ONE,
        response_model=DocumentReply,
        openapi_extra=file_body(*DOCUMENT_KINDS),
        summary="Bring a document of an offer, by its SHA-256",
    )
    async def bring_document(
        request: Request, offering_id: str, digest: Digest, caller: Annotated[Caller, Depends(needs(Role.BEREITSTELLER))]
    ) -> Response:
        """Store a file that the form of the offer can then name: the answer is its entry, to which a title is added."""
        media_type = request.headers["content-type"].partition(";")[0].strip().lower()
        brought = await shelf.bring(offering_id, digest, await request.body(), media_type, caller)
        base = (shelf.public_url or str(request.base_url)).rstrip("/")
        url = f"{base}{ONE.format(offering_id=offering_id, digest=digest)}"
        return json_reply(DocumentReply(url=url, **brought.model_dump()))

    @router.get(
        ONE,
        response_class=Response,
        responses=file_responses(*DOCUMENT_KINDS),
        summary="Read a document of an offer",
    )
    async def read_document(offering_id: str, digest: Digest, caller: OptionalCaller) -> Response:
        """Return the content of a document that the offer names, or named in a version that is recorded."""
        brought, content = await shelf.content(offering_id, digest, caller)
        held = _FOR_EVER if caller is None else "private, no-store"
        headers = {**saved_as(digest, brought.media_type), "ETag": f'"{digest}"', "Cache-Control": held, "Vary": "Authorization"}
        return Response(content, media_type=brought.media_type, headers=headers)

    return router
