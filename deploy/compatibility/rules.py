"""Breaking differences of two strict schemas, each with its place.

Inside a major version a change must be compatible both ways: today's readers read the release's events, the release's readers
read today's. So a value keeps its type, format, pattern and bounds: what is narrower refuses old events, what is wider is refused
by old readers. Only optional properties and values of open lists are added (docs/adr/0009-open-lists-of-values.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.compatibility.findings import NEW_TYPE, OPTIONAL, Finding
from shared.schemas.jsonschema import Schema

KEEP = "leave it as it is, or " + NEW_TYPE
_DESCRIBING = {"$schema", "$id", "$comment", "title", "description", "examples", "deprecated", "x-personal"}
_WALKED = {"$ref", "$defs", "properties", "required", "items", "anyOf", "oneOf", "allOf", "enum", "x-extensible-enum"}
_MISSING: Any = object()


def broken(name: str, old: Schema, new: Schema) -> list[Finding]:
    """Return the breaking changes from the old to the new schema of a type."""
    return sorted(set(_Walk(name, old, new).compare(old, new, "body")))


class _Walk:
    """Goes through two schemas side by side. A pair of definitions is compared once at each way to it, never in a circle."""

    def __init__(self, name: str, old: Schema, new: Schema) -> None:
        self._name = name
        self._old, self._new = old.get("$defs", {}), new.get("$defs", {})
        self._open: set[tuple[str, str]] = set()

    def compare(self, old: Schema, new: Schema, place: str) -> Iterator[Finding]:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair):
            if pair in self._open:
                return
            self._open.add(pair)
        yield from self._compared(_resolved(old, self._old), _resolved(new, self._new), place)
        self._open.discard(pair)

    def _compared(self, old: Schema, new: Schema, place: str) -> Iterator[Finding]:
        yield from self._values(old, new, place)
        yield from self._properties(old, new, place)
        for keyword in ("anyOf", "oneOf", "allOf"):
            yield from self._choices(old.get(keyword, []), new.get(keyword, []), place, keyword)
        if "items" in old and "items" in new:
            yield from self.compare(old["items"], new["items"], f"{place}[]")
        elif ("items" in old) != ("items" in new):
            yield self._finding(place, "items changed")
        for keyword in sorted((old.keys() | new.keys()) - _DESCRIBING - _WALKED):
            before, after = old.get(keyword, _MISSING), new.get(keyword, _MISSING)
            if before != after:
                yield self._finding(place, f"{keyword} changed from {_shown(before)} to {_shown(after)}")

    def _values(self, old: Schema, new: Schema, place: str) -> Iterator[Finding]:
        before, after = old.get("enum"), new.get("enum")
        if (before is None) != (after is None):
            yield self._finding(place, "the list of values was " + ("closed" if before is None else "opened"))
        elif before is not None and after is not None and set(before) != set(after):
            for value in sorted(set(before) - set(after)):
                yield self._finding(place, f"the closed list of values lost {value}")
            for value in sorted(set(after) - set(before)):
                yield self._finding(place, f"the closed list of values gained {value}, which readers of the release refuse")
        for value in sorted(set(old.get("x-extensible-enum", ())) - set(new.get("x-extensible-enum", ()))):
            yield self._finding(place, f"the open list of values lost {value}, which events of the release hold", KEEP)

    def _properties(self, old: Schema, new: Schema, place: str) -> Iterator[Finding]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required = set(old.get("required", ())), set(new.get("required", ()))
        gone, added = before.keys() - after.keys(), after.keys() - before.keys()
        for name in sorted(gone):
            heir = next((other for other in sorted(added) if self._same(before[name], after[other])), None)
            what = "the field was removed" if heir is None else f"the field was renamed to {heir}"
            yield self._finding(f"{place}.{name}", what, KEEP)
        for name in sorted(added & required[1]):
            yield self._finding(f"{place}.{name}", "a new field is required", OPTIONAL)
        for name in sorted(before.keys() & after.keys()):
            if name in required[1] - required[0]:
                yield self._finding(f"{place}.{name}", "the field was made required, and events of the release may lack it", KEEP)
            if name in required[0] - required[1]:
                yield self._finding(f"{place}.{name}", "the field was made optional, and readers of the release need it", KEEP)
            yield from self.compare(before[name], after[name], f"{place}.{name}")

    def _choices(self, old: list[Schema], new: list[Schema], place: str, keyword: str) -> Iterator[Finding]:
        if len(old) != len(new):
            yield self._finding(place, f"{keyword} has {len(new)} choices instead of {len(old)}")
        for before, after in zip(old, new, strict=False):
            yield from self.compare(before, after, place)

    def _same(self, old: Schema, new: Schema) -> bool:
        return next(self.compare(old, new, ""), None) is None

    def _finding(self, place: str, what: str, instead: str = NEW_TYPE) -> Finding:
        return Finding(self._name, place, what, instead)


def _resolved(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return the schema with what its reference leads to; what stands beside the reference counts too (2020-12)."""
    if "$ref" not in schema:
        return schema
    beside = {name: value for name, value in schema.items() if name != "$ref"}
    return _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions) | beside


def _shown(value: Any) -> str:  # noqa: ANN401 - any JSON
    return "nothing" if value is _MISSING else repr(value)
