"""Every error is application/problem+json with the members of RFC 9457 and a stable code; none says more than it should."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.http.german import in_german, sentences
from shared.http.limits import BODY_BYTES, BODY_DEPTH
from tests.component.http.probe import Probe
from tests.support.http import client

TOKEN = "anna/heide/KUNDE"


async def call(probe: Probe, method: str, path: str, **options: Any) -> httpx.Response:
    async with client(probe.app, TOKEN) as http:
        return await http.request(method, path, **options)


async def send(probe: Probe, body: bytes, **headers: str) -> httpx.Response:
    return await call(probe, "POST", "/v1/notes", content=body, headers={"Content-Type": "application/json", **headers})


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert {name: found[name] for name in ("type", "status", "code", "instance")} == {
        "type": f"urn:efa-marktplatz:problem:{code}",
        "status": status,
        "code": code,
        "instance": answer.request.url.path,
    }
    assert found["title"]
    assert found["detail"]
    return found


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("illegal_move", 409, "illegal_move"),
        ("not_found", 404, "not_found"),
        ("invalid", 422, "too_many"),
        ("store_away", 503, "store_unavailable"),
        ("outbox_full", 503, "outbox_full"),
        ("unfit", 500, "internal_error"),
        ("crash", 500, "internal_error"),
    ],
)
async def test_each_error_becomes_a_problem_of_its_status_and_code(probe: Probe, name: str, status: int, code: str) -> None:
    assert_problem(await call(probe, "GET", f"/v1/errors/{name}"), status, code)


@pytest.mark.parametrize(
    ("asked", "german"),
    [
        *(("de", True), ("de-AT, en;q=0.5", True), ("fr, de;q=0.3", True), ("en, de;q=0.5", False)),
        *(("*", False), ("fr", False), ("de;q=0", False), ("", False), (None, False)),
    ],
)
async def test_a_problem_is_said_in_german_where_that_is_asked_for(probe: Probe, asked: str | None, *, german: bool) -> None:
    plain = await call(probe, "GET", "/v1/errors/illegal_move")
    answer = await call(probe, "GET", "/v1/errors/illegal_move", headers={} if asked is None else {"Accept-Language": asked})
    found = assert_problem(answer, 409, "illegal_move")
    assert (found["detail"] == sentences()["illegal_move"]) is german
    assert (answer.headers.get("content-language") == "de") is german
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert {**found, "detail": None} == {**plain.json(), "detail": None}, "the values are the same"


def test_every_point_of_a_form_is_said_in_german_too() -> None:
    points = [{"field": "summary", "code": "text_missing", "detail": "The Kurzbeschreibung is missing."}, {"code": "of_tomorrow"}]
    body = json.dumps({"code": "offering_incomplete", "detail": "Not in order.", "points": points}).encode()
    found = json.loads(in_german(body))
    assert found["detail"] == sentences()["offering_incomplete"]
    assert found["points"] == [{**points[0], "detail": sentences()["text_missing"]}, points[1]]
    unknown = b'{"code":"of_tomorrow","detail":"Not known."}'
    assert in_german(unknown) == unknown


async def test_an_illegal_move_says_the_state_and_what_is_possible(probe: Probe) -> None:
    found = (await call(probe, "GET", "/v1/errors/illegal_move")).json()
    assert (found["current_state"], found["allowed_moves"]) == ("INTERESSE_BEKUNDET", ["withdraw"])


async def test_context_never_replaces_a_standard_member(probe: Probe) -> None:
    found = (await call(probe, "GET", "/v1/errors/invalid")).json()
    assert (found["status"], found["largest"], found["kinds"]) == (422, 3, ["a", "b"])


@pytest.mark.parametrize("name", ["store_away", "outbox_full"])
async def test_what_may_succeed_later_says_when_to_try_again(probe: Probe, name: str) -> None:
    assert int((await call(probe, "GET", f"/v1/errors/{name}")).headers["retry-after"]) > 0


@pytest.mark.parametrize("name", ["store_away", "unfit", "crash"])
async def test_an_error_of_ours_shows_nothing_of_the_inside(probe: Probe, name: str) -> None:
    text = (await call(probe, "GET", f"/v1/errors/{name}")).text
    assert not [word for word in ("geheim", "mongodb", "internal:", "Traceback", "RuntimeError") if word in text]


async def test_an_unexpected_error_names_the_id_to_ask_for(probe: Probe) -> None:
    answer = await call(probe, "GET", "/v1/errors/crash", headers={"X-Correlation-ID": "order-17"})
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"] == "order-17"


@pytest.mark.parametrize("path", ["/", "/v1/nothing", "/v1/things/", "//v1/things"])
async def test_an_unknown_route_is_a_problem_and_never_a_redirect(probe: Probe, path: str) -> None:
    async with client(probe.app, TOKEN) as http:
        answer = await http.get(f"http://marktplatz.test{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")


async def test_a_method_that_the_route_does_not_know_is_a_problem(probe: Probe) -> None:
    answer = await call(probe, "DELETE", "/v1/things")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


async def test_values_that_are_not_valid_are_named_by_pointer_without_repeating_them(probe: Probe) -> None:
    body = {"name": "Anna Privat\n", "count": "viele", "parts": ["gut", ""], "a/b~c": 1}
    answer = await call(probe, "POST", "/v1/notes", json=body)
    errors = {item["pointer"]: item for item in assert_problem(answer, 422, "invalid")["errors"]}
    assert set(errors) == {"#/count", "#/parts/1"}
    assert errors["#/count"].keys() == {"in", "code", "message", "pointer"}
    assert errors["#/parts/1"]["code"] == "string_too_short"
    assert "viele" not in answer.text


async def test_a_parameter_that_is_not_valid_is_named(probe: Probe) -> None:
    (error,) = assert_problem(await call(probe, "GET", "/v1/things?limit=0"), 422, "invalid")["errors"]
    assert (error["in"], error["parameter"]) == ("query", "limit")


async def test_a_missing_body_is_a_problem(probe: Probe) -> None:
    assert_problem(await call(probe, "POST", "/v1/notes"), 422, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nul",
        b'{"name": NaN}',
        b'{"name": "a", "count": Infinity}',
        b'{"name": "a", "count": -Infinity}',
        b'{"name": "a", "name": "b"}',
        b'{"name": "\\ud800"}',
        b'{"name": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"name": "a", "parts": ' + b"[" * BODY_DEPTH + b"]" * BODY_DEPTH + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"name": "a", "count": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
async def test_a_body_that_is_not_plain_json_is_refused(probe: Probe, body: bytes) -> None:
    assert_problem(await send(probe, body), 400, "json_invalid")
    assert probe.runs == 0


async def test_a_body_at_the_limits_is_served(probe: Probe) -> None:
    nested = b'{"name": "a", "other": ' + b"[" * (BODY_DEPTH - 1) + b"]" * (BODY_DEPTH - 1) + b"}"
    assert (await send(probe, nested)).status_code == 201
    assert (await send(probe, b'{"name": "a"}'.ljust(BODY_BYTES))).status_code == 201


async def test_a_number_beyond_64_bits_does_not_break_the_answer(probe: Probe) -> None:
    assert (await send(probe, b'{"name": "a", "count": 1e999}')).status_code == 422
    assert (await send(probe, b'{"name": "a", "count": 123456789012345678901234567890}')).status_code in {201, 422}


async def test_a_body_that_says_it_is_too_long_is_refused(probe: Probe) -> None:
    assert_problem(await send(probe, b" " * (BODY_BYTES + 1)), 413, "body_too_large")


async def test_a_body_without_a_length_is_refused_once_it_is_too_long(probe: Probe) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(64):
            taken += 1
            yield b" " * 65536

    answer = await call(probe, "POST", "/v1/notes", content=endless(), headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
async def test_a_body_of_another_media_type_is_refused(probe: Probe, media_type: str) -> None:
    answer = await send(probe, b'{"name": "a"}', **{"Content-Type": media_type})
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"])
async def test_json_is_known_by_its_media_type(probe: Probe, media_type: str) -> None:
    assert (await send(probe, b'{"name": "a"}', **{"Content-Type": media_type})).status_code == 201
