"""Routers that become one application, each route built once: FastAPI builds it again for each router around its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.openapi.document import operation_id


def join(router: APIRouter, other: APIRouter) -> None:
    """Add the routes of ``other`` behind those of ``router``. Their paths stay as they are: ``other`` has the whole prefix."""
    router.routes.extend(other.routes)


def install(app: FastAPI, router: APIRouter) -> None:
    """Serve the routes of ``router`` in ``app``, with the answers that the application states for every route.

    What a route describes is asked with no other query parameters than those that it knows: 422, else a list would look filtered
    and not be. A router that includes others is included, which costs a second and third building of each of its routes.
    """
    if not all(isinstance(route, APIRoute) for route in router.routes):
        app.include_router(router)
        return
    for route in router.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.operation_id or operation_id(min(route.methods or {""}), route.path_format)
            route.responses = {**app.router.responses, **route.responses}
            if route.include_in_schema:
                route.app = _with_known_parameters(route.app, frozenset(_query_names(route.dependant)))
    app.router.routes.extend(router.routes)


def _with_known_parameters(asked: ASGIApp, known: frozenset[str]) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            given = dict.fromkeys(name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            if unknown := [name for name in given if name not in known]:
                raise RequestValidationError([_refusal(name) for name in unknown])
        await asked(scope, receive, send)

    return answer


def _refusal(name: str) -> dict[str, Any]:
    return {"type": "extra_forbidden", "loc": ("query", name), "msg": "There is no such query parameter", "input": None}


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (it.alias or name for name, it in kind.model_fields.items())
        else:
            yield field.alias
    for other in dependant.dependencies:
        yield from _query_names(other)
