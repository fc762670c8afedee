"""The OpenAPI documents say all that a client needs: meanings, examples, answers with codes, headers, stable names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from deploy.generate.handbook_codes import API, code_texts
from deploy.generate.operations import ELSEWHERE
from deploy.site.openapi_page import documents
from shared.http.openapi.document import words
from tests.contract.services.test_services_preconditions import MADE_OR_REPLACED

METHODS: Final = ("get", "put", "post", "patch", "delete")
SENTENCE: Final = re.compile(r"[A-Z0-9`].*[.)]", re.DOTALL)


@dataclass(frozen=True)
class Operation:
    """One operation of a document."""

    name: str
    """Service, method and path."""
    described: dict[str, Any]

    def headers(self) -> dict[str, bool]:
        """Return the headers of the request, and whether they are needed."""
        return {it["name"]: it.get("required", False) for it in self.described.get("parameters", ()) if it["in"] == "header"}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    return documents()


@pytest.fixture(scope="module")
def operations(found: dict[str, dict[str, Any]]) -> list[Operation]:
    return [
        Operation(f"{service} {method.upper()} {path}", item[method])
        for service, document in found.items()
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def _places(found: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield service and schema, name and description of every property."""
    for service, document in found.items():
        for title, schema in document["components"]["schemas"].items():
            for name, value in schema.get("properties", {}).items():
                yield f"{service} {title}", name, value["description"]


def test_every_schema_and_every_property_says_what_it_means(found: dict[str, dict[str, Any]]) -> None:
    schemas = (
        (service, title, it) for service, document in found.items() for title, it in document["components"]["schemas"].items()
    )
    assert [(service, title) for service, title, schema in schemas if not schema.get("description")] == []
    lacking = [f"{place}.{name}" for place, name, description in _places(found) if not description]
    assert lacking == [], "describe these by Field(description=...), or by their names in shared/http/openapi/words.toml"


def test_no_meaning_is_written_down_for_what_does_not_exist(
    found: dict[str, dict[str, Any]], operations: list[Operation]
) -> None:
    shown = {(place.split()[1].rpartition("__")[2], name): description for place, name, description in _places(found)}
    unused = [
        (title, name)
        for title, own in words()["schemas"].items()
        for name, text in own.items()
        if shown.get((title, name)) != text
    ]
    texts = set(shown.values())
    unused += [("properties", name) for name, text in words()["properties"].items() if text not in texts]
    parameters = {it["name"] for operation in operations for it in operation.described.get("parameters", ())}
    unused += [("parameters", name) for name in words()["parameters"] if name not in parameters]
    assert unused == []


def test_every_operation_and_every_parameter_says_what_it_does(operations: list[Operation]) -> None:
    for operation in operations:
        described = operation.described
        assert SENTENCE.fullmatch(described["description"]), operation.name
        assert len(described["summary"].split()) > 1, f"{operation.name}: {described['summary']}"
        assert [it["name"] for it in described.get("parameters", ()) if not it.get("description")] == [], operation.name


def test_every_operation_has_an_id_that_its_method_and_path_give_it(found: dict[str, dict[str, Any]]) -> None:
    for service, document in found.items():
        ids = {
            f"{method} {path}": item[method]["operationId"]
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        }
        assert len(set(ids.values())) == len(ids), service
        assert [it for it in ids.values() if not re.fullmatch(r"(get|put|post|patch|delete)(_[a-z0-9]+)+", it)] == []
    assert found["ordering"]["paths"]["/v1/orders/{order_id}/place"]["post"]["operationId"] == "post_orders_by_order_id_place"


def test_every_document_has_a_title_of_one_style_a_server_a_contact_and_a_licence(found: dict[str, dict[str, Any]]) -> None:
    for service, document in found.items():
        info = document["info"]
        assert info["title"] == f"EfA-Marktplatz: {service}"
        assert info["contact"]["name"]
        assert info["license"]["identifier"] == "EUPL-1.2"
        assert [it["url"] for it in document["servers"]] == ["/"]
        assert "x-codes" in info["description"]


