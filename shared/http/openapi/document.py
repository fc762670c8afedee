"""Completes the OpenAPI document that FastAPI makes: meanings of fields and parameters, answers with their codes, examples."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from shared.http import problem
from shared.http.auth import FUNCTION
from shared.http.etag import condition_of, needed_condition_of
from shared.http.idempotency import needed_idempotency_of
from shared.http.openapi.answers import problems_of
from shared.http.openapi.examples import example_of
from shared.messages.values import Function

Json: TypeAlias = dict[str, Any]
SAFE: Final = frozenset({"get", "head", "options"})
CONTACT: Final[Json] = {"name": "EfA-Marktplatz"}
LICENCE: Final[Json] = {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}
SERVERS: Final[list[Json]] = [{"url": "/", "description": "The address that this document was read from."}]
DESCRIPTION: Final = (
    "One of the APIs of the EfA-Marktplatz. Errors are `application/problem+json` (RFC 9457) with a stable `code`; each "
    "operation lists by status the codes that it can have (`x-codes`), and the handbook's page *Codes of errors* "
    "(`docs/betrieb/codes.en.md`, in German `codes.md`) says what each means and what to do. "
    "A POST with an `Idempotency-Key` can be repeated without harm; `ETag`, `If-Match` and `If-None-Match` guard changes, and "
    "what replaces or removes something that others may have changed needs `If-Match`; lists are paged by the cursor `next`."
)
_NEEDED: Final = {"Idempotency-Key": needed_idempotency_of, "If-Match": needed_condition_of}
"""Headers that an operation needs, with the dependency that refuses a request without them."""
_ETAG: Final[Json] = {"description": "Revision of the thing, for If-Match and If-None-Match.", "schema": {"type": "string"}}
_LOCATION: Final[Json] = {"description": "Path of what was made.", "schema": {"type": "string"}}


@cache
def words() -> Json:
    """Return what the fields (``properties``, ``schemas``) and the ``parameters`` of the APIs mean."""
    return tomllib.loads((resources.files(__package__) / "words.toml").read_text("utf-8"))


def operation_id(method: str, path: str) -> str:
    """Return the id of an operation, which hangs on its method and path alone: ``post_orders_by_order_id_place``."""
    parts = (f"by_{part[1:-1]}" if part.startswith("{") else part for part in path.removeprefix("/v1").strip("/").split("/"))
    return to_snake("_".join((method.lower(), *parts)).replace("-", "_").replace(".", "_"))


def complete(app: FastAPI, document: Json, service: str) -> Json:
    """Return the document with all that FastAPI cannot know. It changes the document that is given."""
    info = document["info"]
    info |= {"description": info.get("description") or DESCRIPTION, "contact": CONTACT, "license": LICENCE}
    document["servers"] = [*document.get("servers", ()), *SERVERS][:1]
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.setdefault("Problem", problem.SCHEMA)
    for name, schema in schemas.items():
        _describe_schema(name, schema)
    guarded: set[str] = set()
    for route in app.router.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                calls = set(_calls(route.dependant))
                _describe_operation(operation, route, method)
                _mark_headers(operation, calls)
                operation["responses"] = _answers(operation, service, method, route.path_format, calls)
                guarded |= {route.path_format} if condition_of in calls or needed_condition_of in calls else set()
                _exemplify(operation, route, schemas)
    for path in guarded:
        if reading := document["paths"][path].get("get"):
            _state_etag(reading)
    return document


def _describe_schema(name: str, schema: Json) -> None:
    own = words()["schemas"].get(name, {})
    if not schema.get("description"):
        page = name.partition("Page_")[2].strip("_")
        schema["description"] = f"A page of {page}." if page else "Any JSON value."
    for field, value in schema.get("properties", {}).items():
        if not value.get("description"):
            value["description"] = own.get(field) or words()["properties"].get(field, "")


def _describe_operation(operation: Json, route: APIRoute, method: str) -> None:
    """Give the operation a sentence as its summary, a description, and descriptions of its parameters."""
    text = operation.get("description") or operation["summary"]
    if route.summary is None:
        operation["summary"] = text.split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".")
    operation["description"] = text if text.endswith((".", ".)")) else f"{text}."
    if "security" in operation and method.lower() not in SAFE:
        operation.setdefault(FUNCTION, Function.BEARBEITUNG.value)
    for parameter in operation.get("parameters", ()):
        if not parameter.get("description"):
            parameter["description"] = words()["parameters"].get(parameter["name"], "")


def _mark_headers(operation: Json, calls: set[object]) -> None:
    for parameter in operation.get("parameters", ()):
        if _NEEDED.get(parameter["name"]) in calls:
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "title": parameter["name"]}


def _answers(operation: Json, service: str, method: str, path: str, calls: set[object]) -> Json:
    problems = problems_of(service, method, path)
    good = {status: answer for status, answer in operation["responses"].items() if status[0] in "123" or not problems}
    if condition_of in calls or needed_condition_of in calls or "304" in good:
        _state_etag(operation)
    for status, answer in good.items():
        if status == "201":
            answer.setdefault("headers", {}).setdefault("Location", _LOCATION)
        if answer.get("description") in ("Successful Response", ""):
            answer["description"] = _GOOD.get(status, "Done.")
    return dict(sorted((good | problems).items()))


_GOOD: Final = {"200": "The thing, or what became of it.", "201": "It was made.", "202": "It was taken.", "204": "Done."}


def _state_etag(operation: Json) -> None:
    for status, answer in operation["responses"].items():
        if status in ("200", "201", "304"):
            answer.setdefault("headers", {}).setdefault("ETag", _ETAG)


def _exemplify(operation: Json, route: APIRoute, schemas: Json) -> None:
    """Show an example of the body: that of its model as it stands there, since FastAPI leaves out what is null in it."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return
    model = route.body_field.field_info.annotation if route.body_field is not None else None
    extra = model.model_config.get("json_schema_extra") if isinstance(model, type) and issubclass(model, BaseModel) else None
    if isinstance(extra, dict) and isinstance(stated := extra.get("examples"), list):
        content["example"] = stated[0]
        schemas[content["schema"]["$ref"].rpartition("/")[2]]["examples"] = stated
    else:
        content["example"] = example_of(content["schema"], schemas, words()["examples"])


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for other in dependant.dependencies:
        yield from _calls(other)
