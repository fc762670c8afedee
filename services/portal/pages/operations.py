"""What the operator looks after: the services themselves, portals of others, quarantined records of partners, what-if."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.catalog import Catalog
from services.portal.apis.eligibility import Eligibility
from services.portal.apis.operations import Operations
from services.portal.apis.ordering import Ordering
from services.portal.fields import Kind, words_for
from services.portal.pages.asking import BOTH, Ask, Form, Step, given_at, send_form, show_form
from services.portal.pages.names import names_of_bodies
from services.portal.pages.parts import or_none
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.release import STARTED, VERSION

PAGE = 50
DONE = frozenset({"whatif"})
STATES = {"silent": "danger", "differs": "danger", "behind": "warning", "unknown": "info", "in-step": "success"}


def operation_routes(
    pages: Pages, catalog: Catalog, eligibility: Eligibility, ordering: Ordering, operations: Operations
) -> APIRouter:
    """Return the routes; whoever is no operator gets what the services answer them."""
    router = APIRouter(prefix="/operations", include_in_schema=False)
    limit = [("limit", str(PAGE))]

    @router.get("")
    async def overview(visit: ActingVisit, done: str = "") -> Response:
        access = session_of(visit).access
        # The list that the operator alone reads decides whether there is such a page for whoever asks.
        portals = await catalog.portals(access, limit)
        quarantine, jobs, *states = await asyncio.gather(
            or_none(ordering.quarantine(access, [("state", "OPEN"), *limit]), "operations"),
            or_none(eligibility.jobs(access, limit), "operations"),
            *(or_none(operations.state(access, name), "operations") for name in operations.services),
        )
        return pages.show(
            visit,
            "pages/operations.html",
            services=list(zip(operations.services, states, strict=True)),
            version=VERSION,
            started_at=STARTED,
            portals=portals.items,
            quarantine=quarantine,
            jobs=jobs,
            kinds=STATES,
            done=done if done in DONE else "",
        )

    @router.api_route("/what-if", methods=BOTH)
    async def what_if(request: Request, visit: CurrentVisit, fact: Annotated[str, Query(max_length=200)] = "") -> Response:
        given = await given_at(request, visit, "/operations/what-if")
        access = session_of(visit).access
        form = _what_if(pages, visit, fact)
        if given is None:
            return show_form(pages, visit, form)

        async def act(body: dict[str, object]) -> str:
            await eligibility.ask_job(access, given.key, {"kind": "WHAT_IF", **body})
            return "/operations?done=whatif"

        return await send_form(pages, visit, form, given, act)

    @router.get("/jobs/{job_id}")
    async def concerned(visit: CurrentVisit, job_id: str) -> Response:
        access = session_of(visit).access
        job, orders = await asyncio.gather(
            eligibility.job(access, job_id), or_none(eligibility.concerned(access, job_id, limit), "operations")
        )
        touched = () if orders is None else orders.items
        names = await names_of_bodies(eligibility, (it.customer for it in touched), "operations")
        return pages.show(visit, "pages/job.html", job=job, orders=touched, names=names)

    return router


def _what_if(pages: Pages, visit: Visit, fact: str) -> Form:
    words = pages.words(visit.language)
    word = words_for(words, "operations.whatif")
    ending, *others = Step("what-if", (Ask("end_fact", Kind.LINE), Ask("day", Kind.DAY))).fields(word)
    return Form(
        title=word("title"),
        lead=word("lead"),
        action="/operations/what-if",
        button=word("button"),
        back="/operations",
        back_label=words("operations.title"),
        fields=(replace(ending, value=(fact,)), *others),
    )
