"""For which organisation a person acts who may act for several: it is chosen here, and the services decide whether they may."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.client import Access
from services.portal.apis.eligibility import Eligibility
from services.portal.forms import read_given
from services.portal.pages.asking import SEE_OTHER
from services.portal.pages.bodies import find_bodies
from services.portal.rendering import Pages
from services.portal.sessions import Session, Sessions
from services.portal.visits import CurrentVisit, session_of
from shared.errors import RejectedError

PATH = "/acting"


def acting_routes(pages: Pages, eligibility: Eligibility, sessions: Sessions) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=PATH, include_in_schema=False)

    @router.get("")
    async def find(visit: CurrentVisit, q: str = "", refused: str = "") -> Response:
        session_of(visit)
        found = await find_bodies(eligibility, q, pages.words(visit.language))
        return pages.show(visit, "pages/acting.html", found=found.bodies, note=found.note, q=q, refused=bool(refused), here=PATH)

    @router.post("")
    async def choose(request: Request, visit: CurrentVisit) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, PATH)
        chosen = given.one("organisation")
        prefix = visit.language.prefix
        try:
            organisation = (await eligibility.organisation(Access(session.access.token, chosen), chosen)).content
        except RejectedError:
            return RedirectResponse(f"{prefix}{PATH}?refused=true", SEE_OTHER)
        if organisation.users is None:
            return RedirectResponse(f"{prefix}{PATH}?refused=true", SEE_OTHER)
        await act_for(sessions, session, organisation.id, organisation.name)
        return RedirectResponse(f"{prefix}/organisations/{quote(organisation.id)}", SEE_OTHER)

    return router


async def act_for(sessions: Sessions, session: Session, organisation: str, name: str) -> None:
    """Have the session act for an organisation from now on. What roles it has the services know."""
    await sessions.change(replace(session, organisation=organisation, organisation_name=name, roles=frozenset()))
