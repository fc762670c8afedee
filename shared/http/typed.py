"""Values of requests are of the type that the OpenAPI document states: no number is a day, no text a number, no 1 a yes.

Pydantic reads such values leniently (``"5"`` as 5, ``"yes"`` as true, 0 as 1 January 1970): it would take what nobody has meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, TypeAlias, get_args, get_origin

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

Schema: TypeAlias = Mapping[str, Any]
Place: TypeAlias = tuple[str | int, ...]
Fault: TypeAlias = tuple[Place, str | None]
"""Where a value is of another type, and the code of that; None where Pydantic itself is strict."""
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "string": (str,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
_LENIENT: Final = {"integer": "int_type", "number": "float_type", "boolean": "bool_type"}
"""Types that Pydantic makes of other ones, and the code of a value that is of another one."""
_WRITTEN: Final = {
    "date": ("date_type", "date_parsing", re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")),
    "date-time": (
        "datetime_type",
        "datetime_parsing",
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"),
    ),
}
"""How days and moments are written (RFC 3339), by the format of their schema, with the codes of another type and another text."""
_IN_QUERIES: Final[Mapping[object, tuple[str, re.Pattern[str]]]] = {
    int: ("int_parsing", re.compile(r"-?[0-9]+")),
    bool: ("bool_parsing", re.compile(r"true|false")),
}
"""How numbers and truth values are written in a query."""
MESSAGES: Final = {
    "int_parsing": "Input should be a valid integer",
    "bool_parsing": "Input should be a valid boolean, true or false",
    "int_type": "Input should be a valid integer",
    "float_type": "Input should be a valid number",
    "bool_type": "Input should be a valid boolean",
    "date_type": "Input should be a valid date",
    "date_parsing": "Input should be a valid date, written as YYYY-MM-DD",
    "datetime_type": "Input should be a valid datetime",
    "datetime_parsing": "Input should be a valid datetime, written as YYYY-MM-DDThh:mm:ssZ",
}
"""What is wrong, by code, in the words of Pydantic."""


def written_as(annotation: object) -> tuple[str, re.Pattern[str]] | None:
    """Return how a query parameter of this type is written, with the code of other texts; None if its type says it all."""
    kinds = set(_leaves(annotation)) - {type(None)}
    return _IN_QUERIES.get(kinds.pop()) if len(kinds) == 1 else None


def takes_several(annotation: object) -> bool:
    """Return whether a query parameter of this type may be there several times."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    return origin in (list, tuple) or any(map(takes_several, arguments[:1] if origin is Annotated else arguments))


def _leaves(annotation: object) -> Iterator[object]:
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        arguments = arguments[:1]
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _leaves(argument)


def check_of(route: APIRoute) -> Callable[[Request], Any]:
    """Return the dependency that refuses a body whose values are of other types than ``route`` describes.

    It raises RequestValidationError, which names each of them. It comes behind the other dependencies of the route: whoever may
    not call it learns nothing of its body.
    """
    assert route.body_field is not None  # noqa: S101 - for the type checker: there is a body to check
    annotation: Any = route.body_field.field_info.annotation

    @cache
    def adapter() -> tuple[TypeAdapter[Any], Schema]:
        made: TypeAdapter[Any] = TypeAdapter(annotation)
        return made, made.json_schema()

    async def typed_body(request: Request) -> None:
        if not await request.body():
            return
        model, schema = adapter()
        value = await request.json()
        found = {place: code for place, code in faults_of(value, schema, schema.get("$defs", {})) if code is not None}
        if found:
            # What else is wrong is named too, so that all of it can be mended at once.
            others = [it for it in _refusals(model, value) if it["loc"] not in found]
            raise RequestValidationError([*(error_at(place, code) for place, code in found.items()), *others])

    return typed_body


def faults_of(value: object, schema: Schema, defs: Mapping[str, Schema], place: Place = ("body",)) -> Iterator[Fault]:
    """Yield where a JSON value is of another type than its schema states; what is unknown or missing is no matter of types."""
    while "$ref" in schema:
        schema = defs[schema["$ref"].rpartition("/")[2]]
    branches: Sequence[Schema] = schema.get("anyOf") or schema.get("oneOf") or ()
    if branches:
        found = [list(faults_of(value, branch, defs, place)) for branch in branches]
        # Of several forms the one counts that the value was meant to be: that whose faults lie deepest.
        yield from [] if not all(found) else max(found, key=lambda faults: max(len(it[0]) for it in faults))
        return
    kind: str = schema.get("type", "")
    if kind not in _TYPES:
        return
    code = _code_of(value, kind, schema.get("format", ""))
    if code != "":
        yield place, code
    elif isinstance(value, dict):
        further = schema.get("additionalProperties")
        for name, one in value.items():
            inner = schema.get("properties", {}).get(name, further)
            if isinstance(inner, Mapping):
                yield from faults_of(one, inner, defs, (*place, name))
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for number, one in enumerate(value):
            yield from faults_of(one, schema["items"], defs, (*place, number))


def _code_of(value: object, kind: str, form: str) -> str | None:
    """Return the code of a value that is not of a type: ``""`` if it is, None if it is not and Pydantic itself says so."""
    fits = isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if fits and kind == "integer" and isinstance(value, float):
        fits = value.is_integer()
    if kind == "string" and form in _WRITTEN:
        other, malformed, written = _WRITTEN[form]
        return other if not isinstance(value, str) else "" if written.fullmatch(value) else malformed
    return "" if fits else _LENIENT.get(kind)


def _refusals(model: TypeAdapter[Any], value: object) -> list[dict[str, Any]]:
    """Return what Pydantic finds wrong with a body."""
    try:
        model.validate_python(value)
    except ValidationError as error:
        return [{**it, "loc": ("body", *it["loc"])} for it in error.errors(include_url=False)]
    return []


def error_at(place: Place, code: str) -> dict[str, Any]:
    """Return the fault of a value as Pydantic states one, without the value."""
    return {"type": code, "loc": place, "msg": MESSAGES[code], "input": None}
