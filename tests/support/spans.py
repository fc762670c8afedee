"""An exporter that keeps the spans it is given, and a receiver of OTLP over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from shared.tracing import spans
from shared.tracing.spans import Span


class KeptSpans:
    """Implements ``shared.spans.spans.Exporter`` in memory."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.closed = False

    def export(self, span: Span) -> None:
        self.spans.append(span)

    def close(self) -> None:
        self.closed = True

    def named(self, name: str) -> list[Span]:
        """Return the spans of that name."""
        return [span for span in self.spans if span.name == name]


@contextmanager
def recorded_spans() -> Iterator[KeptSpans]:
    """Switch tracing on, into memory, for a while."""
    recorded = KeptSpans()
    spans.use(recorded)
    try:
        yield recorded
    finally:
        spans.use(None)


class Receiver:
    """A collector on this machine: keeps every span that is posted to /v1/traces, with the service that it came from."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, WireSpan]] = []
        self.requests = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(self.path, body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002, ARG002 - the library's own signature
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is to be."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def take(self, path: str, body: bytes) -> None:
        """Keep the spans of one request."""
        assert path == "/v1/traces"
        self.requests += 1
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = [entry.value.string_value for entry in group.resource.attributes if entry.key == "service.name"]
            self.spans += [(names[0], span) for scope in group.scope_spans for span in scope.spans]

    @contextmanager
    def listening(self) -> Iterator[Receiver]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
