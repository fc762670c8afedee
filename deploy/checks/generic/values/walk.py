"""Walks through an object along the published schema of its kind, so that a rule about a part holds wherever the part stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from deploy.checks.generic.core_schemas import MINORS, definitions_of, schema_of
from deploy.checks.generic.objects import Document, kind_of, text

_PREFIXES = ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apimachinery.pkg.", "io.k8s.")

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an object: where it is, the name of its schema (``core.v1.Container``, else empty), and itself."""

    path: str
    part: str
    value: Any
    schema: Schema

    def below(self, field: str | int) -> str:
        """Return the path of a field of this part."""
        return f"{self.path}.{field}".lstrip(".")


def parts(document: Document) -> Iterator[Node]:
    """Return every part of an object of a built-in kind, from the root down; nothing for another kind."""
    schema = schema_of(MINORS[-1], text(document, "apiVersion"), kind_of(document))
    if schema is not None:
        group, _, version = text(document, "apiVersion").rpartition("/")
        root = f"{group.partition('.')[0] or 'core'}.{version}.{kind_of(document)}"
        yield from _parts(document, schema, root, "")


def parts_of(value: object, part: str, path: str) -> Iterator[Node]:
    """Return the parts of a value that has the form of a built-in one, such as ``core.v1.Toleration``."""
    yield from _parts(value, _by_part()[part], part, path)


def parts_by(value: object, schema: Schema) -> Iterator[Node]:
    """Return the parts of a custom resource, by the schema of its definition; they have no names."""
    yield from _parts(value, schema, "", "")


@cache
def _by_part() -> Mapping[str, Schema]:
    return {_short(name): schema for name, schema in definitions_of(MINORS[-1]).items()}


def _parts(value: Any, schema: Schema, part: str, path: str) -> Iterator[Node]:  # noqa: ANN401 - any JSON value
    if "$ref" in schema:
        part = _short(schema["$ref"].rpartition("/")[2])
        schema = _by_part()[part]
    if isinstance(value, dict):
        yield Node(path, part, value, schema)
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            below = properties.get(name, rest if isinstance(rest, dict) else None)
            if below is not None and item is not None:
                yield from _parts(item, below, "", f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        yield Node(path, part, value, schema)
        for index, item in enumerate(value):
            if isinstance(schema.get("items"), dict):
                yield from _parts({} if item is None else item, schema["items"], "", f"{path}.{index}")


def _short(name: str) -> str:
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
