"""What the portal reads of the services is what they describe: paths, query parameters, fields."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast, get_args, get_origin

import pytest
from pydantic import BaseModel

from marktplatz.assembly import ServiceName
from services.portal.apis import catalog, eligibility, notify, ordering
from services.portal.apis.ordering import Order
from services.portal.pages.offer_steps import MOVES
from services.portal.pages.showcase import FILTERS, Asked
from services.portal.pages.steps import ANSWER, COMMANDS, REACH, SETTLE
from services.portal.pages.steps import Asked as AskedStep
from tests.faults.malformed.apis import document

READ: tuple[tuple[ServiceName, str, str, type[BaseModel]], ...] = (
    (ServiceName.CATALOG, "get", "/v1/offerings", catalog.Found),
    (ServiceName.CATALOG, "get", "/v1/offerings/{offering_id}", catalog.Offering),
    (ServiceName.CATALOG, "get", "/v1/offerings/{offering_id}", catalog.KnownService),
    (ServiceName.CATALOG, "get", "/v1/my/offerings", catalog.MyOfferings),
    (ServiceName.CATALOG, "get", "/v1/reference/ozg", catalog.OzgEntries),
    (ServiceName.CATALOG, "get", "/v1/reference/leika", catalog.LeikaEntries),
    (ServiceName.CATALOG, "get", "/v1/reference/requirements", catalog.Requirements),
    (ServiceName.CATALOG, "get", "/v1/reference/topics", catalog.Topics),
    (ServiceName.ELIGIBILITY, "get", "/v1/channels", eligibility.Channels),
    (ServiceName.ELIGIBILITY, "get", "/v1/channels/{channel}", eligibility.ChannelRules),
    (ServiceName.ORDERING, "get", "/v1/orders", ordering.Summaries),
    (ServiceName.ORDERING, "get", "/v1/orders/{order_id}", ordering.Order),
    (ServiceName.ORDERING, "get", "/v1/order-vocabulary", ordering.Vocabulary),
    (ServiceName.NOTIFY, "get", "/v1/inbox", notify.Inbox),
    (ServiceName.ELIGIBILITY, "post", "/v1/checks", eligibility.Checks),
)
NEW_ORDER = cast("Order", SimpleNamespace(anbindungsarten=("API",), anbindungsart=None))


@pytest.mark.parametrize(("service", "method", "path", "model"), READ, ids=lambda it: getattr(it, "__name__", str(it)))
def test_every_field_that_is_read_is_described(service: ServiceName, method: str, path: str, model: type[BaseModel]) -> None:
    described = document(service)
    answer = described["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    assert list(_lacking(described, answer, model, model.__name__)) == []


def test_a_field_that_is_not_described_is_found() -> None:
    class Invented(BaseModel):
        no_such_field: str

    class Page(BaseModel):
        items: tuple[Invented, ...]

    described = document(ServiceName.CATALOG)
    answer = described["paths"]["/v1/offerings"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert list(_lacking(described, answer, Page, "Page")) == ["Page.items.no_such_field"]


def test_what_a_page_has_done_is_an_operation_that_is_described() -> None:
    assert "post" in document(ServiceName.NOTIFY)["paths"]["/v1/inbox/{notification_id}/read"]
    known = {it["name"] for it in document(ServiceName.NOTIFY)["paths"]["/v1/inbox"]["get"]["parameters"]}
    assert {"unread", "cursor", "limit"} <= known


def test_every_step_is_an_operation_with_the_fields_that_are_asked_for() -> None:
    described = document(ServiceName.ORDERING)
    asked = AskedStep(NEW_ORDER, lambda name: name, lambda _enumeration, value: value)
    further = {SETTLE: "points/{point_id}/settle", ANSWER: "questions/{question_id}/answer", REACH: "milestones/{code}/reach"}
    for step in COMMANDS.values():
        operation = described["paths"][f"/v1/orders/{{order_id}}/{further.get(step, step.path)}"]["post"]
        bodies = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        known = {name for it in _objects(described, bodies) for name in it.get("properties", {})}
        assert {it.name for it in step.fields(asked)} <= known, step.command
    interest = described["paths"]["/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    known = {name for it in _objects(described, interest) for name in it.get("properties", {})}
    assert {"offering_id", "channel", "anbindungsart", "message"} <= known


def test_every_step_with_an_offer_is_an_operation_with_the_fields_that_are_asked_for() -> None:
    described = document(ServiceName.CATALOG)
    for move in MOVES.values():
        operation = described["paths"][f"/v1/offerings/{{offering_id}}/{move.name}"]["post"]
        bodies = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        known = {name for it in _objects(described, bodies) for name in it.get("properties", {})}
        assert {it.name for it in move.fields(str)} <= known, move.name
    assert {"put", "get"} <= described["paths"]["/v1/offerings/{offering_id}"].keys()
    assert "post" in described["paths"]["/v1/offerings/{offering_id}/submit"]


def test_every_filter_of_the_search_is_a_query_parameter_of_the_catalog() -> None:
    operation = document(ServiceName.CATALOG)["paths"]["/v1/offerings"]["get"]
    known = {it["name"] for it in operation["parameters"]}
    asked = Asked(q="a", cursor="b", **{name: ["true"] for name in FILTERS})
    assert {name for name, _ in asked.parameters()} == {"q", "cursor", "limit", *FILTERS}
    assert {name for name, _ in asked.parameters()} <= known


def _lacking(described: dict[str, Any], schema: dict[str, Any], model: type[BaseModel], place: str) -> list[str]:
    """Return the fields of a model that no alternative of a schema has."""
    objects = list(_objects(described, schema))
    lacking: list[str] = []
    for name, field in model.model_fields.items():
        found = [it["properties"][name] for it in objects if name in it.get("properties", {})]
        if not found:
            lacking.append(f"{place}.{name}")
            continue
        for inner in _models(field.annotation):
            lacking += _lacking(described, {"anyOf": found}, inner, f"{place}.{name}")
    return lacking


def _objects(described: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in schema:
        return _objects(described, described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    inner = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    inner += [schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict)]
    return [schema, *(found for it in inner for found in _objects(described, it))]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for it in get_args(annotation) for found in _models(it)]
