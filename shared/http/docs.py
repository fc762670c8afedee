"""The documentation page of an API, served without any foreign host: many public networks block CDNs."""

from __future__ import annotations

from importlib import resources

import fastapi_offline
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from shared.http.openapi.document import complete

_PAGE = """<!DOCTYPE html>
<html lang="de">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="{root}/docs/static/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{root}/docs/static/swagger-ui-bundle.js"></script>
<script src="{root}/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({{
  url: "{root}/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
}});
"""
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"


def install(app: FastAPI, service: str) -> None:
    """Serve ``/docs``; complete the OpenAPI document of a service by what FastAPI cannot know of it."""
    files = resources.files(fastapi_offline) / "static"
    app.mount("/docs/static", StaticFiles(directory=str(files)), name="docs-static")

    @app.get("/docs", include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        html = _PAGE.format(title=app.title, root=_root(request))
        return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})

    @app.get("/docs/start.js", include_in_schema=False)
    async def start(request: Request) -> Response:
        return Response(_START.format(root=_root(request)), media_type="text/javascript")

    made = app.openapi

    def documented() -> dict[str, object]:
        if app.openapi_schema is None:
            app.openapi_schema = complete(app, made(), service)
        return app.openapi_schema

    app.openapi = documented  # type: ignore[method-assign] # FastAPI's own way to extend the document


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")
