"""What everybody may read, for pages of any site and for caches: cross-origin reading (CORS) and compression.

Only requests without a token are concerned. What they get is the same for everybody, so no site learns by a visitor's browser
what it could not ask for itself, and no secret is compressed beside what a stranger chooses.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMPRESS_FROM: Final = 1024
"""Bytes below which an answer is sent as it is."""
NOT_MODIFIED: Final = 304
_LEVEL: Final = 5
_ALLOWED: Final = ("If-None-Match", "X-Correlation-ID", "traceparent")
_EXPOSED: Final = ("ETag", "Link", "Retry-After", "X-Correlation-ID", "traceparent")
_DAY: Final = 86400
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class OpenData:
    """ASGI middleware around an API: answers preflight requests for reading, lets other sites read, and compresses."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._open = CORSMiddleware(
            _WeakTags(GZipMiddleware(app, minimum_size=COMPRESS_FROM, compresslevel=_LEVEL)),
            allow_origins=("*",),
            allow_methods=("GET", "HEAD"),
            allow_headers=_ALLOWED,
            expose_headers=_EXPOSED,
            max_age=_DAY,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._open if _is_open(scope) else self.app)(scope, receive, send)


class _WeakTags:
    """Marks the entity tag of a compressed answer as weak: its bytes are not those of the plain one (RFC 9110, 8.8.3.3).

    Who asks with a weak tag is told that it still holds by the same one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = ",".join(Headers(scope=scope).getlist("If-None-Match"))

        async def outgoing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                tag = headers.get("ETag", "")
                weak = f"W/{tag}" in held if message["status"] == NOT_MODIFIED else "Content-Encoding" in headers
                if tag.startswith('"') and weak:
                    headers["ETag"] = f"W/{tag}"
                if message["status"] == NOT_MODIFIED:
                    # As the full answer has it, which a cache goes on holding with the headers of this one.
                    headers.add_vary_header("Accept-Encoding")
            await send(message)

        await self.app(scope, receive, outgoing)


def _is_open(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] in _READING
        and scope["path"].startswith("/v1/")
        and "Authorization" not in Headers(scope=scope)
    )
