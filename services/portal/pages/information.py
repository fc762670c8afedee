"""The start page, and the pages that every public site has to have."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.apis.catalog import Catalog
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit

STEPS = ("find", "register", "channel", "interest", "clarify", "order", "onboard")


def information_routes(pages: Pages, catalog: Catalog) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def start(visit: CurrentVisit) -> Response:
        found = await or_none(catalog.search([("limit", "1")]), "start")
        orderable = 0 if found is None else sum(it.count for it in found.facets.get("orderable", ()) if it.value == "true")
        return pages.show(visit, "pages/start.html", found=found, orderable=orderable, steps=STEPS)

    @router.get("/accessibility")
    async def accessibility(visit: CurrentVisit) -> Response:
        return pages.show(visit, "pages/accessibility.html")

    @router.get("/imprint")
    async def imprint(visit: CurrentVisit) -> Response:
        return pages.show(visit, "pages/imprint.html")

    return router
