"""Files that people bring and save: documents of offers, evidence of in-house relations. The services judge and store them."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.catalog import Catalog, Document, KnownService, Offering
from services.portal.apis.eligibility import Eligibility, EvidenceFile, Organisation
from services.portal.fields import Field, Kind, words_for
from services.portal.forms import Given, read_given
from services.portal.functions import NEEDED
from services.portal.pages.asking import Form, send_form, show_form
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.uploads import MULTIPART
from services.portal.visits import CurrentVisit, session_of
from shared.errors import InvalidError, NotFoundError
from shared.files.kinds import kind_of, saved_as
from shared.http.uploads import file_body

FILE = "file"
TAKES_FILE = file_body(MULTIPART)
_REFUSALS = (
    *("content_type_differs", "content_differs", "file_infected", "file_missing", "unsupported_media_type"),
    *("body_too_large", "too_many_documents"),
)
FIELD_OF = dict.fromkeys(_REFUSALS, FILE)
"""What a file is refused for."""
_OURS = re.compile(r".*/v1/offerings/([^/]+)/documents/([0-9a-f]{64})")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_NAME_LENGTH = 80
_FOR_EVER = "public, max-age=31536000, immutable"
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


def require_taken(content: bytes) -> str:
    """Return the media type of a file by what it holds. Raises InvalidError (``content_type_differs``)."""
    kind = kind_of(content)
    if kind is None:
        raise InvalidError("The file is of no kind that is taken.", code="content_type_differs")
    return kind


def require_file(given: Given) -> tuple[bytes, str]:
    """Return the file that a form has brought, with its media type. Raises InvalidError (``file_missing``, as above)."""
    content = given.files.get(FILE)
    if content is None:
        raise InvalidError("No file was chosen.", code="file_missing")
    return content, require_taken(content)


def link_of(document: Document, offering_id: str) -> str | None:
    """Return the path of the page that a document of an offer is saved from, None for one that lies elsewhere."""
    found = _OURS.fullmatch(document.url)
    if found is None or found[1] != offering_id or found[2] != document.sha256:
        return None
    return f"/offerings/{quote(offering_id)}/documents/{found[2]}"


def download(content: bytes, name: str, held: str = "no-store") -> Response:
    """Return a file to be saved under a name, never run; of what kind it is, its content says.

    A page may show a picture of it all the same: browsers pass over what is to be saved where an image is asked for.
    """
    kind = kind_of(content) or "application/octet-stream"
    plain = unicodedata.normalize("NFKD", name.translate(_GERMAN)).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:_NAME_LENGTH] or FILE
    return Response(content, media_type=kind, headers={**saved_as(slug, kind), "Cache-Control": held, "Vary": "Cookie"})


def stored_file_routes(catalog: Catalog) -> APIRouter:
    """Return the routes of documents of offers, which visitors save too."""
    router = APIRouter(include_in_schema=False)

    @router.get("/offerings/{offering_id}/documents/{digest}")
    async def document(visit: CurrentVisit, offering_id: str, digest: Digest) -> Response:
        access = None if visit.session is None else visit.session.access
        content = await catalog.document(offering_id, digest, access)
        offering = await catalog.offering(offering_id, access)
        return download(content, _title(offering, digest), _FOR_EVER if access is None else "no-store")

    return router


def evidence_routes(pages: Pages, eligibility: Eligibility) -> APIRouter:
    """Return the routes of evidence, for the organisation that states it and the Anbieter whom it concerns."""
    router = APIRouter(prefix="/organisations/{organisation_id}/evidence/{document_id}", include_in_schema=False)

    async def stated(visit: Visit, organisation_id: str, document_id: str) -> tuple[Organisation, EvidenceFile]:
        access = session_of(visit).access
        organisation = (await eligibility.organisation(access, organisation_id)).content
        if document_id not in {it.id for statement in organisation.statements for it in statement.evidence}:
            raise NotFoundError(f"The organisation states no document {document_id}.")
        return organisation, await eligibility.evidence(access, document_id)

    def form_of(visit: Visit, organisation: Organisation, evidence: EvidenceFile) -> Form:
        word = words_for(pages.words(visit.language), "organisation.evidence")
        return Form(
            title=evidence.title or word("title"),
            lead=word("lead"),
            action=f"/organisations/{organisation.id}/evidence/{evidence.id}",
            button=word("button") if organisation.users is not None else "",
            back=f"/organisations/{organisation.id}",
            back_label=organisation.name,
            fields=(Field(FILE, Kind.FILE, word("field.file"), word("field.file_hint")),),
            function=NEEDED["evidence"],
        )

    @router.get("")
    async def show(visit: ActingVisit, organisation_id: str, document_id: str) -> Response:
        organisation, evidence = await stated(visit, organisation_id, document_id)
        form = form_of(visit, organisation, evidence)
        return show_form(pages, visit, form, template="pages/evidence.html", evidence=evidence)

    @router.post("", openapi_extra=TAKES_FILE)
    async def bring(request: Request, visit: ActingVisit, organisation_id: str, document_id: str) -> Response:
        session = session_of(visit)
        path = f"/organisations/{organisation_id}/evidence/{document_id}"
        given = await read_given(request, session, path)
        organisation, evidence = await stated(visit, organisation_id, document_id)

        async def act(_: dict[str, object]) -> str:
            await eligibility.bring(session.access, document_id, *require_file(given))
            return f"/organisations/{quote(organisation_id)}?done=evidence"

        form = form_of(visit, organisation, evidence)
        return await send_form(
            pages, visit, form, given, act, field_of=FIELD_OF, template="pages/evidence.html", evidence=evidence
        )

    @router.get("/content")
    async def content(visit: CurrentVisit, organisation_id: str, document_id: str) -> Response:
        _, evidence = await stated(visit, organisation_id, document_id)
        return download(await eligibility.evidence_content(session_of(visit).access, document_id), evidence.title or document_id)

    return router


def _title(offering: Offering | KnownService, digest: str) -> str:
    named = () if isinstance(offering, KnownService) else (*offering.documents, *offering.screenshots)
    return next((it.title for it in named if it.sha256 == digest), digest)
