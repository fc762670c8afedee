"""Tracing is off unless a receiver is named, keeps out of the way then, and tells what was sampled otherwise."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from shared.tracing import context, otlp, setup, spans
from shared.tracing.otlp import OtlpExporter, readable
from shared.tracing.spans import Kind, Span
from tests.support.spans import Receiver, recorded_spans

pytestmark = pytest.mark.slow

TRACE, OWN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"


def span(own: str = f"00-{TRACE}-{OWN}-01", parent: str | None = f"00-{TRACE}-{PARENT}-01", error: str | None = None) -> Span:
    return Span("send mail", Kind.CLIENT, "notify", own, parent, 1_000, 5_000, {"notification.id": "n"}, error)


@pytest.fixture(autouse=True)
def _off() -> Iterator[None]:
    yield
    spans.use(None)


def test_without_an_endpoint_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(setup.ENDPOINT, raising=False)
    setup.start("ordering-api")
    assert not spans.enabled()
    monkeypatch.setenv(setup.ENDPOINT, "")
    setup.start("ordering-api")
    assert not spans.enabled()


def test_a_process_without_tracing_does_not_even_load_the_sdk() -> None:
    code = (
        "import sys; import marktplatz.process; from shared.tracing import setup; setup.start('x');"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter', 'shared.tracing.otlp'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, env={"PATH": ""})
    assert done.stdout.strip() == "[]"


def test_an_endpoint_switches_it_on_and_the_spans_arrive_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver().listening() as receiver:
        monkeypatch.setenv(setup.ENDPOINT, receiver.endpoint)
        setup.start("notify-worker")
        assert spans.enabled()
        spans.export(span())
        spans.stop()
        assert not spans.enabled()
    ((service, found),) = receiver.spans
    assert service == "notify-worker"
    assert (found.trace_id.hex(), found.span_id.hex(), found.parent_span_id.hex()) == (TRACE, OWN, PARENT)
    assert (found.name, found.start_time_unix_nano, found.end_time_unix_nano) == ("send mail", 1_000, 5_000)


def test_the_platform_may_name_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "marktplatz-notify")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging")
    recorded: list[ReadableSpan] = []
    OtlpExporter("notify-worker", _Keeping(recorded)).export(span())
    attributes = recorded[0].resource.attributes
    assert attributes["service.name"] == "marktplatz-notify"
    assert attributes["deployment.environment.name"] == "staging"
    assert attributes["service.namespace"] == "efa-marktplatz"


def test_a_span_becomes_one_of_the_sdk_with_its_own_ids() -> None:
    found = readable(span(error="smtp_550"), Resource({}))
    assert found.context is not None
    assert found.parent is not None
    assert (f"{found.context.trace_id:032x}", f"{found.context.span_id:016x}") == (TRACE, OWN)
    assert f"{found.parent.span_id:016x}" == PARENT
    assert found.context.trace_flags.sampled
    assert (found.kind, found.status.status_code, found.status.description) == (SpanKind.CLIENT, StatusCode.ERROR, "smtp_550")
    assert readable(span(), Resource({})).status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("parent", [None, f"00-{'1' * 32}-{PARENT}-01"])
def test_a_parent_of_another_trace_is_none(parent: str | None) -> None:
    assert readable(span(parent=parent), Resource({})).parent is None


def test_a_trace_that_its_beginner_did_not_sample_is_not_told() -> None:
    with recorded_spans() as recorded:
        spans.export(span(own=f"00-{TRACE}-{OWN}-00"))
        spans.export(span(own=f"00-{TRACE}-{OWN}-01"))
    assert [found.traceparent[-2:] for found in recorded.spans] == ["01"]


@pytest.mark.parametrize("on", [True, False])
def test_work_belongs_to_its_trace_whether_spans_are_told_or_not(on: bool) -> None:  # noqa: FBT001 - a parameter of the test
    parent = f"00-{TRACE}-{PARENT}-01"
    with recorded_spans() as recorded:
        if not on:
            spans.use(None)
        with spans.recorded_span("send mail", Kind.CLIENT, "notify", parent, {}) as work:
            inside = context.traceparent.get()
            work.error = "smtp_421"
    assert context.traceparent.get() is None
    assert inside is not None
    assert inside.startswith(f"00-{TRACE}-")
    assert inside != parent
    reported = [(found.traceparent, found.parent, found.error) for found in recorded.spans]
    assert reported == ([(inside, parent, "smtp_421")] if on else [])


def test_work_that_raises_may_know_with_the_kind_of_its_error_only() -> None:
    with (
        recorded_spans() as recorded,
        pytest.raises(ValueError, match="Husum"),
        spans.recorded_span("w", Kind.CLIENT, "notify", None, {}),
    ):
        raise ValueError("a text with Husum in it")
    assert [found.error for found in recorded.spans] == ["ValueError"]


class _Keeping(SpanProcessor):
    def __init__(self, recorded: list[ReadableSpan]) -> None:
        self.recorded = recorded

    def on_end(self, span: ReadableSpan) -> None:
        self.recorded.append(span)


class _Hanging(SpanProcessor):
    def __init__(self) -> None:
        self.released = threading.Event()

    def shutdown(self) -> None:
        self.released.wait()


def test_the_end_of_a_process_does_not_wait_for_a_receiver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "CLOSE_SECONDS", 0.01)
    hanging = _Hanging()
    OtlpExporter("notify-worker", hanging).close()
    assert not hanging.released.is_set()
    hanging.released.set()


def test_a_receiver_that_is_away_disturbs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(setup.ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    setup.start("notify-worker")
    for _ in range(5000):
        spans.export(span())
    spans.stop()
    assert not spans.enabled()
