"""Requests that the OpenAPI documents describe, and such as they do not, are answered as the documents say."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, TypeAlias

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import APIOperation, Case, GenerationMode

from marktplatz.assembly import BUILDERS, ServiceName
from shared.http.problem import MEDIA_TYPE
from tests.faults.malformed.apis import CALLERS, judge
from tests.support.http import client

SEED = 20261129
EXAMPLES = {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 2}
"""Requests of each operation: such as the document describes, and such as it does not."""
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
Request: TypeAlias = Case[Any]
OF_THE_CLIENT = ("authorization", "user-agent", "accept-encoding", "connection", "accept")


@pytest.mark.slow
@pytest.mark.parametrize("service", BUILDERS, ids=lambda service: service.value)
async def test_every_operation_answers_as_its_document_says(apps: dict[ServiceName, FastAPI], service: ServiceName) -> None:
    app = apps[service]
    document = app.openapi()
    faults: list[str] = []
    async with client(app, CALLERS[0]) as http:
        for operation, mode, case in cases(document):
            asked = case.as_transport_kwargs(base_url="http://testserver")
            headers = {name: value for name, value in asked.pop("headers").items() if name.lower() not in OF_THE_CLIENT}
            asked.pop("cookies")
            try:
                request = http.build_request(asked.pop("method"), asked.pop("url"), headers=headers, **asked)
            except (UnicodeEncodeError, httpx.InvalidURL):  # no client can send it
                continue
            answer = await http.send(request)
            reported = f"{operation.label} ({mode.value}): {request.url} {request.content[:300]!r}"
            judge(answer, reported)
            faults += [f"{reported} -> {answer.status_code}: {fault}" for fault in departures(answer, operation, document)]
    assert faults == [], "\n".join(faults)


def cases(document: dict[str, Any]) -> Iterator[tuple[Operation, GenerationMode, Request]]:
    """Yield requests of every operation, the same ones at each run."""
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()  # type: ignore[union-attr] # of no OpenAPI document it raises
        for mode, count in EXAMPLES.items():
            yield from ((operation, mode, case) for case in _drawn(operation, mode, count))


def _drawn(operation: Operation, mode: GenerationMode, count: int) -> list[Request]:
    """Return so many requests of an operation; none where it takes no values, so that none can be wrong."""
    made: list[Request] = []

    @seed(SEED)
    @settings(max_examples=count, database=None, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def collect(case: Request) -> None:
        made.append(case)

    with contextlib.suppress(Unsatisfiable):
        collect()
    return made


def departures(answer: httpx.Response, operation: Operation, document: dict[str, Any]) -> Iterator[str]:
    """Yield in what an answer departs from its document: status, code, media type, form."""
    described = operation.definition.raw["responses"].get(str(answer.status_code))
    if described is None:
        yield "no such status is described"
        return
    media = answer.headers.get("content-type", "").partition(";")[0]
    if media == MEDIA_TYPE:
        if answer.json()["code"] not in described["x-codes"]:
            yield f"no such code is described: {answer.text[:300]}"
        return
    if not answer.content:
        return
    if media not in described.get("content", {}):
        yield f"no answer of {media} is described"
    elif media == "application/json":
        schema = described["content"][media]["schema"] | {"components": document["components"]}
        yield from (it.message[:300] for it in Draft202012Validator(schema).iter_errors(answer.json()))
