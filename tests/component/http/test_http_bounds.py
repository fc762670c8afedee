"""Bounds of a request: whatever a client sends, what it costs and what it is answered stays small."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from starlette.types import Message

from shared.http import limits
from tests.component.http.probe import Probe
from tests.support.http import client
from tests.support.served import answer_to, serving

pytestmark = pytest.mark.slow

ANNA = "anna/heide/KUNDE"
KEY = {"Idempotency-Key": "k-1", "Content-Type": "application/json"}
SMALL = 16 * 1024


def many(item: str, count: int) -> bytes:
    return b'{"name":"x","parts":[' + b",".join([item.encode()] * count) + b"]}"


TOO_MANY = {
    "half a million numbers": many("1", 500_000),
    "nested empty lists": many("[]", 300_000),
    "unknown keys": b"{" + b",".join(b'"k%d":1' % number for number in range(95_000)) + b"}",
    "just too many": many("1", limits.BODY_NODES),
}


@pytest.mark.parametrize("body", TOO_MANY.values(), ids=TOO_MANY)
async def test_a_body_of_too_many_values_is_refused_unread(probe: Probe, body: bytes) -> None:
    assert len(body) <= limits.BODY_BYTES
    async with client(probe.app, ANNA) as http:
        answer = await http.post("/v1/things", content=body, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (400, "json_invalid")
    assert len(answer.content) < SMALL


@pytest.mark.parametrize(
    "body", [many("1", 3000), b"{" + b",".join(b'"%s%d":1' % (b"k" * 200, number) for number in range(1000)) + b"}"]
)
async def test_of_many_errors_some_are_named_and_all_are_counted(probe: Probe, body: bytes) -> None:
    async with client(probe.app, ANNA) as http:
        answer = await http.post("/v1/things", content=body, headers=KEY)
    found = answer.json()
    assert (answer.status_code, found["code"]) == (422, "invalid")
    assert len(found.get("errors", [])) <= limits.ERRORS_NAMED
    assert len(answer.content) < SMALL


async def test_the_number_of_all_errors_is_said(probe: Probe) -> None:
    async with client(probe.app, ANNA) as http:
        answer = await http.post("/v1/things", content=many("1", 3000), headers=KEY)
    assert answer.json()["detail"].startswith("3000 values of the request are not valid.")
    assert len(answer.json()["errors"]) == limits.ERRORS_NAMED


async def test_signs_inside_of_texts_are_no_values(probe: Probe) -> None:
    body = json.dumps({"name": "x", "parts": ['a, [b], {c}: \\" ' * 10] * 100}).encode()
    padding = json.dumps({"name": "x", "parts": [], "note": ',[{:\\"' * 3000}).encode()
    async with client(probe.app, ANNA) as http:
        for number, sent in enumerate((body, padding)):
            answer = await http.post("/v1/things", content=sent, headers={**KEY, "Idempotency-Key": f"k-{number}"})
            assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/v1/things?" + "&".join(["limit=x"] * 800), 400, "query_too_many"),
        ("/v1/things?" + "&".join(["kind=x"] * 8000), 414, "query_too_long"),
        ("/v1/things?cursor=" + "x" * 9000, 414, "query_too_long"),
        ("/v1/" + "x" * 3000, 414, "path_too_long"),
    ],
)
async def test_path_and_query_are_bounded(probe: Probe, target: str, status: int, code: str) -> None:
    async with client(probe.app, ANNA) as http:
        answer = await http.get(target)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(answer.content) < SMALL


@pytest.mark.parametrize("headers", [[("x", "y")] * 101, [("x", "y" * 40_000)]])
async def test_headers_are_bounded(probe: Probe, headers: list[tuple[str, str]]) -> None:
    async with client(probe.app, ANNA) as http:
        answer = await http.get("/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")


@pytest.mark.parametrize(
    ("headers", "path", "code"),
    [
        ([], "/v1/things", "token_missing"),
        ([(b"authorization", b"Bearer bad")], "/v1/things", "token_invalid"),
        ([(b"authorization", b"Basic YTpi")], "/v1/things", "token_invalid"),
        ([], "/v1/nothing", "route_not_found"),
        ([], "/v1/me", "method_not_allowed"),
    ],
)
async def test_a_body_is_read_only_of_a_known_caller(
    probe: Probe, headers: list[tuple[bytes, bytes]], path: str, code: str
) -> None:
    async def receive() -> Message:
        raise AssertionError("the body was read")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [*headers, (b"host", b"x"), (b"content-type", b"application/json"), (b"content-length", b"1000000")],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("x", 80),
        "client": ("y", 1),
        "root_path": "",
    }
    await probe.app(scope, receive, send)
    assert json.loads(sent[1]["body"])["code"] == code


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/v1/me", "/openapi.json"])
async def test_head_answers_as_get_without_content(probe: Probe, path: str) -> None:
    async with client(probe.app, ANNA) as http:
        got, head = await http.get(path), await http.head(path)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    if path != "/metrics":
        assert head.headers["content-length"] == got.headers["content-length"]


async def test_head_hides_what_get_hides(probe: Probe) -> None:
    async with client(probe.app) as http:
        assert (await http.head("/v1/things")).status_code == 401
        assert (await http.head("/v1/nothing")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/things", {"GET", "HEAD", "POST"}),
        ("PATCH", "/v1/things", {"GET", "HEAD", "POST"}),
        ("POST", "/v1/me", {"GET", "HEAD"}),
        ("GET", "/v1/things/7", {"PUT"}),
        ("HEAD", "/v1/things/7", {"PUT"}),
        ("POST", "/livez", {"GET", "HEAD"}),
    ],
)
async def test_405_names_every_method_of_the_path(probe: Probe, method: str, path: str, allowed: set[str]) -> None:
    async with client(probe.app, ANNA) as http:
        answer = await http.request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed


GOOD = b"GET /livez HTTP/1.1\r\nHost: x\r\n"


async def test_a_head_without_end_is_cut_off(probe: Probe) -> None:
    async with serving(probe.app) as (_, port):
        assert b" 200 " in await answer_to(port, GOOD + b"\r\n")
        long = await answer_to(port, GOOD + b"X-Long: ", *[b"y" * 65536] * 64)
        many_headers = await answer_to(port, GOOD, *[b"X-N: y\r\n" * 1000] * 10)
        assert all(not answer or answer.startswith(b"HTTP/1.1 431 ") for answer in (long, many_headers))
        assert b" 200 " in await answer_to(port, GOOD + b"\r\n")


async def test_a_slow_head_and_a_slow_body_are_ended_and_others_are_served(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEAD_TIME", timedelta(seconds=0.5))
    monkeypatch.setattr(limits, "BODY_TIME", timedelta(seconds=0.5))
    post = (
        b"POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer anna/heide/KUNDE\r\nIdempotency-Key: k\r\n"
        b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    async with serving(probe.app) as (_, port):
        slow = [asyncio.create_task(answer_to(port, piece)) for piece in [b"", b"GET /li", GOOD, post] for _ in range(15)]
        await asyncio.sleep(0.05)
        assert b" 200 " in await answer_to(port, GOOD + b"\r\n")
        assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in await asyncio.gather(*slow))


async def test_an_idle_connection_is_kept_for_the_next_request(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEAD_TIME", timedelta(seconds=0.3))
    async with serving(probe.app) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(GOOD + b"\r\n")
            assert b" 200 " in await reader.readuntil(b"\r\n")
            await reader.readuntil(b"\r\n\r\n")
            await reader.readuntil(b"}")
            await asyncio.sleep(0.6)
        writer.close()


async def test_what_runs_while_the_process_drains_is_answered_and_its_connection_closed(probe: Probe) -> None:
    body = b'{"name":"x","parts":[]}'
    head = (
        b"POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer anna/heide/KUNDE\r\nIdempotency-Key: drain\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    probe.gate.clear()
    async with serving(probe.app) as (server, port):
        asked = asyncio.create_task(answer_to(port, head + body))
        await probe.started.acquire()
        server.should_exit = True
        while server.servers[0].is_serving():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        probe.gate.set()
        answer = await asked
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()
