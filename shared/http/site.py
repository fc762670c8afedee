"""The application around pages for people: as ``shared.http.app`` for APIs, but what goes wrong is shown as a page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import ForbiddenError, MarktplatzError, RetryableError
from shared.http import limits
from shared.http.body import out_of_bounds, read_body, replay
from shared.http.head import Head
from shared.http.health import Health
from shared.http.observe import Observe
from shared.http.probes import PATHS, probes
from shared.http.uploads import Uploads

FORM = b"application/x-www-form-urlencoded"
HEADERS: Mapping[str, str] = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""What a browser is told with each page, beside the policy for its contents. ``no-referrer`` would empty the Origin of forms."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_COMPRESS_FROM = 1000

log = structlog.get_logger()


class CrossSiteError(ForbiddenError):
    """A form was sent from another site, or by something that does not say from where (HTTP 403)."""

    code = "cross_site"


@dataclass(frozen=True, slots=True)
class Site:
    """What makes the routes of a service pages.

    ``origin`` is where people reach them, such as ``https://marktplatz.example``: forms are taken from there only, unless their
    path is one of ``open_paths``. ``policy``: the Content-Security-Policy. ``error_page`` shows what went wrong, also to requests
    that no route has seen. ``prefixes``: the first part of a path by which pages are asked for in another language.
    ``state``: what routes find in ``app.state``. ``on_stop`` is awaited when the process ends.
    """

    origin: str
    policy: str
    error_page: Callable[[Request, int, str], Response]
    prefixes: tuple[str, ...] = ()
    open_paths: frozenset[str] = frozenset()
    state: Mapping[str, object] = field(default_factory=dict)
    on_stop: tuple[Callable[[], Awaitable[None]], ...] = field(default=())


def create_site(service: str, router: APIRouter, site: Site, *, title: str, health: Health) -> FastAPI:
    """Return the application that serves pages: with probes, observation, bounds, and headers for the browser. No I/O."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        for stop in site.on_stop:
            await stop()

    app = FastAPI(title=title, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan)
    for name, value in site.state.items():
        setattr(app.state, name, value)
    app.router.routes.extend([*router.routes, *probes(health).routes])
    _show_errors(app, site)
    app.add_middleware(GZipMiddleware, minimum_size=_COMPRESS_FROM)
    app.add_middleware(_Language, prefixes=site.prefixes)
    app.add_middleware(_Inside, site=site)
    app.add_middleware(_Forms, site=site, uploads=Uploads.of(router.routes))
    app.add_middleware(Head)
    app.add_middleware(_BrowserHeaders, policy=site.policy)
    app.add_middleware(Observe, service=service, crashed=lambda scope: site.error_page(Request(scope), 500, "internal_error"))
    return app


def _show_errors(app: FastAPI, site: Site) -> None:
    async def known(request: Request, raised: Exception) -> Response:
        error = cast(MarktplatzError, raised)
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("page_failed", code=error.code, detail=error.detail, exc_info=not isinstance(error, RetryableError))
        return site.error_page(request, error.status, error.code)

    async def malformed(request: Request, _: Exception) -> Response:
        return site.error_page(request, 400, "invalid")

    async def routing(request: Request, raised: Exception) -> Response:
        error = cast(HTTPException, raised)
        return site.error_page(
            request, error.status_code, "not_found" if error.status_code == HTTPStatus.NOT_FOUND else "refused"
        )

    app.add_exception_handler(MarktplatzError, known)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, routing)


class _Language:
    """ASGI middleware: has ``/en/…`` answered by the route of ``/…``. The prefix is the ``root_path`` then."""

    def __init__(self, app: ASGIApp, prefixes: tuple[str, ...]) -> None:
        self.app = app
        self.prefixes = prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            prefix = next((it for it in self.prefixes if path == it or path.startswith(f"{it}/")), None)
            if prefix is not None:
                scope = {**scope, "root_path": prefix, "path": path if path != prefix else f"{prefix}/"}
        await self.app(scope, receive, send)


class _Inside:
    """ASGI middleware: whoever comes by the public address, over https, finds neither probes nor metrics there.

    All paths of the host that are no API's lead to a site. Probes and metrics are asked for inside, at the address of a process;
    by http a site is public on one machine only, where both are the same.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site
        public = urlsplit(site.origin)
        self.host = public.netloc if public.scheme == "https" else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.host is not None and self._is_inside(scope["path"]):
            host = Headers(scope=scope).get("host", "").lower()
            if host.removesuffix(":443") == self.host.lower().removesuffix(":443"):
                await self.site.error_page(Request(scope), 404, "not_found")(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _is_inside(self, path: str) -> bool:
        return any(path.removeprefix(prefix) in PATHS for prefix in ("", *self.site.prefixes))


class _Forms:
    """ASGI middleware: takes the body of a form only, of bounded length, and only where the browser says that it is from us.

    A request from another site is known by its Fetch metadata, in older browsers by its Origin (OWASP, cross-site request
    forgery); one with neither is refused. A form with a file goes on unread to the route that takes it, which reads it once it
    knows from whom it is.
    """

    def __init__(self, app: ASGIApp, site: Site, uploads: Uploads) -> None:
        self.app = app
        self.site = site
        self.uploads = uploads
        self.files_at_once = asyncio.Semaphore(limits.FILES_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = out_of_bounds(scope)
        if refusal is not None:
            await self._refuse(scope, receive, send, refusal[0], refusal[1])
            return
        if scope["method"] in _SAFE:
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope["path"] not in self.site.open_paths and not self._is_ours(headers):
            await self._refuse(scope, receive, send, CrossSiteError.status, CrossSiteError.code)
            return
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        brings_file = media_type.decode("latin-1") in self.uploads.types({**scope, "path": self._plain(scope["path"])})
        declared = headers.get(b"content-length", b"0")
        limit = limits.UPLOAD_FORM_BYTES if brings_file else limits.FORM_BYTES
        if declared.isdigit() and int(declared[:19]) > limit:
            await self._refuse(scope, receive, send, 413, "body_too_large")
        elif brings_file:
            async with self.files_at_once:
                await self.app(scope, receive, send)
        else:
            await self._take(scope, receive, send, media_type)

    async def _take(self, scope: Scope, receive: Receive, send: Send, media_type: bytes) -> None:
        body = await read_body(receive, limits.FORM_BYTES)
        if body is None:
            await self._refuse(scope, receive, send, 413, "body_too_large")
        elif body and media_type != FORM:
            await self._refuse(scope, receive, send, 415, "unsupported_media_type")
        else:
            await self.app(scope, replay(body, receive), send)

    def _plain(self, path: str) -> str:
        """Return a path without the part that names a language."""
        prefix = next((it for it in self.site.prefixes if path.startswith(f"{it}/")), "")
        return path.removeprefix(prefix)

    def _is_ours(self, headers: Mapping[bytes, bytes]) -> bool:
        site = headers.get(b"sec-fetch-site")
        if site is not None:
            return site == b"same-origin"
        return headers.get(b"origin", b"").decode("latin-1") == self.site.origin

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int, code: str) -> None:
        await self.site.error_page(Request(scope), status, code)(scope, receive, send)


class _BrowserHeaders:
    """ASGI middleware: states with each answer what a browser may load and do."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app = app
        self.headers = {**HEADERS, "Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def outgoing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, outgoing if scope["type"] == "http" else send)
