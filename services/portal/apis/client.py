"""HTTP to one of the services: pooled, bounded in time, with the trace of the request that a page is made for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from services.portal.language import Language
from services.portal.metrics import ANSWERED, API_CALLS, FAILED
from shared.errors import (
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    MarktplatzError,
    NotFoundError,
    PreconditionFailedError,
    RejectedError,
    RetryableError,
)
from shared.tracing import context

T = TypeVar("T")
Parameters = Sequence[tuple[str, str]]
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30)
_CONNECT_SECONDS = 2.0
_FILE_SECONDS = 45.0
"""For a file to be looked through by a scanner and stored."""
_STANDARD = frozenset({"type", "title", "status", "detail", "instance", "code"})
_REFUSALS: Mapping[int, type[RejectedError]] = {
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    412: PreconditionFailedError,
}


class Reply(BaseModel):
    """What a page reads of an answer: a tolerant reader, which does not mind fields and values that are new."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@dataclass(frozen=True, slots=True)
class Access:
    """As whom a service is called: by whose token, for which organisation where one is chosen, and in which language."""

    token: str = field(repr=False)
    organisation: str | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """What a service has, and the entity tag that a change names by ``If-Match``."""

    content: T
    etag: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A list as a table (CSV), and how it is saved (``Content-Disposition``)."""

    content: bytes
    disposition: str


class ApiUnavailableError(RetryableError):
    """A service does not answer just now, or not in time."""

    code = "api_unavailable"


class ApiMisunderstoodError(MarktplatzError):
    """A service has answered what this portal does not understand."""

    code = "api_misunderstood"


class LoginNeededError(MarktplatzError):
    """The service asks who calls: nobody is logged in, or the login has ended."""

    code = "login_needed"
    status = 401


class Api:
    """Client of one service. ``transport`` is given by tests."""

    def __init__(self, name: str, url: str, timeout: timedelta, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.name = name
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(timeout.total_seconds(), connect=_CONNECT_SECONDS),
            limits=_LIMITS,
            transport=transport,
            trust_env=False,
        )

    async def get(
        self,
        path: str,
        reply: type[T] | TypeAdapter[T],
        parameters: Parameters = (),
        *,
        access: Access | None = None,
        language: Language | None = None,
    ) -> T:
        """Return what a GET answers.

        Raises NotFoundError, GoneError, InvalidError, ForbiddenError or LoginNeededError with the service's own code,
        ApiUnavailableError when it is away or busy, ApiMisunderstoodError.
        """
        return (await self.find(path, reply, parameters, access=access, language=language)).content

    async def find(
        self,
        path: str,
        reply: type[T] | TypeAdapter[T],
        parameters: Parameters = (),
        *,
        access: Access | None = None,
        language: Language | None = None,
    ) -> Stored[T]:
        """Return what a GET answers with its entity tag. Raises as ``get``."""
        request = self._client.build_request("GET", path, params=list(parameters), headers=_headers(access, language))
        response = await self._answer(request)
        return Stored(read(self.name, path, response.content, reply), response.headers.get("ETag"))

    async def post(
        self, path: str, *, key: str, access: Access, body: dict[str, Any] | None = None, match: str | None = None
    ) -> None:
        """Have something done, once for all requests with this ``key`` (Idempotency-Key).

        With ``match`` (If-Match) only while the thing is as it was read. Raises as ``get``, and ConflictError,
        PreconditionFailedError; the ``context`` of each refusal holds the other members of the problem, such as ``errors``.
        """
        await self._send("POST", path, access, body, {"Idempotency-Key": key}, match)

    async def make(
        self, path: str, reply: type[T], *, key: str, access: Access, body: dict[str, Any] | None, match: str | None = None
    ) -> T:
        """Have something made by a POST and return the answer. Raises as ``post``."""
        response = await self._send("POST", path, access, body, {"Idempotency-Key": key}, match)
        return read(self.name, path, response.content, reply)

    async def ask(self, path: str, reply: type[T], *, access: Access, body: dict[str, Any]) -> T:
        """Return what a POST answers that changes nothing. Raises as ``get``."""
        response = await self._send("POST", path, access, body, {}, None)
        return read(self.name, path, response.content, reply)

    async def put(self, path: str, reply: type[T], *, access: Access, body: dict[str, Any], match: str | None) -> T:
        """Replace something while it is as it was read (``match``, If-Match), and return the answer. Raises as ``post``."""
        response = await self._send("PUT", path, access, body, {}, match)
        return read(self.name, path, response.content, reply)

    async def content(self, path: str, *, access: Access | None) -> bytes:
        """Return the bytes of a file. Raises as ``get``."""
        return (await self._answer(self._client.build_request("GET", path, headers=_headers(access, None)))).content

    async def table(self, path: str, parameters: Parameters, *, access: Access) -> Table:
        """Return a list as a table. Raises as ``get``."""
        headers = {**_headers(access, None), "Accept": "text/csv"}
        response = await self._answer(self._client.build_request("GET", path, params=list(parameters), headers=headers))
        return Table(response.content, response.headers.get("Content-Disposition", "attachment"))

    async def patch(self, path: str, reply: type[T], *, access: Access, body: dict[str, Any], match: str | None) -> T:
        """Change parts of something while it is as it was read (``match``) and return the answer. Raises as ``post``."""
        return read(self.name, path, (await self._send("PATCH", path, access, body, {}, match)).content, reply)

    async def delete(self, path: str, parameters: Parameters = (), *, access: Access, match: str | None = None) -> None:
        """Remove something, with ``match`` only while it is as it was read. Raises as ``post``."""
        headers = {**_headers(access, None), **({} if match is None else {"If-Match": match})}
        await self._answer(self._client.build_request("DELETE", path, params=list(parameters), headers=headers))

    async def bring(
        self, path: str, reply: type[T], content: bytes, media_type: str, *, access: Access, match: str | None = None
    ) -> T:
        """Send a file, with ``match`` in place of what was read so, and return the answer. Raises as ``post``."""
        headers = {**_headers(access, None), "Content-Type": media_type, **({} if match is None else {"If-Match": match})}
        request = self._client.build_request("PUT", path, content=content, headers=headers, timeout=_FILE_SECONDS)
        return read(self.name, path, (await self._answer(request)).content, reply)

    async def _send(
        self, method: str, path: str, access: Access, body: dict[str, Any] | None, further: dict[str, str], match: str | None
    ) -> httpx.Response:
        headers = {**_headers(access, None), **further, **({} if match is None else {"If-Match": match})}
        return await self._answer(self._client.build_request(method, path, json=body, headers=headers))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self._client.send(request)
        except httpx.HTTPError as error:
            API_CALLS.labels(self.name, FAILED).inc()
            raise ApiUnavailableError(f"{self.name} does not answer: {type(error).__name__}.", service=self.name) from error
        failed = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        API_CALLS.labels(self.name, FAILED if failed else ANSWERED).inc()
        if not response.is_success:
            raise self._error(response)
        return response

    def _error(self, response: httpx.Response) -> MarktplatzError:
        problem = _problem(response)
        code, detail = str(problem.get("code", "unknown")), str(problem.get("detail", ""))
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            return LoginNeededError(detail)
        if status in (
            HTTPStatus.SERVICE_UNAVAILABLE,
            HTTPStatus.BAD_GATEWAY,
            HTTPStatus.GATEWAY_TIMEOUT,
            HTTPStatus.TOO_MANY_REQUESTS,
        ):
            return ApiUnavailableError(f"{self.name} answered {status}.", service=self.name, reason=code)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ApiMisunderstoodError(f"{self.name} answered {status} {code}.")
        further = {name: value for name, value in problem.items() if name not in _STANDARD}
        return _REFUSALS.get(status, InvalidError)(detail, code=code, **further)


def read(service: str, path: str, answer: bytes | dict[str, Any], reply: type[T] | TypeAdapter[T]) -> T:
    """Return what a service has answered, as JSON or decoded. Raises ApiMisunderstoodError."""
    adapter: TypeAdapter[T] = reply if isinstance(reply, TypeAdapter) else TypeAdapter(reply)
    try:
        return adapter.validate_json(answer) if isinstance(answer, bytes) else adapter.validate_python(answer)
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in item["loc"]) for item in error.errors()})[:5]
        raise ApiMisunderstoodError(f"{service} {path}: unfit are {', '.join(fields)}.") from error


def segment(text: str) -> str:
    """Return a text as one segment of a path, whatever it holds (RFC 3986, section 3.3)."""
    return quote(text, safe="")


def _headers(access: Access | None, language: Language | None) -> dict[str, str]:
    read = language or (access.language if access is not None else None)
    found = {
        "Accept-Language": read.value if read is not None else None,
        "Authorization": f"Bearer {access.token}" if access is not None else None,
        "X-Organisation": access.organisation if access is not None else None,
        "traceparent": context.traceparent.get(),
        "X-Correlation-ID": context.correlation_id.get(),
    }
    return {name: value for name, value in found.items() if value is not None}


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
