"""The start page, and the pages that every public site has to have."""

from __future__ import annotations

import structlog
from fastapi import APIRouter
from starlette.responses import Response

from services.portal.apis.catalog import Catalog, Found
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit
from shared.errors import MarktplatzError

STEPS = ("find", "register", "channel", "interest", "clarify", "order", "onboard")

log = structlog.get_logger()


def information_routes(pages: Pages, catalog: Catalog) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    async def overview() -> Found | None:
        """Return what the Schaufenster holds in numbers, None while the catalog is away: the page comes without it."""
        try:
            return await catalog.search([("limit", "1")])
        except MarktplatzError as error:
            log.warning("part_left_out", page="start", code=error.code, detail=error.detail)
            return None

    @router.get("/")
    async def start(visit: CurrentVisit) -> Response:
        found = await overview()
        orderable = 0 if found is None else sum(it.count for it in found.facets.get("orderable", ()) if it.value == "true")
        return pages.show(visit, "pages/start.html", found=found, orderable=orderable, steps=STEPS)

    @router.get("/accessibility")
    async def accessibility(visit: CurrentVisit) -> Response:
        return pages.show(visit, "pages/accessibility.html")

    @router.get("/imprint")
    async def imprint(visit: CurrentVisit) -> Response:
        return pages.show(visit, "pages/imprint.html")

    return router
