"""Which requests bring a file instead of JSON: routes say so in their OpenAPI, and the guard lets only those through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, compile_path
from starlette.types import Scope

from shared.http import limits


def file_body(*media_types: str) -> dict[str, Any]:
    """Return what a route that takes a file as its body says of it: ``openapi_extra`` of the route."""
    schema = {"type": "string", "format": "binary", "maxLength": limits.UPLOAD_BYTES}
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema} for media_type in media_types}}}


@dataclass(frozen=True, slots=True)
class Uploads:
    """The routes that take a file: method and whole path of each, with the media types that it takes."""

    routes: tuple[tuple[str, re.Pattern[str], frozenset[str]], ...] = ()

    @classmethod
    def of(cls, routes: Sequence[BaseRoute]) -> Uploads:
        """Return those among the routes of an application that take a file."""
        found = []
        for it in iter_route_contexts(routes):
            extra: dict[str, Any] | None = getattr(it.original_route, "openapi_extra", None)
            if extra is not None and "requestBody" in extra:
                pattern, _, _ = compile_path(it.path or "")
                found += [(method, pattern, frozenset(extra["requestBody"]["content"])) for method in it.methods or ()]
        return cls(tuple(found))

    def types(self, scope: Scope) -> frozenset[str]:
        """Return the media types that a request may bring as a file, none for one that brings JSON."""
        asked = ((method, pattern, types) for method, pattern, types in self.routes if method == scope["method"])
        return next((types for _, pattern, types in asked if pattern.match(scope["path"])), frozenset())
