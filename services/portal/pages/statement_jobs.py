"""The yearly statements of an Anbieter: having those of a year made, and what became of each offer."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.contracts import Contracts
from services.portal.fields import Field, Kind
from services.portal.functions import NEEDED
from services.portal.pages.asking import BOTH, Form, given_at, send_form, show_form
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages
from services.portal.visits import session_of

PATH: Final = "/tasks/statements"
TEMPLATE: Final = "pages/statement-jobs.html"
_SHOWN: Final = 20


def statement_job_routes(pages: Pages, contracts: Contracts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.api_route(PATH, methods=BOTH)
    async def statements(
        request: Request,
        visit: ActingVisit,
        cursor: str | None = None,
        done: bool = False,  # noqa: FBT001, FBT002 - of the address
    ) -> Response:
        given = await given_at(request, visit, PATH)
        access, words = session_of(visit).access, pages.words(visit.language)
        parameters = [("limit", str(_SHOWN)), *([("cursor", cursor)] if cursor else [])]
        found = await contracts.statement_jobs(access, parameters)
        following = None if found.next is None else f"{PATH}?{urlencode({'cursor': found.next})}"
        shown: dict[str, Any] = {"jobs": found.items, "following": following}
        form = Form(
            title=words("statement.jobs.title"),
            lead=words("statement.jobs.lead"),
            action=PATH,
            button=words("statement.jobs.button"),
            back="/tasks",
            back_label=words("tasks.nav"),
            fields=(Field("year", Kind.LINE, words("statement.jobs.year"), words("statement.jobs.year_hint"), whole=True),),
            function=NEEDED["statements"],
        )
        if given is None:
            return show_form(pages, visit, form, template=TEMPLATE, **shown, done=done)

        async def act(body: dict[str, Any]) -> str:
            await contracts.make_statements(access, key=given.key, body=body)
            return f"{PATH}?done=true"

        return await send_form(
            pages, visit, form, given, act, field_of={"year_not_over": "year"}, template=TEMPLATE, **shown, done=False
        )

    return router
