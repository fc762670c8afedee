"""What waits for an Anbieter: requests for accreditation, in-house relations, forms of offers, contracts to sign, Vorgänge."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.portal.apis.catalog import Catalog
from services.portal.apis.client import Access
from services.portal.apis.contracts import Contracts
from services.portal.apis.eligibility import Eligibility
from services.portal.apis.ordering import Ordering
from services.portal.pages.contracts import CHANGES
from services.portal.pages.examinations import LIST as EXAMINATIONS
from services.portal.pages.lists import AskedFor, table_file
from services.portal.pages.orders import WAITING
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of
from shared.calendar import day_of

PAGE = 50
SIGNATURES = [("waits_for_me", "true"), ("state", "ANGEBOTEN"), ("party", "ANBIETER")]
"""Contracts that wait for a signature or release of the Anbieter."""
Year = Annotated[int, Path(ge=2000, le=9999)]


@dataclass(frozen=True, slots=True)
class Number:
    """How many things wait; ``more``: there are more than were counted. None: it cannot be known just now."""

    name: str
    path: str
    count: int | None
    more: bool = False


def task_routes(
    pages: Pages,
    catalog: Catalog,
    eligibility: Eligibility,
    ordering: Ordering,
    contracts: Contracts,
    clock: Callable[[], datetime],
) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/tasks", include_in_schema=False)
    limit = [("limit", str(PAGE))]

    async def accreditations(access: Access) -> tuple[int, bool]:
        found = await eligibility.accreditations(access, limit)
        return len([it for it in found.items if it.accreditation.state != "RUECKFRAGE"]), found.next is not None

    async def offerings(access: Access) -> tuple[int, bool]:
        # A Bereitstellungsvertrag that was asked for waits among the signatures, if anybody has to sign it.
        states = ("EINGEREICHT", "BEREITSTELLUNGSVERTRAG_OFFEN")
        asked = [[("view", "anbieter"), ("state", it), *limit] for it in states]
        found = await asyncio.gather(*(catalog.mine(access, it) for it in (*asked, [("view", "versions"), *limit])))
        waiting = [it for page in found for it in page.items if "accept" in it.allowed_moves]
        return len(waiting), any(page.next is not None for page in found)

    async def signatures(access: Access) -> tuple[int, bool]:
        found = await contracts.listed(access, [*SIGNATURES, *limit])
        return len(found.items), found.next is not None

    async def changes(access: Access) -> tuple[int, bool]:
        found = await contracts.listed(access, [*CHANGES, *limit])
        return len(found.items), found.next is not None

    async def orders(access: Access) -> tuple[int, bool]:
        found = await ordering.count(access, [*WAITING, ("party", "ANBIETER")])
        return found.count, found.more

    @router.get("")
    async def overview(visit: CurrentVisit) -> Response:
        access = session_of(visit).access
        numbers = await asyncio.gather(
            _number("accreditations", "/tasks/accreditations", accreditations(access)),
            _number("examinations", EXAMINATIONS, _examinations(eligibility, access)),
            _number("offerings", "/tasks/offerings", offerings(access)),
            _number("orders", f"/orders?{urlencode(WAITING)}", orders(access)),
            _number("signatures", f"/contracts?{urlencode(SIGNATURES)}", signatures(access)),
            _number("changes", f"/contracts?{urlencode(CHANGES)}", changes(access)),
        )
        return pages.show(visit, "pages/tasks.html", numbers=numbers, year=day_of(clock()).year)

    @router.get("/accreditations")
    async def listed(visit: CurrentVisit, asked: AskedFor, cursor: str | None = None) -> Response:
        parameters = [*asked.parameters, *limit, *([("cursor", cursor)] if cursor else [])]
        found = await eligibility.accreditations(session_of(visit).access, parameters)
        return pages.show(
            visit,
            "pages/accreditations.html",
            items=found.items,
            asked=asked,
            states=pages.labels(visit.language, "AccreditationState"),
            following=None if found.next is None else asked.address("/tasks/accreditations", found.next),
        )

    @router.get("/accreditations.csv")
    async def saved(visit: CurrentVisit, asked: AskedFor) -> Response:
        return table_file(await eligibility.accreditation_table(session_of(visit).access, asked.parameters))

    @router.get("/register/{year}")
    async def register(visit: CurrentVisit, year: Year) -> Response:
        session = session_of(visit)
        # An Anbieter is named as its channel is.
        found = await contracts.register(session.access, session.organisation or "", year)
        return pages.show(visit, "pages/register.html", register=found, this_year=day_of(clock()).year)

    return router


async def _examinations(eligibility: Eligibility, access: Access) -> tuple[int, bool]:
    found = await eligibility.examinations(access, [("limit", str(PAGE))])
    return len(found.items), found.next is not None


async def _number(name: str, path: str, asked: Awaitable[tuple[int, bool]]) -> Number:
    count, more = await or_none(asked, "tasks") or (None, False)
    return Number(name, path, count, more)
