"""Every place of every request of the five APIs takes every wrong kind of value without an error of ours."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from marktplatz.assembly import BUILDERS, ServiceName
from tests.faults.malformed.apis import CALLERS, Operation, document, judge, operations
from tests.faults.malformed.values import WRONG_TEXTS, Samples
from tests.support.http import client

DOCUMENTS = {service: document(service) for service in BUILDERS}
OPERATIONS = [operation for service in BUILDERS for operation in operations(service, DOCUMENTS[service])]
HEADERS = ("If-Match", "If-None-Match", "Idempotency-Key", "Accept-Language", "X-Correlation-ID", "traceparent", "Accept")
HEADERS_EVERY = 4
"""All operations read headers by the same code: each one is given every fourth text, another one than its neighbour."""
BODIES_EVERY = 5
"""Of the values of a body that an earlier operation takes too."""
SOME_ID = "018f3a4e-7a53-7c31-9d2b-1f6f4f1a0c11"


def before(operation: Operation) -> list[Operation]:
    """Return the operations that are tried before this one."""
    return OPERATIONS[: OPERATIONS.index(operation)]


def path_of(operation: Operation, values: dict[str, str]) -> str:
    """Return the path with its parts filled in."""
    names = [parameter["name"] for parameter in operation.parameters if parameter["in"] == "path"]
    enums = {
        parameter["name"]: parameter["schema"].get("enum", [SOME_ID])[0]
        for parameter in operation.parameters
        if parameter["in"] == "path"
    }
    return operation.path.format_map({name: values.get(name, enums[name]) for name in names})


async def ask(app: FastAPI, operation: Operation, caller: str, **options: Any) -> httpx.Response:
    """Send one request of the operation."""
    path = path_of(operation, options.pop("values", {}))
    needed = {it["name"]: '"1"' for it in operation.parameters if it["in"] == "header" and it["required"]}
    needed |= {"Idempotency-Key": f"{uuid.uuid4()}", "Content-Type": "application/json"}
    headers = needed | options.pop("headers", {})
    async with client(app, caller) as http:
        return await http.request(operation.method, path + options.pop("query", ""), headers=headers, **options)


def sendable(value: object) -> bytes:
    """Return the JSON of a value, as a client in a loose language would write it."""
    return json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.slow
@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.body is not None], ids=str)
async def test_every_place_of_a_body_takes_every_wrong_value(apps: dict[ServiceName, FastAPI], operation: Operation) -> None:
    assert operation.body is not None
    shared = any(earlier.service is operation.service and earlier.body == operation.body for earlier in before(operation))
    bodies = list(Samples(DOCUMENTS[operation.service]).bad(operation.body))[:: BODIES_EVERY if shared else 1]
    assert len(bodies) > 30 / (BODIES_EVERY if shared else 1)
    refused = 0
    app = apps[operation.service]
    for number, (reported, body) in enumerate(bodies):
        answer = await ask(app, operation, CALLERS[number % 2], content=sendable(body))
        judge(answer, f"{operation}, {reported}")
        refused += answer.status_code in {400, 413, 422}
    assert refused > len(bodies) / 3


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_every_parameter_takes_every_wrong_text(apps: dict[ServiceName, FastAPI], operation: Operation) -> None:
    good = b"{}" if operation.body is None else sendable(Samples(DOCUMENTS[operation.service]).good(operation.body))
    content = None if operation.method in {"GET", "DELETE"} else good
    named = [(parameter["in"], parameter["name"]) for parameter in operation.parameters if parameter["in"] != "header"]
    sent = 0
    app = apps[operation.service]
    turn = OPERATIONS.index(operation)
    for number, (place, name) in enumerate([*named, ("query", "unknown"), *(("header", header) for header in HEADERS)]):
        for text in WRONG_TEXTS[(turn + number) % HEADERS_EVERY :: HEADERS_EVERY] if place == "header" else WRONG_TEXTS:
            options: dict[str, Any] = {"content": content}
            if place == "path":
                options["values"] = {name: text}
            elif place == "query":
                options["query"] = f"?{name}={text}&{name}={text}"
            else:
                options["headers"] = {name: text}
            sent += 1
            judge(await ask(app, operation, CALLERS[sent % 2], **options), f"{operation}, {place} {name} = {text[:40]}")
    assert sent >= len(WRONG_TEXTS) * (1 + len(HEADERS) // HEADERS_EVERY)


def test_every_api_and_every_method_is_among_them() -> None:
    assert {operation.service for operation in OPERATIONS} == set(ServiceName) - {ServiceName.ALL}
    assert {operation.method for operation in OPERATIONS} == {"GET", "POST", "PUT", "PATCH", "DELETE"}