def test_every_operation_lists_its_problems_by_status_with_codes_that_the_handbook_explains(operations: list[Operation]) -> None:
    handbook = (Path(__file__).parents[3] / "docs/betrieb/vorpruefung.md").read_text("utf-8")
    explained = {*chain(*(code_texts("de")[part] for part in (API, *ELSEWHERE))), *re.findall(r"`([A-Z][A-Z_]+)`", handbook)}
    for operation in operations:
        answers = operation.described["responses"]
        problems = {status: answer for status, answer in answers.items() if status >= "4"}
        assert "default" not in answers, operation.name
        assert {"400", "422", "500", "503"} <= problems.keys(), operation.name
        for status, answer in problems.items():
            assert answer["x-codes"], (operation.name, status)
            assert set(answer["x-codes"]) <= explained, (operation.name, status)
            assert list(answer["content"]) == ["application/problem+json"]
        if "security" in operation.described:
            assert {"401", "403"} & problems.keys(), operation.name


def test_the_codes_of_an_operation_are_those_that_it_really_comes_to(found: dict[str, dict[str, Any]]) -> None:
    place = found["ordering"]["paths"]["/v1/orders/{order_id}/place"]["post"]["responses"]
    assert {"illegal_move", "offer_expired", "idempotency_key_in_use"} <= set(place["409"]["x-codes"])
    assert {"agb_not_accepted", "leitweg_id_needed"} & set(place["422"]["x-codes"])
    assert "order_not_found" in place["404"]["x-codes"]
    for path in ("successor", "sub-contracts"):
        asked = found["contracts"]["paths"][f"/v1/contracts/{{contract_id}}/{path}"]["post"]["responses"]
        assert "no_agb_in_force" in asked["409"]["x-codes"], "a refusal that is recorded elsewhere is an answer here"
    assert "passing_not_allowed" in asked["409"]["x-codes"]
    begin = found["catalog"]["paths"]["/v1/offerings"]["post"]["responses"]
    assert "idempotency_key_missing" in begin["400"]["x-codes"]
    assert "if_match_missing" in found["catalog"]["paths"]["/v1/offerings/{offering_id}"]["put"]["responses"]["428"]["x-codes"]


def test_headers_are_marked_as_needed_where_a_request_without_them_is_refused(operations: list[Operation]) -> None:
    for operation in operations:
        codes = {code for answer in operation.described["responses"].values() for code in answer.get("x-codes", ())}
        headers = operation.headers()
        assert headers.get("Idempotency-Key", False) == ("idempotency_key_missing" in codes), operation.name
        assert headers.get("If-Match", False) == ("if_match_missing" in codes - _only_if_present(operation)), operation.name


def _only_if_present(operation: Operation) -> set[str]:
    """Return what an operation that makes or replaces needs in the second case alone."""
    return {"if_match_missing"} if operation.name in MADE_OR_REPLACED else set()


def test_whatever_heeds_an_entity_tag_states_one(operations: list[Operation]) -> None:
    for operation in operations:
        if "If-Match" in operation.headers() or "304" in operation.described["responses"]:
            good = [answer for status, answer in operation.described["responses"].items() if status in ("200", "201", "304")]
            assert all("ETag" in answer["headers"] for answer in good), operation.name


def test_every_body_has_an_example_that_fits_its_schema(found: dict[str, dict[str, Any]]) -> None:
    checked = 0
    for service, document in found.items():
        for path, item in document["paths"].items():
            for method, operation in item.items():
                content = operation.get("requestBody", {}).get("content", {}).get("application/json")
                if content is None:
                    continue
                schema = content["schema"] | {"components": document["components"]}
                shown = [it["value"] for it in content.get("examples", {}).values()] or [content["example"]]
                for value in shown:
                    faults = [it.message for it in Draft202012Validator(schema).iter_errors(value)]
                    assert faults == [], f"{service} {method} {path}: {value}"
                    checked += 1
    assert checked > 50


def test_what_everybody_may_read_may_be_held_and_asked_about_again(found: dict[str, dict[str, Any]]) -> None:
    """Other than the archive, whose proofs are for a verifier that keeps them, and what says how the service is."""
    public = {
        f"{service} {path}": operation
        for service, document in found.items()
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method == "get" and not operation.get("security") and not path.startswith("/v1/archive/")
    }
    assert {"eligibility /v1/bodies", "ordering /v1/order-vocabulary", "catalog /v1/offerings"} <= public.keys()
    assert {name for name, operation in public.items() if "304" not in operation["responses"]} == set()
