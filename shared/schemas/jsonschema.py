"""JSON Schemas (2020-12) of the message types, as their writers keep to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema

from shared.messages.base import Message
from shared.messages.dataschema import dataschema_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


class _Writer(GenerateJsonSchema):
    """Without titles of fields, which only repeat their names."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "serialization") -> Schema:
        return super().generate(schema, mode)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        return False


def schema_of(message: type[Message]) -> Schema:
    """Return the schema that each event of the type satisfies: what its writer may send, nothing beside it."""
    made = message.model_json_schema(mode="serialization", schema_generator=_Writer)
    return {
        "$schema": DIALECT,
        "$id": dataschema_of(message.TYPE),
        **{name: made[name] for name in ("title", "description", "type", "required", "properties") if name in made},
        "additionalProperties": False,
        **({"$defs": made["$defs"]} if "$defs" in made else {}),
    }


def opened(schema: Schema) -> Schema:
    """Return the schema as a reader takes it: unknown fields are passed over."""
    found: Schema = {}
    for name, value in schema.items():
        if name == "additionalProperties" and value is False:
            continue
        found[name] = _opened_value(value)
    return found


def _opened_value(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return opened(value)
    if isinstance(value, list):
        return [_opened_value(item) for item in value]
    return value


def references(schema: Any) -> Iterator[Schema]:  # noqa: ANN401 - any JSON
    """Yield each object inside the schema that is a reference."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)
