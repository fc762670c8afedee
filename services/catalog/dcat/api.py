"""The route of the DCAT-AP.de export. Only translates."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.catalog.dcat.export import Exporter, Form
from shared.http.cached import is_held, not_modified
from shared.http.negotiation import preferred
from shared.http.paging import decode_cursor

MAX_AGE_SECONDS = 60
_FORMS = tuple(Form)
_ANSWERS: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A page of the catalog. The Link header names the next one.",
        "content": {form.value: {} for form in _FORMS},
    },
    304: {"description": "The client holds the page as it is (If-None-Match)."},
}


def dcat_routes(exporter: Exporter, public_url: str | None) -> APIRouter:
    """Return the route; ``public_url`` is where everybody reaches the API, None for the address of the request."""
    router = APIRouter(prefix="/v1", tags=["offerings"])

    @router.get("/offerings/dcat", response_class=Response, responses=_ANSWERS)
    async def export_offerings(
        request: Request,
        cursor: Annotated[str | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=100, description="Largest number of offers on the page.")] = 50,
    ) -> Response:
        """Export the live offers as DCAT-AP.de 3.0 in JSON-LD or RDF/XML, the longest unchanged first.

        An offer that changes while the pages are read stands on a later page again; none is left out.
        """
        form = Form(preferred(request, _FORMS))
        base = public_url or str(request.base_url)
        after = decode_cursor(cursor, (datetime, str))
        page = await exporter.page(form, base.rstrip("/"), after, limit, cursor)
        headers = {"Vary": "Accept", "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"}
        if page.next is not None:
            headers["Link"] = f'<{page.next}>; rel="next"'
        if is_held(request, page.tag):
            return not_modified(page.tag, headers)
        return Response(page.body, headers={**headers, "ETag": page.tag}, media_type=form.value)

    return router
