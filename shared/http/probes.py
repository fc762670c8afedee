"""What a process answers about itself: whether it lives, whether it is ready, its metrics."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from shared.http.health import Health

PATHS = frozenset({"/livez", "/readyz", "/metrics"})


def probes(health: Health) -> APIRouter:
    """Return the routes of the probes and the metrics, which no documentation lists."""
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> Response:
        alive = health.live()
        return JSONResponse({"live": alive}, status_code=200 if alive else 503)

    @router.get("/readyz")
    async def readyz() -> Response:
        parts = health.ready()
        return JSONResponse(parts, status_code=200 if all(parts.values()) else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
