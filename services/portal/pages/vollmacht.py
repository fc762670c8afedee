"""The Vollmacht of who acts for an organisation: its administrators bring it, Anbieter that it has asked read it."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.eligibility import Eligibility
from services.portal.fields import Field, Kind, words_for
from services.portal.functions import NEEDED
from services.portal.pages.asking import BOTH, ETAG, Form, given_at, send_form, show_form
from services.portal.pages.standing import ActingVisit
from services.portal.pages.stored_files import FIELD_OF, FILE, TAKES_FILE, download, require_file
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

TEMPLATE = "pages/vollmacht.html"


def vollmacht_routes(pages: Pages, eligibility: Eligibility) -> APIRouter:
    """Return the routes; who may read and who may bring one, eligibility decides."""
    router = APIRouter(prefix="/organisations/{organisation_id}/vollmacht", include_in_schema=False)

    @router.api_route("", methods=BOTH, openapi_extra=TAKES_FILE)
    async def one(request: Request, visit: ActingVisit, organisation_id: str) -> Response:
        given = await given_at(request, visit, f"/organisations/{organisation_id}/vollmacht")
        access = session_of(visit).access
        stored = await eligibility.organisation(access, organisation_id)
        organisation = stored.content
        try:
            held = await eligibility.vollmacht(access, organisation_id)
        except NotFoundError:
            held = None
        word = words_for(pages.words(visit.language), "organisation.vollmacht")
        form = Form(
            title=word("title"),
            lead=word("lead"),
            action=f"/organisations/{organisation.id}/vollmacht",
            button=word("button") if organisation.users is not None else "",
            back=f"/organisations/{organisation.id}",
            back_label=organisation.name,
            fields=(Field(FILE, Kind.FILE, word("field.file"), word("field.file_hint")),),
            etag=stored.etag,
            function=NEEDED["vollmacht"],
        )
        if given is None:
            return show_form(pages, visit, form, template=TEMPLATE, held=held)

        async def act(_: dict[str, object]) -> str:
            content, kind = require_file(given)
            await eligibility.replace_vollmacht(access, organisation_id, content, kind, given.one(ETAG) or None)
            return f"/organisations/{quote(organisation_id)}?done=vollmacht"

        return await send_form(pages, visit, form, given, act, field_of=FIELD_OF, template=TEMPLATE, held=held)

    @router.get("/content")
    async def content(visit: CurrentVisit, organisation_id: str) -> Response:
        return download(await eligibility.vollmacht_content(session_of(visit).access, organisation_id), "Vollmacht")

    return router
