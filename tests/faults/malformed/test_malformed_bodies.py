"""Bodies that are no JSON, have two meanings or are out of bounds are refused by every API, small and at once."""

from __future__ import annotations

import json

import pytest
from fastapi import FastAPI

from marktplatz.assembly import BUILDERS, ServiceName
from shared.http import limits
from tests.faults.malformed.apis import CALLERS, document, judge, operations
from tests.support.http import client

TARGETS: dict[ServiceName, tuple[str, str]] = {
    service: next(
        (one.method, one.path) for one in operations(service, document(service)) if one.body is not None and "{" not in one.path
    )
    for service in BUILDERS
    if service is not ServiceName.CONTRACTS
}
"""An operation with a body of each API that has one; contracts is only read."""

MIB = 1024 * 1024
NO_JSON = {
    "one byte": b"\x00",
    "blank": b" ",
    "no UTF-8": b'{"name":"\xff\xfe"}',
    "overlong UTF-8": b'{"name":"\xc0\xaf"}',
    "encoded surrogate": b'{"name":"\xed\xa0\x80"}',
    "Latin-1": '{"name":"Größe"}'.encode("latin-1"),
    "UTF-16": '{"name":"x"}'.encode("utf-16"),
    "UTF-32": '{"name":"x"}'.encode("utf-32"),
    "byte order mark": b'\xef\xbb\xbf{"name":"x"}',
    "cut off": b'{"name":"x',
    "two values": b'{"name":"x"}{"name":"y"}',
    "trailing comma": b'{"name":"x",}',
    "single quotes": b"{'name':'x'}",
    "comment": b'{"name":"x"/*y*/}',
    "bare word": b"undefined",
    "NaN": b'{"name":NaN}',
    "Infinity": b'{"name":-Infinity}',
    "leading zero": b'{"name":01}',
    "plus sign": b'{"name":+1}',
    "hexadecimal": b'{"name":0x1}',
    "raw line break": b'{"name":"x\ny"}',
    "half a surrogate": b'{"name":"\\ud800"}',
    "surrogates the wrong way": b'{"name":"\\udc00\\ud800"}',
    "bad escape": b'{"name":"\\x41"}',
    "two keys of one name": b'{"name":"x","name":"y"}',
    "two keys of one name, one escaped": b'{"name":"x","\\u006eame":"y"}',
    "two keys of one name, deep": b'{"a":[{"b":{"c":1,"c":2}}]}',
    "number of 5,000 digits": b'{"name":' + b"9" * 5000 + b"}",
    "number of a mebibyte": b'{"name":' + b"9" * (MIB - 20) + b"}",
    "a level too deep": b"[" * (limits.BODY_DEPTH + 2) + b"]" * (limits.BODY_DEPTH + 2),
    "lists, half a million deep": b"[" * (MIB // 2) + b"]" * (MIB // 2),
    "objects, 100,000 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "lists without an end": b"[" * MIB,
    "half a million numbers": b"[" + b"1," * (MIB // 2 - 10) + b"1]",
    "empty lists": b"[" + b"[]," * (MIB // 3 - 10) + b"[]]",
    "empty texts": b"[" + b'"",' * (MIB // 3 - 10) + b'""]',
    "short keys": b"{" + b",".join(b'"%x":0' % number for number in range(95_000)) + b"}",
    "commas": b"," * MIB,
    "quotes": b'"' * MIB,
    "backslashes": b'"' + b"\\" * (MIB - 3) + b'"',
    "colons": b":" * MIB,
    "zero bytes": b"\x00" * MIB,
}
WRONG_BUT_JSON = {
    "null": b"null",
    "number": b"1",
    "text": b'"x"',
    "list": b"[]",
    "empty": b"{}",
    "big exponent": b'{"name":1e400}',
    "small exponent": b'{"name":1e-400}',
    "text of a mebibyte": b'{"name":"' + b"x" * (MIB - 20) + b'"}',
    "escaped text of a mebibyte": b'{"name":"' + b"\\u00e4" * ((MIB - 20) // 6) + b'"}',
    "separators in a text": json.dumps({"name": ",:[{" * 250_000}).encode(),
    "key of a mebibyte": b'{"' + b"k" * (MIB - 20) + b'":1}',
    "as many keys as are read": b"{" + b",".join(b'"%d":0' % number for number in range(limits.BODY_NODES // 2 - 2)) + b"}",
    "long keys": b"{" + b",".join(b'"%d%b":0' % (number, b"k" * 500) for number in range(1_900)) + b"}",
    "prototype": b'{"__proto__":{"x":1},"constructor":{}}',
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
@pytest.mark.parametrize("service", TARGETS)
async def test_what_is_no_plain_json_is_refused_as_such(
    apps: dict[ServiceName, FastAPI], service: ServiceName, body: bytes
) -> None:
    method, path = TARGETS[service]
    assert len(body) <= limits.BODY_BYTES
    async with client(apps[service], CALLERS[0]) as http:
        answer = await http.request(method, path, content=body, headers={"Content-Type": "application/json"})
    judge(answer, f"{service} {method} {path}")
    assert (answer.status_code, answer.json()["code"]) == (400, "json_invalid")


@pytest.mark.parametrize("body", WRONG_BUT_JSON.values(), ids=WRONG_BUT_JSON)
@pytest.mark.parametrize("service", TARGETS)
async def test_plain_json_that_means_nothing_here_is_refused_with_places(
    apps: dict[ServiceName, FastAPI], service: ServiceName, body: bytes
) -> None:
    method, path = TARGETS[service]
    async with client(apps[service], CALLERS[0]) as http:
        answer = await http.request(
            method, path, content=body, headers={"Content-Type": "application/json", "Idempotency-Key": f"means-{len(body)}"}
        )
    judge(answer, f"{service} {method} {path}")
    assert answer.status_code == 422 or (body == b"{}" and answer.status_code < 300)


@pytest.mark.parametrize("service", TARGETS)
@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", 415),
        ({"Content-Type": "application/jsonx"}, b"{}", 415),
        ({"Content-Type": ""}, b"{}", 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"\x1f\x8b\x08\x00", 400),
        ({"Content-Type": "application/json"}, b" " * (limits.BODY_BYTES + 1), 413),
    ],
    ids=["text", "form", "multipart", "nearly", "none", "gzip", "a byte too long"],
)
async def test_another_kind_of_content_is_refused(
    apps: dict[ServiceName, FastAPI], service: ServiceName, headers: dict[str, str], body: bytes, status: int
) -> None:
    method, path = TARGETS[service]
    async with client(apps[service], CALLERS[0]) as http:
        answer = await http.request(method, path, content=body, headers=headers)
    judge(answer, f"{service} {method} {path}")
    assert answer.status_code == status
