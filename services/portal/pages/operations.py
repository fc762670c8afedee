"""What the operator looks after: portals of others, records of partners in quarantine, what a change of facts would do."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.catalog import Catalog
from services.portal.apis.eligibility import Eligibility
from services.portal.apis.ordering import Ordering
from services.portal.fields import Field, Kind, words_for
from services.portal.forms import read_given
from services.portal.pages.asking import Form, send_form, show_form
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of

PAGE = 50
DONE = frozenset({"discard", "whatif"})
STATES = {"silent": "danger", "differs": "danger", "behind": "warning", "unknown": "info", "in-step": "success"}


def operation_routes(pages: Pages, catalog: Catalog, eligibility: Eligibility, ordering: Ordering) -> APIRouter:
    """Return the routes; whoever is no operator gets what the services answer them."""
    router = APIRouter(prefix="/operations", include_in_schema=False)
    limit = [("limit", str(PAGE))]

    @router.get("")
    async def overview(visit: CurrentVisit, done: str = "") -> Response:
        access = session_of(visit).access
        # The list that the operator alone reads decides whether there is such a page for whoever asks.
        portals = await catalog.portals(access, limit)
        quarantine, jobs = await asyncio.gather(
            or_none(ordering.quarantine(access, [("state", "OPEN"), *limit]), "operations"),
            or_none(eligibility.jobs(access, limit), "operations"),
        )
        return pages.show(
            visit,
            "pages/operations.html",
            portals=portals.items,
            quarantine=quarantine,
            jobs=jobs,
            kinds=STATES,
            done=done if done in DONE else "",
        )

    @router.get("/quarantine/{reference}")
    async def discard_form(visit: CurrentVisit, reference: str) -> Response:
        record = await ordering.quarantined(session_of(visit).access, reference)
        form = _form(pages, visit, "discard", f"quarantine/{reference}", (Field("reason", Kind.AREA, ""),))
        return show_form(pages, visit, form, template="pages/quarantined.html", record=record)

    @router.post("/quarantine/{reference}")
    async def discard(request: Request, visit: CurrentVisit, reference: str) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, f"/operations/quarantine/{reference}")
        record = await ordering.quarantined(session.access, reference)

        async def act(body: dict[str, object]) -> str:
            await ordering.discard(session.access, reference, given.key, body)
            return "/operations?done=discard"

        form = _form(pages, visit, "discard", f"quarantine/{reference}", (Field("reason", Kind.AREA, ""),))
        return await send_form(pages, visit, form, given, act, template="pages/quarantined.html", record=record)

    @router.get("/what-if")
    async def ask_form(visit: CurrentVisit) -> Response:
        session_of(visit)
        return show_form(pages, visit, _form(pages, visit, "whatif", "what-if", _WHAT_IF))

    @router.post("/what-if")
    async def ask(request: Request, visit: CurrentVisit) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, "/operations/what-if")

        async def act(body: dict[str, object]) -> str:
            await eligibility.ask_job(session.access, given.key, {"kind": "WHAT_IF", **body})
            return "/operations?done=whatif"

        return await send_form(pages, visit, _form(pages, visit, "whatif", "what-if", _WHAT_IF), given, act)

    @router.get("/jobs/{job_id}")
    async def concerned(visit: CurrentVisit, job_id: str) -> Response:
        access = session_of(visit).access
        job, orders = await asyncio.gather(
            eligibility.job(access, job_id), or_none(eligibility.concerned(access, job_id, limit), "operations")
        )
        return pages.show(visit, "pages/job.html", job=job, orders=orders)

    return router


_WHAT_IF = (Field("end_fact", Kind.LINE, ""), Field("day", Kind.DAY, ""))


def _form(pages: Pages, visit: Visit, name: str, path: str, fields: tuple[Field, ...]) -> Form:
    words = pages.words(visit.language)
    word = words_for(words, f"operations.{name}")
    return Form(
        title=word("title"),
        lead=word("lead"),
        action=f"/operations/{quote(path)}",
        button=word("button"),
        back="/operations",
        back_label=words("operations.title"),
        fields=tuple(Field(it.name, it.kind, word(f"field.{it.name}"), word(f"field.{it.name}_hint")) for it in fields),
    )
