"""Values of the wrong kind, made from the schema of the right ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WRONG: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    -(2**63) - 1,
    1e308,
    "",
    " ",
    "x" * 20_000,
    "\x00",
    "\u202e\ufeff\u0000",
    "e\u0301" * 300,
    "9999-12-31T23:59:59.999999Z",
    "0000-00-00",
    "2026-02-30",
    "=?utf-8?q?a=0D=0ABcc=3A_b?=",
    "../../etc/passwd",
    "${jndi:ldap://x}",
    "'; DROP TABLE x; --",
    {"$gt": ""},
    {"$where": "1"},
    {"": {"": {}}},
    [],
    [None],
    [[[[]]]],
    {},
    ["x"] * 1000,
    dict.fromkeys((f"k{number}" for number in range(500)), 1),
)
"""What stands in the place of every value of a good body, one after the other."""

WRONG_TEXTS = (
    "",
    " ",
    "x" * 1500,
    "0",
    "-1",
    "1e400",
    "9" * 300,
    "%00",
    "%2F..%2F",
    "%F0%9F%92%A9",
    "%ED%A0%80",
    "%ff",
    "null",
    "true",
    "*",
    "$",
)
"""The same for what stands in a path, a query or a header; percent-encoded already."""


class Samples:
    """Makes a good value of a schema of an OpenAPI document, and bad ones of it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.schemas: dict[str, Any] = document["components"]["schemas"]

    def good(self, schema: dict[str, Any], depth: int = 0) -> Any:  # noqa: PLR0911 - any JSON, one answer per kind
        """Return a value of the kind that the schema describes; its finer rules are not all kept."""
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for choice in ("anyOf", "oneOf", "allOf"):
            if choice in schema:
                return self.good(schema[choice][0], depth)
        kind = schema.get("type", "object")
        if kind == "object":
            properties = schema.get("properties", {}) if depth < 8 else {}
            return {name: self.good(part, depth + 1) for name, part in properties.items()}
        if kind == "array":
            return [self.good(schema.get("items", {}), depth + 1)]
        if kind in {"integer", "number"}:
            return schema.get("minimum", 1)
        if kind == "boolean":
            return True
        return _text(schema)

    def bad(self, schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Give bodies that are wrong in one place each, and say which; without a body's schema, bodies where none is asked."""
        good = self.good(schema)
        for value in WRONG:
            yield f"/ = {_short(value)}", value
        for place in places(good):
            yield f"{place} left out", changed(good, place, _Left)
            for value in WRONG:
                yield f"{place} = {_short(value)}", changed(good, place, value)
        if isinstance(good, dict):
            yield "an unknown key", {**good, "unknown": 1}

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        return schema


class _Left:
    """Stands for a value that is left out."""


def _text(schema: dict[str, Any]) -> str:
    by_format = {
        "uuid": "018f3a4e-7a53-7c31-9d2b-1f6f4f1a0c11",
        "date": "2026-03-02",
        "date-time": "2026-03-02T08:00:00Z",
        "uri": "https://example.org/x",
        "email": "a@example.org",
    }
    found = by_format.get(schema.get("format", ""), "text")
    return found.ljust(schema.get("minLength", 0), "x")


def places(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give the path of every value inside of one."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield (*place, name)
        yield from places(child, (*place, name))


def changed(value: Any, place: tuple[str | int, ...], new: object) -> Any:
    """Return a copy with another value in one place, or without it."""
    name, *rest = place
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[name] = changed(copy[name], tuple(rest), new)
    elif new is _Left:
        del copy[name]
    else:
        copy[name] = new
    return copy


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
