"""JSON Schemas (2020-12) of the message types: the reader's form, which unknown fields pass, and the writer's strict one."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema

from shared.messages.base import Message
from shared.messages.dataschema import dataschema_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
STRICT = ":strict"
"""What the ``$id`` of a strict form has behind that of the reader's."""
PERSONAL = "x-personal"
"""Keyword of a property: whether it holds personal data (Art. 4 GDPR). Its description states it in words."""
_PERSONAL, _NOT_PERSONAL = "Personal:", "Not personal."

Schema = dict[str, Any]


class _Writer(GenerateJsonSchema):
    """Without titles of fields, which only repeat their names."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "serialization") -> Schema:
        return super().generate(schema, mode)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        return False


def schema_of(message: type[Message]) -> Schema:
    """Return the strict schema of the type: what its writer may send, nothing beside it."""
    return strict_schema(message, dataschema_of(message.TYPE) + STRICT)


def reader_schema_of(message: type[Message]) -> Schema:
    """Return the schema that each event of the type satisfies, of later versions too: unknown fields pass."""
    return opened(schema_of(message)) | {"$id": dataschema_of(message.TYPE)}


def strict_schema(model: type[BaseModel], identifier: str) -> Schema:
    """Return the strict schema of a model under an ``$id``; each property states whether it is personal.

    It is the caller's own to change. The model is asked once: that takes longer than all that is done with its schema.
    """
    schema: Schema = json.loads(_strict_text(model, identifier))
    return schema


@functools.cache
def _strict_text(model: type[BaseModel], identifier: str) -> str:
    made = model.model_json_schema(mode="serialization", schema_generator=_Writer)
    schema: Schema = {
        "$schema": DIALECT,
        "$id": identifier,
        **{name: made[name] for name in ("title", "description", "type", "required", "properties") if name in made},
        "additionalProperties": False,
        **({"$defs": made["$defs"]} if "$defs" in made else {}),
    }
    for field in properties(schema).values():
        text = field.get("description", "")
        if _PERSONAL in text or _NOT_PERSONAL in text:
            field[PERSONAL] = _PERSONAL in text
    return json.dumps(schema)


def properties(schema: Schema) -> dict[str, Schema]:
    """Return the properties of the schema and of its definitions, as ``<title>.<name>``."""
    parts = [schema, *schema.get("$defs", {}).values()]
    return {f"{part['title']}.{name}": field for part in parts for name, field in part.get("properties", {}).items()}


def opened(schema: Schema) -> Schema:
    """Return the schema as a reader takes it: unknown fields are passed over. Examples stay as they are."""
    found: Schema = {}
    for name, value in schema.items():
        if name == "additionalProperties" and value is False:
            continue
        found[name] = value if name in {"examples", "default", "const", "enum"} else _opened_value(value)
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
