"""What surrounds every request: correlation, trace context, the log line, metrics, and the last answer to an unexpected error."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from fastapi.routing import iter_route_contexts
from prometheus_client import Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.probes import PATHS
from shared.http.problem import internal_error
from shared.tracing import context, spans
from shared.tracing.spans import Kind, Span

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SERVER_ERROR = 500

REQUESTS = Counter("http_requests_total", "Requests answered.", ("service", "method", "route", "status"))
DURATION = Histogram("http_request_duration_seconds", "Time from request to answer.", ("service", "method", "route"))
RUNNING = Gauge("http_requests_running", "Requests at work.", ("service",))

log = structlog.get_logger("shared.http")


class Observe:
    """ASGI middleware around one API.

    The correlation id is that of the order, which the routes of an order set; of other requests it is the client's, if it
    sends one. The answer always names an id to ask for: the correlation id or else the trace id.
    ``crashed`` returns what answers a request that failed unexpectedly, instead of a problem.
    """

    def __init__(self, app: ASGIApp, service: str, crashed: Callable[[Scope], ASGIApp] | None = None) -> None:
        self.app = app
        self.service = service
        self.crashed = crashed or (lambda scope: internal_error(scope["path"]))
        self._paths: dict[object, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        correlation = context.correlation_id.set(context.valid_correlation_id(headers.get("x-correlation-id")))
        parent = context.valid_traceparent(headers.get("traceparent"))
        trace = context.traceparent.set(context.child_traceparent(parent))
        try:
            with RUNNING.labels(self.service).track_inprogress():
                await self._observed(scope, receive, send)
        finally:
            context.traceparent.reset(trace)
            context.correlation_id.reset(correlation)

    async def _observed(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status: int | None = None

        async def outgoing(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _decorate(MutableHeaders(scope=message))
            await send(message)

        try:
            await self.app(scope, receive, outgoing)
        except Exception:
            log.exception("request_crashed", method=scope["method"], path=scope["path"])
            if status is not None:
                raise
            await self.crashed(scope)(scope, receive, outgoing)
        finally:
            self._record(scope, status or 499, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log the request. The query is left out of the log: it may hold names. 499: the client went away."""
        route = self._route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        REQUESTS.labels(self.service, method, route, status).inc()
        DURATION.labels(self.service, method, route).observe(seconds)
        if scope["path"] not in PATHS:
            if spans.enabled():
                self._export_span(scope, f"{method} {route}", status, seconds)
            milliseconds = round(seconds * 1000, 1)
            log.info("request", service=self.service, method=method, path=scope["path"], status=status, ms=milliseconds)

    def _route(self, scope: Scope) -> str:
        """Return the whole path template of the matched route: below an included router a route knows only its own part."""
        if self._paths is None:
            contexts = iter_route_contexts(scope["app"].routes)
            self._paths = {found.endpoint: found.path_format or "" for found in contexts if found.endpoint is not None}
        return self._paths.get(scope.get("endpoint"), "unmatched")

    def _export_span(self, scope: Scope, name: str, status: int, seconds: float) -> None:
        ended = time.time_ns()
        attributes = {
            "http.request.method": scope["method"],
            "http.route": name.partition(" ")[2],
            "http.response.status_code": status,
        }
        spans.export(
            Span(
                name,
                Kind.SERVER,
                "http",
                context.traceparent.get() or context.new_traceparent(),
                context.valid_traceparent(Headers(scope=scope).get("traceparent")),
                ended - int(seconds * 1e9),
                ended,
                attributes,
                str(status) if status >= _SERVER_ERROR else None,
            )
        )


def _decorate(headers: MutableHeaders) -> None:
    headers["X-Correlation-ID"] = context.correlation_id.get() or context.trace_id() or ""
    headers["traceparent"] = context.traceparent.get() or ""
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("X-Content-Type-Options", "nosniff")
