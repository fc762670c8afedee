"""The general terms (AGB) of an Anbieter: all versions, and the wording of one, as a contract of before names it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.apis.contracts import AgbInForce, Contracts
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit


def general_terms_routes(pages: Pages, contracts: Contracts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/channels/{channel}/agb")
    async def listed(visit: CurrentVisit, channel: str, version: str = "", leg: str = "") -> Response:
        versions = await contracts.agb_versions(channel)
        # Only what is listed is asked for: what an address holds may be anything.
        named = any(it.version == version and leg in it.legs for it in versions)
        found: AgbInForce | None = await or_none(contracts.agb_of(channel, version, leg), "agb") if named else None
        return pages.show(
            visit,
            "pages/general-terms.html",
            channel=channel,
            versions=versions,
            agb=found,
            missed=bool(version) and found is None,
        )

    return router
