"""Examples of messages, put together from the examples of their fields."""

from __future__ import annotations

from typing import Any, Final

from shared.schemas.jsonschema import Schema

_MISSING: Final = object()
_BY_FORMAT: Final = {"date-time": "2026-11-24T09:00:00Z", "date": "2026-11-24"}


def example_of(schema: Schema) -> dict[str, Any]:
    """Return an example of the object that a schema describes, with each field that has an example.

    Raises ValueError for a field that must be there and has none.
    """
    return _object(schema, schema.get("$defs", {}))


def _object(schema: Schema, definitions: dict[str, Schema]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in schema.get("properties", {}).items():
        value = _value(field, definitions)
        if value is not _MISSING:
            found[name] = value
        elif name in schema.get("required", ()):
            raise ValueError(f"{schema.get('title')}.{name} needs an example: Field(examples=[...])")
    return found


def _value(schema: Schema, definitions: dict[str, Schema]) -> Any:  # noqa: ANN401, C901, PLR0911 - any JSON, one line for each kind
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for members in ("enum", "x-extensible-enum"):
        if members in schema:
            return schema[members][0]
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    if "properties" in schema:
        return _object(schema, definitions)
    if schema.get("type") == "array":
        item = _value(schema.get("items", {}), definitions)
        return _MISSING if item is _MISSING else [item]
    for choice in schema.get("anyOf", ()):
        value = _value(choice, definitions)
        if value is not _MISSING:
            return value
    return _MISSING
