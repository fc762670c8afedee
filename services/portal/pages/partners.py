"""Partner systems: whoever may know of one sees its page, the operator registers and changes them, their keys and their state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.eligibility import Eligibility
from services.portal.apis.ordering import Ordering
from services.portal.apis.partners import Partners
from services.portal.fields import Kind
from services.portal.pages.asking import BOTH, Ask, Step, given_at
from services.portal.pages.partner_forms import Desk
from services.portal.pages.parts import or_none
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError
from shared.http.routers import join

LIST: Final = "/operations/partners"
PAGE: Final = 50
SHOWN: Final = 400
"""As many organisations of a partner system are shown: so many the registry lets a form change."""
STEPS: Final = {
    it.name: it
    for it in (Step("suspend", (Ask("reason", Kind.AREA),)), Step("resume"), Step("remove", (Ask("reason", Kind.AREA),)))
}
POSSIBLE: Final = {"ACTIVE": ("suspend", "remove"), "SUSPENDED": ("resume", "remove")}
"""What the operator can do with a partner system in a state."""
KINDS: Final = {"ACTIVE": "success", "SUSPENDED": "warning"}
DONE: Final = frozenset({*STEPS, "register", "change", "organisations", "key", "retire", "rotate"})


def partner_routes(
    pages: Pages, partners: Partners, ordering: Ordering, eligibility: Eligibility, clock: Callable[[], datetime]
) -> APIRouter:
    """Return the routes; what is not for whoever asks, ordering refuses."""
    router = APIRouter(include_in_schema=False)

    @router.get("/partners/{partner_id}")
    async def one(visit: ActingVisit, partner_id: str, cursor: str | None = None, done: str = "") -> Response:
        session = session_of(visit)
        access = session.access
        parameters = [("partner", partner_id), ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        stored, quarantine, history = await asyncio.gather(
            partners.one(access, partner_id),
            or_none(ordering.quarantine(access, parameters), "partner"),
            or_none(partners.history(access, partner_id), "partner"),
        )
        partner, operates = stored.content, "BETREIBER" in session.roles
        more = None if quarantine is None else quarantine.next
        return pages.show(
            visit,
            "pages/partner.html",
            partner=partner,
            organisations=partner.organisations[:SHOWN],
            standings={it.kid: it.standing(clock()) for it in partner.keys or ()},
            kinds=KINDS,
            quarantine=quarantine,
            history=history,
            operates=operates,
            runs=not operates and partner.keys is not None,
            steps=POSSIBLE.get(partner.state, ()) if operates else (),
            following=None if more is None else f"/partners/{quote(partner_id)}?{urlencode({'cursor': more})}",
            done=done if done in DONE else "",
        )

    desk = Desk(pages, partners, eligibility)

    @router.api_route("/partners/{partner_id}/rotation", methods=BOTH)
    async def rotate(request: Request, visit: CurrentVisit, partner_id: str) -> Response:
        given = await given_at(request, visit, f"/partners/{partner_id}/rotation")
        return await desk.rotate(visit, partner_id, given)

    join(router, _operators_routes(pages, partners, desk))
    join(router, _part_routes(desk))
    return router


def _operators_routes(pages: Pages, partners: Partners, desk: Desk) -> APIRouter:
    router = APIRouter(prefix=LIST, include_in_schema=False)

    @router.get("")
    async def listed(visit: ActingVisit, cursor: str | None = None) -> Response:
        session = session_of(visit)
        if "BETREIBER" not in session.roles:
            raise NotFoundError("The list of all partner systems is the operator's.")
        parameters = [("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        found = await partners.listed(session.access, parameters)
        following = None if found.next is None else f"{LIST}?{urlencode({'cursor': found.next})}"
        return pages.show(visit, "pages/partners.html", items=found.items, kinds=KINDS, following=following)

    @router.api_route("/new", methods=BOTH)
    async def register(request: Request, visit: CurrentVisit) -> Response:
        return await desk.register(visit, await given_at(request, visit, f"{LIST}/new"))

    @router.api_route("/{partner_id}/change", methods=BOTH)
    async def change(request: Request, visit: CurrentVisit, partner_id: str) -> Response:
        return await desk.change(visit, partner_id, await given_at(request, visit, f"{LIST}/{partner_id}/change"))

    @router.api_route("/{partner_id}/state/{name}", methods=BOTH)
    async def lead(request: Request, visit: CurrentVisit, partner_id: str, name: str) -> Response:
        given = await given_at(request, visit, f"{LIST}/{partner_id}/state/{name}")
        step = STEPS.get(name)
        if step is None:
            raise NotFoundError(f"There is no step {name}.")
        return await desk.lead(visit, partner_id, step, given)

    return router


def _part_routes(desk: Desk) -> APIRouter:
    """Return the routes of the organisations and the keys of one partner system."""
    router = APIRouter(prefix=LIST, include_in_schema=False)

    @router.api_route("/{partner_id}/organisations", methods=BOTH)
    async def add(request: Request, visit: CurrentVisit, partner_id: str) -> Response:
        return await desk.add(visit, partner_id, await given_at(request, visit, f"{LIST}/{partner_id}/organisations"))

    @router.api_route("/{partner_id}/organisations/{organisation_id}", methods=BOTH)
    async def restate(request: Request, visit: CurrentVisit, partner_id: str, organisation_id: str) -> Response:
        given = await given_at(request, visit, f"{LIST}/{partner_id}/organisations/{organisation_id}")
        return await desk.restate(visit, partner_id, organisation_id, given)

    @router.api_route("/{partner_id}/keys", methods=BOTH)
    async def add_key(request: Request, visit: CurrentVisit, partner_id: str) -> Response:
        return await desk.add_key(visit, partner_id, await given_at(request, visit, f"{LIST}/{partner_id}/keys"))

    @router.api_route("/{partner_id}/keys/{kid}", methods=BOTH)
    async def retire(request: Request, visit: CurrentVisit, partner_id: str, kid: str) -> Response:
        return await desk.retire(visit, partner_id, kid, await given_at(request, visit, f"{LIST}/{partner_id}/keys/{kid}"))

    return router
