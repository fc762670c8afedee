"""Routers that become one application, each route built once: FastAPI builds it again for each router around its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.openapi.document import operation_id
from shared.http.typed import check_of, error_at, takes_several, written_as


def join(router: APIRouter, other: APIRouter) -> None:
    """Add the routes of ``other`` behind those of ``router``. Their paths stay as they are: ``other`` has the whole prefix."""
    router.routes.extend(other.routes)


def install(app: FastAPI, router: APIRouter) -> None:
    """Serve the routes of ``router`` in ``app``, with the answers that the application states for every route.

    What a route describes is asked with no other query parameters than those that it knows, and with none of one value twice:
    422, else a list would look filtered and not be; and with no values of other types than it describes, in its query as in its
    body. A router that includes others is included, which costs a second and third building of each of its routes.
    """
    if not all(isinstance(route, APIRoute) for route in router.routes):
        app.include_router(router)
        return
    for route in router.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.operation_id or operation_id(min(route.methods or {""}), route.path_format)
            route.responses = {**app.router.responses, **route.responses}
            if route.include_in_schema:
                route.app = _with_known_parameters(route.app, dict(_query_parameters(route.dependant)))
            if route.body_field is not None:
                check = get_parameterless_sub_dependant(depends=Depends(check_of(route)), path=route.path_format)
                route.dependant.dependencies.append(check)
    app.router.routes.extend(router.routes)


def _with_known_parameters(asked: ASGIApp, known: Mapping[str, object]) -> ASGIApp:
    """Return what refuses parameters that are not ``known`` or repeated, and texts that are none of the type of theirs."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if unknown := [name for name in dict.fromkeys(name for name, _ in given) if name not in known]:
                raise RequestValidationError([_refusal(name) for name in unknown])
            times = Counter(name for name, _ in given)
            if repeated := [name for name, count in times.items() if count > 1 and not takes_several(known[name])]:
                raise RequestValidationError([_repetition(name, times[name]) for name in repeated])
            if faults := [error_at(("query", name), code) for name, text in given if (code := _code_of(text, known[name]))]:
                raise RequestValidationError(faults)
        await asked(scope, receive, send)

    return answer


def _refusal(name: str) -> dict[str, Any]:
    return {"type": "extra_forbidden", "loc": ("query", name), "msg": "There is no such query parameter", "input": None}


def _repetition(name: str, times: int) -> dict[str, Any]:
    message = "Input should be there once at most"
    context = {"max_length": 1, "actual_length": times}
    return {"type": "too_long", "loc": ("query", name), "msg": message, "ctx": context, "input": None}


def _code_of(text: str, annotation: object) -> str | None:
    """Return the code of a text that is none of this type, None if it is one or Pydantic says what is wrong."""
    written = written_as(annotation)
    return None if written is None or written[1].fullmatch(text) else written[0]


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, object]]:
    """Yield the name and the type of every parameter."""
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from ((it.alias or name, it.annotation) for name, it in kind.model_fields.items())
        else:
            yield field.alias, kind
    for other in dependant.dependencies:
        yield from _query_parameters(other)
