"""Routers that become one application, each route built once: FastAPI builds it again for each router around its own."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute


def join(router: APIRouter, other: APIRouter) -> None:
    """Add the routes of ``other`` behind those of ``router``. Their paths stay as they are: ``other`` has the whole prefix."""
    router.routes.extend(other.routes)


def install(app: FastAPI, router: APIRouter) -> None:
    """Serve the routes of ``router`` in ``app``, with the answers that the application states for every route.

    A router that includes others is included, which costs a second and third building of each of its routes.
    """
    if not all(isinstance(route, APIRoute) for route in router.routes):
        app.include_router(router)
        return
    for route in router.routes:
        if isinstance(route, APIRoute):
            route.responses = {**app.router.responses, **route.responses}
    app.router.routes.extend(router.routes)
