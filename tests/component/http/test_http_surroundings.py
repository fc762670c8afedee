"""What surrounds the routes: probes, metrics, trace context, the log line, the OpenAPI document and its page."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import Any

import pytest
import structlog
from fastapi import APIRouter

from shared.http.app import create_app
from shared.http.issuer import EmbeddedIssuer
from shared.messages.values import Role
from shared.tracing import context
from tests.component.http.probe import Probe
from tests.support.http import FakeAuthenticator, client

TOKEN = "anna/heide/KUNDE"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def parsed(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_liveness_goes_by_the_process_and_readiness_by_its_parts(probe: Probe) -> None:
    async with client(probe.app) as http:
        assert ((await http.get("/livez")).status_code, (await http.get("/readyz")).status_code) == (200, 200)
        probe.health.parts = {"store": True, "broker": False}
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"store": True, "broker": False})
        assert (await http.get("/livez")).status_code == 200
        probe.health.alive = False
        assert (await http.get("/livez")).status_code == 503


async def test_a_route_below_included_routers_counts_under_its_whole_path(probe: Probe) -> None:
    outer, inner = APIRouter(prefix="/v1"), APIRouter(prefix="/orders/{order_id}")

    @inner.post("/place")
    async def place(order_id: str) -> str:
        return order_id

    outer.include_router(inner)
    app = create_app("nested", outer, authenticator=FakeAuthenticator(), store=probe.store, health=probe.health)
    async with client(app, TOKEN) as http:
        assert (await http.post("/v1/orders/order-4711/place")).status_code == 200
        text = (await http.get("/metrics")).text
    assert 'http_requests_total{method="POST",route="/v1/orders/{order_id}/place",service="nested",status="200"} 1.0' in text
    assert "order-4711" not in text


async def test_metrics_count_requests_by_route_not_by_path(probe: Probe) -> None:
    async with client(probe.app, TOKEN) as http:
        before = (await http.get("/metrics")).text
        await http.put("/v1/things/17")
        await http.put("/v1/things/18")
        await http.get("/v1/no-such-thing-4711")
        await http.request("BREW", "/v1/things")
        after = (await http.get("/metrics")).text

    def count(text: str, labels: str) -> float:
        found = re.search(rf"^http_requests_total{{{re.escape(labels)}}} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    changed = 'method="PUT",route="/v1/things/{thing_id}",service="Probe API",status="200"'
    unknown = 'method="GET",route="unmatched",service="Probe API",status="404"'
    assert count(after, changed) - count(before, changed) == 2
    assert count(after, unknown) - count(before, unknown) == 1
    assert "no-such-thing" not in after
    assert "BREW" not in after
    assert "http_request_duration_seconds_bucket" in after


async def test_trace_context_and_correlation_id_are_taken_on_and_answered(probe: Probe) -> None:
    async with client(probe.app) as http:
        answer = await http.get("/v1/me", headers={"traceparent": TRACE, "X-Correlation-ID": "order-17"})
    assert answer.headers["x-correlation-id"] == "order-17"
    assert answer.headers["traceparent"].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert answer.headers["traceparent"] != TRACE
    assert (context.traceparent.get(), context.correlation_id.get()) == (None, None)


@pytest.mark.parametrize(
    "given", ["", "x", TRACE.upper(), TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32), TRACE + "-x"]
)
async def test_a_malformed_trace_context_begins_a_new_trace(probe: Probe, given: str) -> None:
    async with client(probe.app) as http:
        answer = await http.get("/v1/me", headers={"traceparent": given})
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", answer.headers["traceparent"])
    assert answer.headers["x-correlation-id"] == answer.headers["traceparent"].split("-")[1]


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>"])
async def test_a_malformed_correlation_id_is_not_taken_on(probe: Probe, given: str) -> None:
    async with client(probe.app) as http:
        assert (await http.get("/v1/me", headers={"X-Correlation-ID": given})).headers["x-correlation-id"] != given


async def test_answers_are_not_stored_by_caches_and_not_guessed_at(probe: Probe) -> None:
    async with client(probe.app) as http:
        headers = (await http.get("/v1/me")).headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


async def test_each_request_is_one_log_line_without_its_query(probe: Probe, lines: io.StringIO) -> None:
    async with client(probe.app) as http:
        await http.get("/v1/me?name=Anna", headers={"traceparent": TRACE, "X-Correlation-ID": "order-17"})
        await http.get("/livez")
    (line,) = [line for line in parsed(lines) if line["event"] == "request"]
    assert {name: line[name] for name in ("method", "path", "status", "correlation_id", "trace_id", "level")} == {
        "method": "GET",
        "path": "/v1/me",
        "status": 200,
        "correlation_id": "order-17",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "level": "info",
    }
    assert line["time"].endswith(("+01:00", "+02:00"))
    assert "Anna" not in lines.getvalue()


async def test_a_crash_is_logged_with_its_trace_back_and_the_answered_id(probe: Probe, lines: io.StringIO) -> None:
    async with client(probe.app) as http:
        answer = await http.get("/v1/errors/crash")
    (line,) = [line for line in parsed(lines) if line["event"] == "request_crashed"]
    assert "RuntimeError" in line["exception"]
    assert line["trace_id"] == answer.json()["correlation_id"]


async def test_logs_hold_no_token_whatever_happens(probe: Probe, lines: io.StringIO, tmp_path: Any) -> None:
    issuer = EmbeddedIssuer(tmp_path)
    token = issuer.sign_token(subject="anna", organisation="heide", organisation_name="Heide", roles=[Role.KUNDE])
    async with client(probe.app, token) as http:
        await http.get("/v1/me")
    async with client(probe.app, TOKEN) as http:
        await http.get("/v1/errors/crash")
        await http.get("/v1/errors/store_away")
    log = structlog.get_logger()
    log.error("sent", authorization=f"Bearer {TOKEN}", answer=f"got {token}", url="mongodb://nutzer:geheim@mongo/db")
    logging.getLogger("uvicorn.error").error("header Authorization: Bearer %s", token)
    written = lines.getvalue()
    assert not [secret for secret in (TOKEN, *token.split("."), "geheim@") if secret in written]
    assert len(parsed(lines)) >= 6


async def test_the_documentation_page_needs_no_foreign_host(probe: Probe) -> None:
    async with client(probe.app) as http:
        page = await http.get("/docs")
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert links
        for link in links:
            assert link.startswith("/docs/")
            answer = await http.get(link)
            assert answer.status_code == 200
            assert answer.content
        start = (await http.get("/docs/start.js")).text
    assert "://" not in page.text + start
    assert "<script>" not in page.text


async def test_the_openapi_document_is_3_1_with_security_examples_of_headers_and_the_problem(probe: Probe) -> None:
    async with client(probe.app) as http:
        document = (await http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    operation = document["paths"]["/v1/things"]["post"]
    assert operation["security"] == [{"bearer": []}]
    assert {parameter["name"] for parameter in operation["parameters"]} == {"Idempotency-Key", "X-Organisation"}
    assert operation["responses"]["default"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    assert document["components"]["schemas"]["Problem"]["required"]
    assert "/livez" not in document["paths"]


async def test_a_process_without_routes_still_has_probes_and_a_document(probe: Probe) -> None:
    app = create_app("Worker", APIRouter(), authenticator=FakeAuthenticator(), store=probe.store, health=probe.health)
    async with client(app) as http:
        assert [(await http.get(path)).status_code for path in ("/livez", "/readyz", "/openapi.json", "/docs")] == [200] * 4
