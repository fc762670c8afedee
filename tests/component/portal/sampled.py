"""The five APIs as far as their descriptions go: whatever is read is there in full, and nothing is taken that is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.routing import Match

from marktplatz.assembly import BUILDERS, ServiceName
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.publisher import RecordingPublisher

DATA = Path(__file__).parents[3] / "data"
DEEPEST = 8
"""Of lists in lists, such as the contracts below a contract."""
PLAIN = {"integer": 1, "number": 1, "boolean": True}
STRINGS = {"date": "2027-01-01", "date-time": "2027-01-01T09:00:00Z"}


@dataclass
class Sampled(httpx.AsyncBaseTransport):
    """A service that answers each GET by its description, with something in every list, and refuses all else by ``said``.

    ``known``: what it answers at the paths of routes whose descriptions say too little, and at all that begin in one way.
    """

    service: ServiceName
    known: Mapping[str, Any] = field(default_factory=dict)
    said: str = "no"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            return httpx.Response(422, json={"code": self.said, "detail": self.said})
        beginning = next((it for it in self.known if request.url.path.startswith(it)), None)
        if beginning is not None:
            return httpx.Response(200, json=self.known[beginning])
        route = next((it for it in _routes(self.service) if _is_at(it, request.url.path)), None)
        if route is None:
            return httpx.Response(404, json={"code": "not_found", "detail": "There is no such path."})
        if route.response_model is None:
            return httpx.Response(200, content=b"%PDF-1.7")
        answer = self.known.get(route.path) or _sampled(self.service, route.path)
        return httpx.Response(200, json=answer, headers={"ETag": '"1"'})


def thing(service: ServiceName, path: str) -> Any:
    """Return what a service answers at the path of a route."""
    return _sampled(service, path)


def _is_at(route: APIRoute, path: str) -> bool:
    return route.matches({"type": "http", "method": "GET", "path": path})[0] is Match.FULL


@cache
def _routes(service: ServiceName) -> tuple[APIRoute, ...]:
    router = BUILDERS[service](Resources(SqliteStore(None), RecordingPublisher(), DATA)).router
    return tuple(it for it in router.routes if isinstance(it, APIRoute) and "GET" in (it.methods or ()))


@cache
def _sampled(service: ServiceName, path: str) -> Any:
    model = next(it.response_model for it in _routes(service) if it.path == path)
    schema = TypeAdapter(model).json_schema(mode="serialization", by_alias=True)
    return _sample(schema, schema.get("$defs", {}), 0)


def _sample(schema: dict[str, Any], models: dict[str, Any], depth: int) -> Any:
    """Return a value of a schema: its example, completed where something is empty in it, else the first value that fits."""
    variants = [it for name in ("anyOf", "oneOf", "allOf") for it in schema.get(name, ()) if it.get("type") != "null"]
    if named := [*([models[schema["$ref"].rpartition("/")[2]]] if "$ref" in schema else []), *variants]:
        return _sample(named[0], models, depth)
    example = next(iter(schema.get("examples", ())), None)
    if "properties" in schema:
        known = example if isinstance(example, dict) else {}
        return {
            name: _sample(it, models, depth) if known.get(name) in (None, []) else known[name]
            for name, it in schema["properties"].items()
        }
    if example is not None or "const" in schema:
        return schema["const"] if example is None else example
    kind = schema.get("type", "object")
    if kind == "array":
        return [] if depth > DEEPEST else [_sample(schema.get("items", {}), models, depth + 1)]
    if kind == "string":
        return next(iter(schema.get("enum", ())), STRINGS.get(schema.get("format", ""), "x"))
    return PLAIN.get(kind, {})
