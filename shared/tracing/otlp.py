"""Sends spans by OTLP over HTTP, in batches from a thread of its own. OpenTelemetry's OTEL_… variables set where and how."""

from __future__ import annotations

import threading

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from shared.tracing.spans import Span

CLOSE_SECONDS = 5.0
_OK, _SAMPLED = Status(StatusCode.UNSET), TraceFlags(TraceFlags.SAMPLED)


class OtlpExporter:
    """Implements ``shared.tracing.spans.Exporter``. While the receiver is away spans are dropped; the work goes on."""

    def __init__(self, process: str, processor: SpanProcessor | None = None) -> None:
        own = Resource({"service.name": process, "service.namespace": "efa-marktplatz"})
        self._resource = own.merge(OTELResourceDetector().detect())
        self._processor = processor or BatchSpanProcessor(OTLPSpanExporter())

    def export(self, span: Span) -> None:
        """Add one span to the next batch."""
        self._processor.on_end(readable(span, self._resource))

    def close(self) -> None:
        """Send what is left; give up after five seconds, so that the end of a process does not wait for a receiver."""
        closing = threading.Thread(target=self._processor.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


def readable(span: Span, resource: Resource) -> ReadableSpan:
    """Return a span as the SDK knows it."""
    own = _place(span.traceparent, is_remote=False)
    parent = None if span.parent is None else _place(span.parent, is_remote=True)
    return ReadableSpan(
        span.name,
        context=own,
        parent=parent if parent is not None and parent.trace_id == own.trace_id else None,
        resource=resource,
        attributes=dict(span.attributes),
        kind=SpanKind[span.kind.value],
        status=_OK if span.error is None else Status(StatusCode.ERROR, span.error),
        start_time=span.began,
        end_time=span.ended,
        instrumentation_scope=InstrumentationScope(f"marktplatz.{span.scope}"),
    )


def _place(traceparent: str, *, is_remote: bool) -> SpanContext:
    _, trace, span, _ = traceparent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=is_remote, trace_flags=_SAMPLED)
