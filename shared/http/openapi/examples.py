"""An example of a request's body, made from its schema and from values that stand for names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_DEPTH: Final = 8
_CHOICES: Final = ("anyOf", "oneOf", "allOf")
_PLAIN: Final = {"string": "Text", "integer": 1, "number": 1, "boolean": True, "null": None, "object": {}}
_FORMATS: Final = {"date": "2027-01-01", "date-time": "2026-11-24T09:00:00Z", "email": "erika@husum.example"}
_KINDS: Final = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], values: Mapping[str, Any]) -> object:
    """Return a value of the schema: what it states as an example, else what ``values`` holds for the field, else a plain one.

    ``schemas`` are the components that it refers to. Of an object the fields that are needed are filled in, or have a value.
    """
    return _Maker(schemas, values).make(schema, "", _DEPTH)


@dataclass(frozen=True, slots=True)
class _Maker:
    schemas: Mapping[str, Any]
    values: Mapping[str, Any]

    def make(self, schema: Mapping[str, Any], name: str, depth: int) -> object:
        if "$ref" in schema:
            return self.make(self.schemas[schema["$ref"].rpartition("/")[2]], name, depth)
        kind = schema.get("type", "null")
        if name in self.values and isinstance(self.values[name], _KINDS.get(kind, object)):
            stated = [self.values[name]]
        else:
            stated = schema.get("examples") or schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        if stated:
            return stated[0]
        chosen = next((schema[choice][0] for choice in _CHOICES if schema.get(choice)), None)
        if chosen is not None:
            return self.make(chosen, name, depth)
        if kind == "array":
            return [self.make(schema["items"], name, depth - 1)] if depth and schema.get("items") else []
        if kind == "object" and depth:
            return self._object(schema, depth)
        return _FORMATS.get(schema.get("format", "")) or schema.get("minimum") or _PLAIN.get(kind)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, object]:
        needed = schema.get("required", ())
        return {
            field: self.make(inner, field, depth - 1)
            for field, inner in schema.get("properties", {}).items()
            if field in needed or field in self.values
        }
