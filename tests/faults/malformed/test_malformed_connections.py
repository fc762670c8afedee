"""Bytes that are no proper HTTP end their own connection only, and never as an error of ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from datetime import timedelta

import pytest
from fastapi import FastAPI

from marktplatz.assembly import ServiceName
from shared.http import limits
from tests.faults.malformed.apis import CALLERS, REFUSAL_BYTES
from tests.support.served import answer_to, serving

pytestmark = pytest.mark.slow

GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
CLOSE = b"Connection: close\r\n\r\n"
POST = (
    b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %b\r\n" % CALLERS[0].encode()
)
RAW = {
    "noise": bytes(range(256)) * 8,
    "TLS": bytes.fromhex("16030100f5010000f10303") + b"\x00" * 200,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/9.9": b"GET /livez HTTP/9.9\r\n\r\n",
    "no target": b"GET  HTTP/1.1\r\nHost: x\r\n" + CLOSE,
    "unknown method": b"BREW /livez HTTP/1.1\r\nHost: x\r\n" + CLOSE,
    "CONNECT": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n" + CLOSE,
    "TRACE": b"TRACE /livez HTTP/1.1\r\nHost: x\r\n" + CLOSE,
    "OPTIONS of everything": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n" + CLOSE,
    "absolute target": b"GET http://other.example/livez HTTP/1.1\r\nHost: x\r\n" + CLOSE,
    "target of bytes": b"GET /\xff\xfe\x80 HTTP/1.1\r\nHost: x\r\n" + CLOSE,
    "target with NUL": b"GET /v1/\x00 HTTP/1.1\r\nHost: x\r\n" + CLOSE,
    "target with a bad escape": b"GET /v1/%zz%ff%00 HTTP/1.1\r\nHost: x\r\n" + CLOSE,
    "long target": b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n" + CLOSE,
    "target without an end": b"GET /" + b"x" * 1_000_000,
    "no Host": b"GET /livez HTTP/1.1\r\n" + CLOSE,
    "two Hosts": GET + b"Host: y\r\n" + CLOSE,
    "Host of noise": b"GET /livez HTTP/1.1\r\nHost: x/?\\@[::\r\n" + CLOSE,
    "header without a colon": GET + b"nonsense\r\n" + CLOSE,
    "header without a name": GET + b": x\r\n" + CLOSE,
    "blank before the colon": GET + b"X : y\r\n" + CLOSE,
    "folded header": GET + b"X: a\r\n b\r\n" + CLOSE,
    "NUL in a header": GET + b"X: a\x00b\r\n" + CLOSE,
    "bytes in a header": GET + b"X-Correlation-ID: \xff\xfe\r\nAccept-Language: \xff\r\n" + CLOSE,
    "bytes in the token": b"GET /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n" + CLOSE,
    "line feeds only": GET.replace(b"\r", b"") + b"Connection: close\n\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "negative length": POST + b"Content-Length: -1\r\n\r\n{}",
    "length of text": POST + b"Content-Length: two\r\n\r\n{}",
    "length beyond numbers": POST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n{}",
    "length beyond the bound": POST + b"Content-Length: 99999999999\r\n\r\n{}",
    "length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
    "unknown coding": POST + b"Transfer-Encoding: gzip, identity\r\n\r\n{}",
    "chunk of text": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "chunk of negative size": POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "chunk beyond numbers": POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n{}",
    "upgrade": GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "expectation": POST + b"Expect: 200-please\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    "1,000 headers": GET + b"X-N: y\r\n" * 1000 + CLOSE,
    "header of 100 KiB": GET + b"X: " + b"y" * 100_000 + b"\r\n" + CLOSE,
}
ONE_BY_ONE = {
    "chunks of one byte": POST
    + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    + b"1\r\n \r\n" * 5000
    + b"2\r\n{}\r\n0\r\n\r\n",
    "trailers": POST
    + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n"
    + b"X-N: y\r\n" * 5000
    + b"\r\n",
    "chunk extensions": POST
    + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2;"
    + b"x" * 200_000
    + b"\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("sent", (RAW | ONE_BY_ONE).values(), ids=RAW | ONE_BY_ONE)
async def test_noise_is_refused_and_others_are_served(
    apps: dict[ServiceName, FastAPI], sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_TIME", timedelta(seconds=1))
    monkeypatch.setattr(limits, "BODY_TIME", timedelta(seconds=1))
    async with serving(apps[ServiceName.ORDERING]) as (_, port):
        answer = await answer_to(port, sent)
        statuses = [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]
        assert all(status < 500 for status in statuses), answer[:500]
        assert len(answer) < REFUSAL_BYTES
        assert b"# HELP" not in answer
        assert b" 200 " in await answer_to(port, GET + CLOSE)


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
UNKNOWN = POST.replace(b"Authorization", b"X-Authorization")


@pytest.mark.parametrize(
    ("begun", "further"),
    [
        (GET + b"X: ", b"y" * 1024 * 1024),
        (GET, b"X-N: yyyyyyyy\r\n" * 65_536),
        (POST + CHUNKED + b"0\r\nX: ", b"y" * 1024 * 1024),
        (POST + CHUNKED + b"0\r\n", b"X-N: yyyyyyyy\r\n" * 65_536),
        (UNKNOWN + CHUNKED + b"0\r\nX: ", b"y" * 1024 * 1024),
        (UNKNOWN + CHUNKED + b"0\r\n", b"X-N: yyyyyyyy\r\n" * 65_536),
        (POST + CHUNKED + b"2;x=", b"y" * 1024 * 1024),
        (b"", b"\r\n" * 524_288),
    ],
    ids=["header", "headers", "trailer", "trailers", "stranger's trailer", "stranger's trailers", "extension", "blank lines"],
)
async def test_64_mebibytes_of_anything_but_body_are_cut_off_early(
    apps: dict[ServiceName, FastAPI], begun: bytes, further: bytes
) -> None:
    async with serving(apps[ServiceName.ORDERING]) as (_, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        taken = 0
        with contextlib.suppress(ConnectionError):
            writer.write(begun)
            for _ in range(64):
                writer.write(further)
                await writer.drain()
                taken += 1
        writer.close()
        assert taken < 64
        assert b" 200 " in await answer_to(port, GET + CLOSE)


def problem_in(answer: bytes) -> tuple[int, str]:
    """Return status and code of a raw answer, which must be a problem and end the connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    assert re.search(rb"^connection: close\r?$", head, re.IGNORECASE | re.MULTILINE)
    found = json.loads(body)
    assert found["type"] == f"urn:efa-marktplatz:problem:{found['code']}"
    assert head.startswith(b"HTTP/1.1 %d " % found["status"])
    return found["status"], found["code"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (RAW["noise"], 400, "request_malformed"),
        (RAW["TLS"], 400, "request_malformed"),
        (RAW["header without a colon"], 400, "request_malformed"),
        (RAW["chunk of text"], 400, "request_malformed"),
        (RAW["no Host"], 400, "host_invalid"),
        (RAW["two Hosts"], 400, "host_invalid"),
        (RAW["Host of noise"], 400, "host_invalid"),
        (b"GET /livez HTTP/1.1\r\nHost:\r\n" + CLOSE, 400, "host_invalid"),
        (GET + b"Host: x\r\n" + CLOSE, 400, "host_invalid"),
        (RAW["header of 100 KiB"], 431, "headers_too_large"),
        (RAW["1,000 headers"] + b"X", 431, "headers_too_large"),
        (GET, 408, "request_timeout"),
        (POST + b"Content-Length: 100\r\n\r\n{", 408, "request_timeout"),
    ],
)
async def test_what_is_refused_before_the_application_is_a_problem_too(
    apps: dict[ServiceName, FastAPI], sent: bytes, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_TIME", timedelta(seconds=1))
    monkeypatch.setattr(limits, "BODY_TIME", timedelta(seconds=1))
    async with serving(apps[ServiceName.ORDERING]) as (_, port):
        assert problem_in(await answer_to(port, sent)) == (status, code)


@pytest.mark.parametrize("host", [b"efa.example", b"efa.example:8443", b"[::1]:80", b"127.0.0.1", b"a_b.svc", b"x:"])
async def test_any_proper_host_is_served(apps: dict[ServiceName, FastAPI], host: bytes) -> None:
    async with serving(apps[ServiceName.ORDERING]) as (_, port):
        assert b" 200 " in await answer_to(port, b"GET /livez HTTP/1.1\r\nHost: %b\r\n" % host + CLOSE)
        assert b" 200 " in await answer_to(port, b"GET /livez HTTP/1.0\r\n\r\n")


async def test_noise_behind_a_request_is_not_taken_for_its_answer() -> None:
    slow = FastAPI()

    @slow.get("/slow")
    async def _slow() -> str:
        await asyncio.sleep(1)
        return "late"

    async with serving(slow) as (_, port):
        assert await answer_to(port, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + b"\x00noise\r\n\r\n") == b""


async def test_connections_beyond_the_bound_are_refused_and_then_cut_off(
    apps: dict[ServiceName, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 3)
    monkeypatch.setattr(limits, "CONNECTIONS_REFUSED", 2)
    async with serving(apps[ServiceName.ORDERING]) as (server, port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        while len(server.server_state.connections) < 3:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        refused = await answer_to(port, GET + CLOSE)
        assert problem_in(refused) == (503, "overloaded")
        assert b"retry-after: " in refused.lower()
        held += [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        while len(server.server_state.connections) < 5:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        assert await answer_to(port, GET + CLOSE) == b""
        for _, writer in held:
            writer.close()
        while server.server_state.connections:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        assert b" 200 " in await answer_to(port, GET + CLOSE)


async def test_a_field_of_a_trailer_is_no_header(apps: dict[ServiceName, FastAPI]) -> None:
    token = b"Authorization: Bearer %b\r\n" % CALLERS[0].encode()
    sent = UNKNOWN + b"Connection: close\r\n" + CHUNKED + b"0\r\n" + token + b"\r\n"
    async with serving(apps[ServiceName.ORDERING]) as (_, port):
        assert (await answer_to(port, sent)).startswith(b"HTTP/1.1 401 ")


async def test_a_hundred_half_requests_leave_room_for_others_and_are_ended(
    apps: dict[ServiceName, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_TIME", timedelta(seconds=2))
    monkeypatch.setattr(limits, "BODY_TIME", timedelta(seconds=2))
    halves = [b"", b"G", GET, GET + b"X: ", POST + b"Content-Length: 100\r\n\r\n{"]
    async with serving(apps[ServiceName.ORDERING]) as (server, port):
        slow = [asyncio.create_task(answer_to(port, halves[number % len(halves)])) for number in range(100)]
        while len(server.server_state.connections) < 100:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        for _ in range(10):
            assert b" 200 " in await answer_to(port, GET + CLOSE)
        answers = await asyncio.gather(*slow)
        assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 408 Request Timeout"}


async def test_many_requests_sent_at_once_are_all_answered_in_turn(apps: dict[ServiceName, FastAPI]) -> None:
    async with serving(apps[ServiceName.ORDERING]) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write((GET + b"\r\n") * 299 + GET + CLOSE)
        async with asyncio.timeout(60):
            answer = await reader.read(-1)
        writer.close()
    assert answer.count(b"HTTP/1.1 200 ") == 300
