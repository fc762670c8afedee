"""What an operator may see of a dead letter: all that was added when it died, its event's attributes, the shape of its value.

An operator has no part in Vorgänge and contracts, and no right to what stands in them; and a record that is no event of ours can
hold anything, names of people too. So no value of the body is shown: where a rule was broken the reason names the field, and who
must read the bytes has the command line and the rights of the cluster for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared import strict_json
from shared.bus.dead_letters.letter import DeadLetter

MOST_FIELDS: Final = 200
"""As many fields of a body are shown."""
_BOUNDS: Final = strict_json.Bounds(depth=32, nodes=20_000)
_ATTRIBUTES: Final = frozenset(
    {
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_time",
        "ce_subject",
        "ce_dataschema",
        "ce_partitionkey",
        "ce_sequence",
        "ce_correlationid",
        "traceparent",
        "content-type",
    }
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:/+-]{1,200}")
"""Form of an id, a type, a time, a path: no space and no ``@``, so neither a name of two words nor an address."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""Form of the names of our fields; other keys of objects are values of somebody's."""
_KINDS: Final = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    type(None): "null",
    list: "array",
    dict: "object",
}


@dataclass(frozen=True, slots=True)
class SeenHeader:
    """A header; ``content`` is None for one that is none of ours, or has another form than ours."""

    name: str
    size: int
    content: str | None


@dataclass(frozen=True, slots=True)
class SeenField:
    """A place in the body as a JSON Pointer (RFC 6901), ``*`` for every item of a list and for keys that are values.

    ``size``: characters of a text, items of a list or object.
    """

    pointer: str
    kind: str
    size: int | None


@dataclass(frozen=True, slots=True)
class SeenValue:
    """The value of a record: size and digest of its bytes, and the fields of its JSON, none if it is no JSON.

    ``cut``: there are more fields than are shown.
    """

    size: int
    sha256: str
    fields: tuple[SeenField, ...]
    cut: bool


def seen_key(key: bytes | None) -> str | None:
    """Return the key of a record if it has the form of one of ours."""
    return None if key is None else _plain(key)


def seen_headers(letter: DeadLetter) -> tuple[SeenHeader, ...]:
    """Return the headers that the record had before it died."""
    return tuple(_header(name, content) for name, content in letter.headers[:MOST_FIELDS])


def seen_value(value: bytes | None) -> SeenValue | None:
    """Return what may be seen of a value, None for none."""
    if value is None:
        return None
    digest = hashlib.sha256(value).hexdigest()
    try:
        body = strict_json.parse(value, _BOUNDS)
    except strict_json.StrictJsonError:
        return SeenValue(len(value), digest, (), cut=False)
    places: dict[tuple[str, str], SeenField] = {}
    for field in _fields(body, ""):
        places.setdefault((field.pointer, field.kind), field)
        if len(places) > MOST_FIELDS:
            break
    fields = tuple(places.values())
    return SeenValue(len(value), digest, fields[:MOST_FIELDS], cut=len(fields) > MOST_FIELDS)


def _header(name: str, content: bytes | None) -> SeenHeader:
    shown = name if _plain(name.encode(errors="replace")) is not None else "*"
    raw = content or b""
    return SeenHeader(shown, len(raw), _plain(raw) if name.lower() in _ATTRIBUTES else None)


def _plain(content: bytes) -> str | None:
    text = content.decode("ascii", errors="replace")
    return text if _PLAIN.fullmatch(text) else None


def _fields(value: object, pointer: str) -> Iterator[SeenField]:
    yield SeenField(pointer, _KINDS[type(value)], len(value) if isinstance(value, str | list | dict) else None)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _fields(inner, f"{pointer}/{name if _NAME.fullmatch(name) else '*'}")
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner, f"{pointer}/*")
