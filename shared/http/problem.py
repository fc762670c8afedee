"""Every error of an API as ``application/problem+json`` (RFC 9457), with a stable ``code`` that clients may rely on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from shared.errors import (
    BusUnavailableError,
    MarktplatzError,
    RejectedError,
    RetryableError,
    StoreUnavailableError,
)
from shared.http import faults, limits
from shared.tracing import context

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:efa-marktplatz:problem:"
RETRY_AFTER_SECONDS = 2
_RESERVED = frozenset({"type", "title", "status", "detail", "instance", "code", "errors"})
_CODE_OF_STATUS = {
    404: "route_not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}

SCHEMA: dict[str, object] = {
    "title": "Problem",
    "description": "Problem details (RFC 9457). Further members depend on the code.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "code", "message"],
                "properties": {
                    "in": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the body."},
                    "parameter": {"type": "string"},
                },
            },
        },
    },
}

log = structlog.get_logger()


class RefusedRequestError(RejectedError):
    """A request that the HTTP layer itself refuses: status and headers are chosen per case."""

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(detail, code=code, **members)
        self.status = status
        self.headers: Mapping[str, str] = headers or {}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    instance: str,
    members: Mapping[str, object] | None = None,
    errors: Sequence[Mapping[str, object]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem answer. ``members`` become extension members; they never replace the standard ones."""
    body: dict[str, object] = {
        "type": f"{TYPE_PREFIX}{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
    }
    if errors:
        body["errors"] = list(errors)
    body.update({name: value for name, value in (members or {}).items() if name not in _RESERVED})
    return Response(_encode(body), status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def problem_of(error: MarktplatzError, instance: str) -> Response:
    """Return the problem answer of one of our errors. Of an error inside the service only the code is shown."""
    if isinstance(error, RetryableError):
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        if isinstance(error, (StoreUnavailableError, BusUnavailableError)):
            # Their text may hold addresses of servers.
            detail = "A part of the marketplace does not answer for the moment; the same request may succeed later."
            return problem(error.status, error.code, detail, instance=instance, headers=headers)
        return problem(error.status, error.code, error.detail, instance=instance, members=error.context, headers=headers)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return internal_error(instance)
    sent_headers = error.headers if isinstance(error, RefusedRequestError) else {}
    return problem(
        error.status,
        error.code,
        error.detail,
        instance=instance,
        members=error.context,
        headers=sent_headers,
    )


def internal_error(instance: str) -> Response:
    """Return the answer to an unexpected error: it holds nothing but where the operator finds it in the logs."""
    members = {"correlation_id": context.correlation_id.get() or context.trace_id()}
    detail = "Unexpected error. The operator finds it in the logs under the correlation id."
    return problem(500, "internal_error", detail, instance=instance, members=members)


def install(app: FastAPI) -> None:
    """Make every error that a route raises, and those of routing itself, a problem answer."""
    app.add_exception_handler(MarktplatzError, _marktplatz_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)


async def _marktplatz_error(request: Request, raised: Exception) -> Response:
    error = cast(MarktplatzError, raised)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        unexpected = not isinstance(error, RetryableError)
        log.warning("request_failed", code=error.code, detail=error.detail, exc_info=unexpected)
    return problem_of(error, request.url.path)


async def _validation_error(request: Request, raised: Exception) -> Response:
    found = cast(RequestValidationError, raised).errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem(400, "json_invalid", "The body is not valid JSON.", instance=request.url.path)
    language = faults.language_of(request)
    errors = [_field_error(item, language) for item in found[: limits.ERRORS_NAMED]]
    detail = faults.count_of(len(found), len(errors), language)
    headers = {**faults.HEADERS, "Content-Language": language}
    return problem(422, "invalid", detail, instance=request.url.path, errors=errors, headers=headers)


async def _http_exception(request: Request, raised: Exception) -> Response:
    error = cast(HTTPException, raised)
    status = error.status_code
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    code = _CODE_OF_STATUS.get(status, phrase.lower().replace(" ", "_").replace("-", "_"))
    headers = {"Allow": ", ".join(_allowed(request))} if status == HTTPStatus.METHOD_NOT_ALLOWED else error.headers
    return problem(status, code, str(error.detail), instance=request.url.path, headers=headers)


def _allowed(request: Request) -> list[str]:
    """Return every method that some route offers on the path (RFC 9110, 15.5.6); where there is GET there is HEAD."""
    offered = [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.router.routes)
    ]
    return [*(["HEAD"] if "GET" in offered else []), *offered]


def _field_error(item: Mapping[str, Any], language: str) -> dict[str, object]:
    """Return where and what is wrong, never the value itself: it may be personal or not even be JSON."""
    place, *path = item["loc"] or ("body",)
    found: dict[str, object] = {"in": str(place), "code": str(item["type"]), "message": _cut(faults.sentence(item, language))}
    if place == "body":
        found["pointer"] = "#" + "".join(f"/{_escaped(part)}" for part in path)
    elif path:
        found["parameter"] = _cut(path[0])
    return found


def _cut(text: object) -> str:
    """Return a text at a length that does not grow with what the client sent."""
    whole = str(text)
    return whole if len(whole) <= limits.ERROR_TEXT else f"{whole[: limits.ERROR_TEXT]}…"


def _escaped(part: object) -> str:
    return _cut(part).replace("~", "~0").replace("/", "~1")


def _encode(body: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(body, default=_plain)
    except TypeError:
        return orjson.dumps({name: body[name] for name in body if name in _RESERVED}, default=str)


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    return str(value)
