"""Every body that an API takes is what it says: no member is passed over in silence, and no text says nothing.

What is stored or travels still takes texts of before, which a version without that rule has taken.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError

from deploy.site.openapi_page import applications, documents
from services.contracts.contacts.schemas import NamingForm
from shared import written
from shared.aggregate.base import Aggregate
from shared.messages.base import Message
from tests.faults.malformed.values import Samples, changed, places

SENTENCE: Final = "Die Satzung gilt ab Mai."
NOTHING: Final = "\u200b-"
"""Neither letter nor digit."""
MAY_BE_EMPTY: Final = {
    "/v1/offerings": "a draft is not complete; what it lacks is named when it is submitted",
    "/v1/offerings/{offering_id}": "the same",
    "/v1/registrations/{body_id}": "the same: values are taken as they are typed",
    "/v1/registrations/{body_id}/check": "the same",
    "/v1/offerings/{offering_id}/bereitstellungsvertrag": "what is in it is ignored",
    "/v1/offers/{offering_id}/cost-information": "the rules of prices look at each line",
}
"""Paths whose texts are looked at later."""
COMPARED: Final = frozenset(
    {
        *("ars", "leitweg_id", "agb_version", "verdict_hash", "muted", "event_type", "event_types", "evidence"),
        *("end_fact", "rule_set", "url", "price_items"),
    }
)
"""Members that are held against what is known, or against the rules of price sheets: a text that says nothing is none of it."""

Place = tuple[str | int, ...]


def _bodies() -> Iterator[tuple[str, APIRoute, Mapping[str, Any], Samples]]:
    described = documents()
    for service, application in applications().items():
        samples = Samples(described[service])
        for route in application.router.routes:
            if isinstance(route, APIRoute) and route.body_field is not None:
                operation = described[service]["paths"][route.path_format][min(route.methods or ()).lower()]
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                yield f"{service} {min(route.methods or ())} {route.path_format}", route, schema, samples


def _refused(adapter: TypeAdapter[Any], body: object) -> list[Place]:
    try:
        adapter.validate_python(body)
    except ValidationError as error:
        return [it["loc"] for it in error.errors(include_url=False, include_input=False)]
    return []


def _objects(schema: Any, samples: Samples, seen: set[str]) -> Iterator[Mapping[str, Any]]:
    """Yield every object that is described anywhere in a schema, each once."""
    if isinstance(schema, list):
        for part in schema:
            yield from _objects(part, samples, seen)
    if not isinstance(schema, dict):
        return
    if (reference := schema.get("$ref")) is not None and reference not in seen:
        seen.add(reference)
        yield from _objects(samples.schemas[reference.rpartition("/")[2]], samples, seen)
    if "properties" in schema:
        yield schema
    for part in schema.values():
        yield from _objects(part, samples, seen)


def test_a_member_that_no_body_has_is_refused_at_every_depth() -> None:
    passed_over = {
        f"{name}: {found.get('title')}"
        for name, _, schema, samples in _bodies()
        for found in _objects(dict(schema), samples, set())
        if found.get("additionalProperties") is not False
    }
    assert not passed_over


def test_a_text_that_says_nothing_is_none_wherever_a_sentence_is_taken() -> None:
    looked_at, taken = 0, []
    for name, route, schema, samples in _bodies():
        assert route.body_field is not None
        annotation: Any = route.body_field.field_info.annotation
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        good = samples.good(dict(schema))
        for place in places(good):
            if route.path_format in MAY_BE_EMPTY or COMPARED & {part for part in place if isinstance(part, str)}:
                continue
            if any(it[: len(place)] == place for it in _refused(adapter, changed(good, place, SENTENCE))):
                continue
            looked_at += 1
            if not any(place[: len(it)] == it[: len(place)] for it in _refused(adapter, changed(good, place, NOTHING))):
                taken.append(f"{name} {place}")
    assert not taken
    assert looked_at > 30


def _functions(schema: object) -> Iterator[Callable[..., object]]:
    """Yield the functions that a model is validated by, from pydantic's description of it."""
    if isinstance(schema, list | tuple):
        for part in schema:
            yield from _functions(part)
    elif isinstance(schema, dict):
        for part in schema.values():
            if inspect.isfunction(part):
                yield part
            yield from _functions(part)


def _below(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in kind.__subclasses__():
        yield model
        yield from _below(model)


def test_what_is_stored_or_travels_takes_texts_of_before() -> None:
    applications()
    kept = {it for kind in (Aggregate, Message) for it in _below(kind) if it.__module__.startswith(("services.", "shared."))}
    narrowed = [
        it.__name__ for it in kept if any(one.__module__ == written.__name__ for one in _functions(it.__pydantic_core_schema__))
    ]
    assert not narrowed
    assert {"ContactBook", "Organisation"} <= {it.__name__ for it in kept}
    assert any(one.__module__ == written.__name__ for one in _functions(NamingForm.__pydantic_core_schema__)), "it would be found"


@pytest.mark.parametrize("path", MAY_BE_EMPTY)
def test_what_may_be_empty_is_there(path: str) -> None:
    assert any(route.path_format == path for _, route, _, _ in _bodies())
