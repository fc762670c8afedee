"""What a request may be: bounded in every part, its body JSON that has one meaning only, read for known callers alone."""

from __future__ import annotations

import asyncio
import contextlib
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import strict_json
from shared.errors import MarktplatzError
from shared.http import limits
from shared.http.caller import Authenticator, bearer_token
from shared.http.problem import problem
from shared.http.uploads import Uploads

_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::[0-9]{0,5})?", re.ASCII)
"""Host and port (RFC 3986, 3.2.2)."""
BOUNDS = strict_json.Bounds(depth=limits.BODY_DEPTH, nodes=limits.BODY_NODES)
CALLER = "marktplatz.caller"
"""Where the guard leaves the person whose token it has checked, in the request's scope."""


class RequestGuard:
    """ASGI middleware: refuses what is out of bounds, reads the body, refuses what is no plain JSON, hands it on unchanged.

    A body is read only after its token was found valid: without one the application sees an empty body and answers what it
    answers to that, 401 or 404 or 405. ``shared.strict_json`` defines what counts as JSON.
    """

    def __init__(
        self, app: ASGIApp, authenticator: Authenticator, limit: int = limits.BODY_BYTES, uploads: Uploads | None = None
    ) -> None:
        self.app = app
        self.authenticator = authenticator
        self.limit = limit
        self.uploads = uploads
        self.files_at_once = asyncio.Semaphore(limits.FILES_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = out_of_bounds(scope)
        if refusal is not None:
            status, code, detail = refusal
            await problem(status, code, detail, instance=scope["path"][: limits.ERROR_TEXT])(scope, receive, send)
            return
        if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
            return
        if not await self._admitted(scope):
            await self.app(scope, replay(b"", receive), send)
            return
        if self.uploads is None:
            self.uploads = Uploads.of(scope["app"].routes) if "app" in scope else Uploads()
        files = self.uploads.types(scope)
        async with self.files_at_once if files else contextlib.nullcontext():
            await self._take(scope, receive, send, files)

    async def _take(self, scope: Scope, receive: Receive, send: Send, files: frozenset[str]) -> None:
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        limit = limits.UPLOAD_BYTES if files else self.limit
        too_large = declared.isdigit() and int(declared[:19]) > limit
        body = None if too_large else await read_body(receive, limit)
        content_type = headers.get(b"content-type", b"")
        refusal = _refusal_of_file(body, content_type, files) if files else _refusal(body, content_type, limit)
        if refusal is not None:
            status, code, detail = refusal
            await problem(status, code, detail, instance=scope["path"])(scope, receive, send)
            return
        await self.app(scope, replay(body or b"", receive), send)

    async def _admitted(self, scope: Scope) -> bool:
        """Check the token, and leave its person for the application; what is wrong with it the application answers."""
        sent = [value for name, value in scope["headers"] if name == b"authorization"]
        token = bearer_token([value.decode("latin-1") for value in sent])
        if token is None:
            return False
        try:
            scope[CALLER] = await self.authenticator.authenticate(token)
        except MarktplatzError:
            return False
        return True


def out_of_bounds(scope: Scope) -> tuple[int, str, str] | None:
    """Return status, code and text of the refusal of a head that goes beyond its bounds, None if it does not."""
    headers, query = scope["headers"], scope.get("query_string", b"")
    if len(scope.get("raw_path") or b"") > limits.PATH_BYTES:
        return 414, "path_too_long", f"The path is longer than {limits.PATH_BYTES} bytes."
    if len(query) > limits.QUERY_BYTES:
        return 414, "query_too_long", f"The query is longer than {limits.QUERY_BYTES} bytes."
    if query.count(b"&") + query.count(b";") >= limits.QUERY_PARAMETERS:
        return 400, "query_too_many", f"The query has more than {limits.QUERY_PARAMETERS} parameters."
    if len(headers) > limits.HEADERS or sum(len(name) + len(value) for name, value in headers) > limits.HEAD_BYTES:
        return 431, "headers_too_large", f"At most {limits.HEADERS} headers of {limits.HEAD_BYTES} bytes together are read."
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or not all(_HOST.fullmatch(host) for host in hosts) or (not hosts and scope["http_version"] != "1.0"):
        return 400, "host_invalid", "The request must name one host (RFC 9112, 3.2)."
    return None


def _refusal(body: bytes | None, content_type: bytes, limit: int) -> tuple[int, str, str] | None:
    if body is None:
        return 413, "body_too_large", f"The body is longer than {limit} bytes."
    if not body:
        return None
    media_type = content_type.partition(b";")[0].strip().lower()
    if media_type != b"application/json" and not (media_type.startswith(b"application/") and media_type.endswith(b"+json")):
        return 415, "unsupported_media_type", "The body must be application/json."
    try:
        strict_json.parse(body, BOUNDS)
    except strict_json.StrictJsonError as error:
        return 400, "json_invalid", f"{error.detail[0].upper()}{error.detail[1:]}."
    return None


def _refusal_of_file(body: bytes | None, content_type: bytes, files: frozenset[str]) -> tuple[int, str, str] | None:
    if body is None:
        return 413, "body_too_large", f"The file is longer than {limits.UPLOAD_BYTES} bytes."
    if content_type.partition(b";")[0].strip().lower().decode("latin-1") not in files:
        return 415, "unsupported_media_type", f"The body must be a file of one of the types {', '.join(sorted(files))}."
    return None


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Return the whole body, None if it is longer than ``limit`` bytes."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return what receives a body that has been read, and then what comes after it."""
    waiting = True

    async def replayed() -> Message:
        nonlocal waiting
        if waiting:
            waiting = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replayed
