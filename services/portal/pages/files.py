"""Style, script, fonts and the few files that browsers and robots ask for by their own."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from services.portal.assets import PREFIX, Assets
from shared.errors import NotFoundError

DAY = "public, max-age=86400"


def file_routes(assets: Assets) -> APIRouter:
    """Return the routes of files."""
    router = APIRouter(include_in_schema=False)

    @router.get(f"{PREFIX}/{{name}}")
    async def file(request: Request, name: str) -> Response:
        found = assets.find(name)
        if found is None:
            raise NotFoundError(f"There is no file {name}.", code="file_not_found")
        return found.reply(request)

    @router.get("/favicon.ico")
    async def icon() -> Response:
        return RedirectResponse(assets.url("icon.svg"), 301, headers={"Cache-Control": DAY})

    @router.get("/robots.txt")
    async def robots() -> Response:
        return PlainTextResponse("User-agent: *\nAllow: /\n", headers={"Cache-Control": DAY})

    return router
