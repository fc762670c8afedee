"""Parts of stored documents, cut out of their BSON: what a reader does not ask for is never decoded.

https://bsonspec.org/spec.html; the elements are those of the data model (``shared.store.documents``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from shared.store.port import Document

Tree: TypeAlias = Mapping[str, "Tree"]

_DOCUMENT, _ARRAY, _TEXT = 0x03, 0x04, 0x02
_FIXED = {0x01: 8, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x12: 8}
_LENGTH = struct.Struct("<i")


@dataclass(frozen=True, slots=True)
class Shape:
    """What is returned of documents: the parts of ``only`` (one without parts of its own is whole), or all but ``without``."""

    only: Tree | None = None
    without: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.only is None and not self.without

    @property
    def deep(self) -> bool:
        """Whether parts of nested documents are asked for."""
        return self.only is not None and any(self.only.values())

    def cut(self, body: bytes) -> bytes:
        """Return the BSON of what is asked for of a document in BSON. Raises ValueError for an element of no known type."""
        if self.only is not None:
            return _part(body, 0, {"_id": {}, **self.only})
        if self.without:
            return _closed(body[start:end] for _, name, start, _, end in _elements(body, 0) if name not in self.without)
        return body

    def of(self, document: Document) -> Document:
        """Return what is asked for of a decoded document."""
        if self.only is not None:
            return _pick(document, {"_id": {}, **self.only})
        return {name: value for name, value in document.items() if name not in self.without}


def tree_of(paths: Iterable[str]) -> Tree:
    """Return dotted paths as a tree. Raises ValueError if one of them lies inside another."""
    ways = [tuple(path.split(".")) for path in dict.fromkeys(paths)]
    tree: dict[str, Tree] = {}
    for first in dict.fromkeys(way[0] for way in ways):
        deeper = [".".join(way[1:]) for way in ways if way[0] == first]
        if "" in deeper and len(deeper) > 1:
            raise ValueError(f"{first} is asked for as a whole and in part")
        tree[first] = {} if "" in deeper else tree_of(deeper)
    return tree


def paths_of(tree: Tree) -> list[str]:
    """Return a tree as dotted paths."""
    return [path for name, deeper in tree.items() for path in ([f"{name}.{p}" for p in paths_of(deeper)] if deeper else [name])]


def _elements(body: bytes, start: int) -> Iterator[tuple[int, str, int, int, int]]:
    """Yield type, name, start, start of the value and end of each element of the document that begins at ``start``."""
    (length,) = _LENGTH.unpack_from(body, start)
    place, last = start + _LENGTH.size, start + length - 1
    while place < last:
        kind = body[place]
        name_end = body.index(b"\0", place + 1)
        value = name_end + 1
        if kind in _FIXED:
            end = value + _FIXED[kind]
        elif kind == _TEXT:
            end = value + _LENGTH.size + _LENGTH.unpack_from(body, value)[0]
        elif kind in (_DOCUMENT, _ARRAY):
            end = value + _LENGTH.unpack_from(body, value)[0]
        else:
            raise ValueError(f"an element of type {kind:#04x} is not in the data model of the store")
        yield kind, body[place + 1 : name_end].decode(), place, value, end
        place = end


def _part(body: bytes, start: int, tree: Tree) -> bytes:
    pieces: list[bytes] = []
    for kind, name, begin, value, end in _elements(body, start):
        deeper = tree.get(name)
        if deeper is None:
            continue
        if not deeper:
            pieces.append(body[begin:end])
        elif kind == _DOCUMENT:
            pieces += (body[begin:value], _part(body, value, deeper))
        elif kind == _ARRAY:
            pieces += (body[begin:value], _parts(body, value, deeper))
    return _closed(pieces)


def _parts(body: bytes, start: int, tree: Tree) -> bytes:
    """Return the parts of a list's documents; what is no document has none."""
    found = (_part(body, value, tree) for kind, _, _, value, _ in _elements(body, start) if kind == _DOCUMENT)
    return _closed(b"\x03%d\0%b" % (place, part) for place, part in enumerate(found))


def _closed(pieces: Iterable[bytes]) -> bytes:
    content = b"".join(pieces)
    return b"%b%b\0" % (_LENGTH.pack(len(content) + _LENGTH.size + 1), content)


def _pick(document: Mapping[str, object], tree: Tree) -> Document:
    picked: Document = {}
    for name, value in document.items():
        deeper = tree.get(name)
        if deeper is None:
            continue
        if not deeper:
            picked[name] = value
        elif isinstance(value, dict):
            picked[name] = _pick(value, deeper)
        elif isinstance(value, list):
            picked[name] = [_pick(item, deeper) for item in value if isinstance(item, dict)]
    return picked
