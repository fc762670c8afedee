"""Markdown of generated pages: escaped texts, tables, and the fields of a JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Schema = dict[str, Any]

_SPECIAL = re.compile(r"([\\`*_<>\[\]{}|$~])")


def escaped(text: object) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def paragraphs(text: str) -> str:
    """Return a text of several paragraphs, each escaped."""
    return "\n\n".join(escaped(part) for part in text.split("\n\n"))


def code(text: object) -> str:
    """Return a code span that may stand in a table."""
    shown = str(text).replace("\n", " ").replace("|", "\\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, empty if it has no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *lines]) + "\n"


def sample(value: object, kind: str = "json") -> str:
    """Return a block of code: a text as it is, anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"```{kind}\n{text}\n```\n"


def target(*parts: str) -> str:
    """Return a name by which pages are linked to a place."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def fields(schema: Schema, prefix: str) -> str:
    """Return the table of an object's fields; types that are described elsewhere are links below ``prefix``."""
    required = set(schema.get("required", ()))
    rows = [
        (code(name), kind_of(field, prefix), "yes" if name in required else "no", _about(field))
        for name, field in schema.get("properties", {}).items()
    ]
    return table(("Field", "Type", "Required", "Meaning"), rows)


def kind_of(schema: Schema, prefix: str) -> str:
    """Return the type of a value in a few words."""
    for keyword in ("$ref",):
        if keyword in schema:
            name = schema[keyword].rpartition("/")[2]
            return f"[{escaped(name)}](#{target(prefix, 'schema', name)})"
    if "const" in schema:
        return code(json.dumps(schema["const"], ensure_ascii=False))
    if "enum" in schema:
        return ", ".join(code(value) for value in schema["enum"])
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            return " or ".join(kind_of(choice, prefix) for choice in schema[keyword])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {kind_of(schema.get('items', {}), prefix)}"
    shown = escaped(kind if isinstance(kind, str) else " or ".join(kind))
    return f"{shown} ({', '.join(bounds)})" if (bounds := list(_bounds(schema))) else shown


def _bounds(schema: Schema) -> Iterator[str]:
    if "format" in schema:
        yield escaped(schema["format"])
    for keyword, words in (("minimum", "from"), ("maximum", "to"), ("minLength", "at least"), ("maxLength", "at most")):
        if keyword in schema:
            yield f"{words} {escaped(schema[keyword])}" + (" characters" if keyword.endswith("Length") else "")
    if "pattern" in schema:
        yield code(schema["pattern"])


def _about(field: Schema) -> str:
    words = [escaped(field["description"])] if "description" in field else []
    if field.get("examples"):
        words.append(f"Example: {code(json.dumps(field['examples'][0], ensure_ascii=False))}")
    if "default" in field and field["default"] is not None:
        words.append(f"Default: {code(json.dumps(field['default'], ensure_ascii=False))}")
    return " ".join(words) or "-"
