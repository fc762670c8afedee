"""Every API takes values of the types that it describes: no number is a day, no text a number, no 1 a yes."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request

from deploy.site.openapi_page import applications, documents
from marktplatz.assembly import ServiceName
from shared.http.typed import MESSAGES, check_of
from shared.store.sqlite.store import SqliteStore
from tests.faults.malformed.apis import app_of
from tests.faults.malformed.values import Samples, changed, places
from tests.support.http import client

DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?")
CHECK: Final = "typed_body"


def _others(value: object) -> tuple[object, ...]:
    """Return values of other types that Pydantic would take for one of this."""
    if isinstance(value, bool):
        return ("yes", "true", 1, 0.0)
    if isinstance(value, int):
        return ("5", True, " 5", 1.5)
    if isinstance(value, str) and DAY.fullmatch(value):
        return (0, 1767225600, 0.0, True, "0", "1767225600")
    return ()


def _request(body: object) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)


async def test_no_place_of_any_body_takes_a_value_of_another_type() -> None:
    described, checked = documents(), 0
    for service, application in applications().items():
        samples = Samples(described[service])
        for route in application.router.routes:
            if not isinstance(route, APIRoute) or route.body_field is None:
                continue
            name = f"{service} {route.path_format}"
            assert [it.call.__name__ for it in route.dependant.dependencies if it.call is not None].count(CHECK) == 1, name
            operation = described[service]["paths"][route.path_format][min(route.methods or ()).lower()]
            good = samples.good(operation["requestBody"]["content"]["application/json"]["schema"])
            check = check_of(route)
            await check(_request(good))
            for place in places(good):
                value = good
                for part in place:
                    value = value[part]
                for other in _others(value):
                    with pytest.raises(RequestValidationError) as caught:
                        await check(_request(changed(good, place, other)))
                    fault = caught.value.errors()[0]
                    assert (fault["loc"], fault["input"]) == (("body", *place), None), (name, place, other)
                    assert fault["type"] in MESSAGES
                    checked += 1
    assert checked > 200


async def test_a_query_takes_numbers_and_truth_values_as_they_are_written_alone() -> None:
    _, app = app_of(ServiceName.NOTIFY, SqliteStore(None))
    async with client(app, "erika/010540056056/KUNDE") as http:
        for query, code in {"limit=1_0": "int_parsing", "limit=%205": "int_parsing", "unread=1": "bool_parsing"}.items():
            answer = await http.get(f"/v1/inbox?{query}")
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), query


async def test_whoever_may_not_call_learns_nothing_of_the_body() -> None:
    _, app = app_of(ServiceName.ELIGIBILITY, SqliteStore(None))
    body = {"provider": "komm_one", "as_of": 0}
    async with client(app) as http:
        assert (await http.post("/v1/checks", json=body)).status_code == 401
    async with client(app, "erika/010540056056/KUNDE") as http:
        answer = await http.post("/v1/checks", json=body)
    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"in": "body", "code": "date_type", "message": "A day stands here, written as YYYY-MM-DD.", "pointer": "#/as_of"}],
    )
