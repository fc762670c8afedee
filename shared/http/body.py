"""What a request body may be: at most 1 MiB of JSON that has one meaning only."""

from __future__ import annotations

import json
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.problem import problem

BODY_LIMIT = 1024 * 1024
DEPTH_LIMIT = 64


class BodyGuard:
    """ASGI middleware: reads the body, refuses what is too large or no plain JSON, and hands it on unchanged.

    Two keys of one name, NaN, half of a surrogate pair and deep nesting are refused: parsers differ in what they make of them.
    """

    def __init__(self, app: ASGIApp, limit: int = BODY_LIMIT) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        too_large = declared.isdigit() and int(declared[:19]) > self.limit
        body = None if too_large else await _read(receive, self.limit)
        refusal = _refusal(body, headers.get(b"content-type", b""), self.limit)
        if refusal is not None:
            status, code, detail = refusal
            await problem(status, code, detail, instance=scope["path"])(scope, receive, send)
            return
        await self.app(scope, _replay(body or b"", receive), send)


def _refusal(body: bytes | None, content_type: bytes, limit: int) -> tuple[int, str, str] | None:
    if body is None:
        return 413, "body_too_large", f"The body is longer than {limit} bytes."
    if not body:
        return None
    media_type = content_type.partition(b";")[0].strip().lower()
    if media_type != b"application/json" and not (media_type.startswith(b"application/") and media_type.endswith(b"+json")):
        return 415, "unsupported_media_type", "The body must be application/json."
    try:
        check_json(body)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, AmbiguousJsonError) else "The body is not valid JSON."
        return 400, "json_invalid", reason
    return None


class AmbiguousJsonError(ValueError):
    """JSON that another reader may take otherwise; the text says why."""


def check_json(body: bytes) -> None:
    """Return if the bytes are JSON with one meaning. Raises ValueError or RecursionError."""
    value = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    if body.count(b"{") + body.count(b"[") > DEPTH_LIMIT:
        _check_depth(value)
    if b"\\u" in body:
        json.dumps(value, ensure_ascii=False).encode()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise AmbiguousJsonError("The body has two keys of one name in one object.")
    return found


def _refuse_constant(name: str) -> object:
    raise AmbiguousJsonError(f"{name} is not JSON.")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [child for item in level for child in _children(item) if isinstance(child, (dict, list))]
        if not level:
            return
    raise AmbiguousJsonError(f"The body is nested deeper than {DEPTH_LIMIT} levels.")


def _children(item: object) -> Iterable[object]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Return the whole body, None if it is longer than the limit."""
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


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = True

    async def replayed() -> Message:
        nonlocal waiting
        if waiting:
            waiting = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replayed
