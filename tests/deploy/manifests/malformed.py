"""Spoils single fields of rendered objects at random, with a seed: other types, nothing, too much, what no field takes."""

from __future__ import annotations

import copy
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.checks.generic.objects import Document, kind_of

Path = tuple[str | int, ...]

TEXTS = (
    "",
    "Not_Valid",
    "two words",
    "-begin",
    "end-",
    "ü.example",
    "a" * 300,
    "a..b",
    "/x/../y",
    "192.0.2.300/33",
    "192.0.2.7/24",
    "https://x",
    "*",
    "-1",
    "99999",
    "Europe/Berlim",
    "61 * * * *",
    "a/b/c",
    "5 Gi",
    "1e999999999",
    "\n",
    "\0",
    "{",
    "$(A)",
    "%",
    ":",
    "@",
    "@sha256:",
    "[::1",
)
OTHERS: tuple[Any, ...] = (None, [], {}, True, -1, 0, 1.5, 70000, 10**12, {"a": "b"}, ["a"], [None], [{}], [[]])


@dataclass(frozen=True, slots=True)
class Spoilt:
    """An object with one field spoilt: where, by what, and the object."""

    kind: str
    path: Path
    value: object
    document: Document

    def __str__(self) -> str:
        return f"{self.kind}: {'.'.join(map(str, self.path))} = {self.value!r:.80}"


def spoilt(documents: Sequence[Document], count: int, seed: int) -> Iterator[tuple[int, Spoilt]]:
    """Yield spoilt objects with their place among the documents: every field of every kind in turn, by one value each."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    fields: defaultdict[tuple[str, Path], list[tuple[int, Path]]] = defaultdict(list)
    for place, document in enumerate(documents):
        for path in _paths(document, ()):
            fields[kind_of(document), tuple("*" if isinstance(step, int) else step for step in path)].append((place, path))
    order = sorted(fields, key=str)
    chance.shuffle(order)
    for number in range(count):
        place, path = chance.choice(fields[order[number % len(order)]])
        document = copy.deepcopy(documents[place])
        above: Any = document
        for step in path[:-1]:
            above = above[step]
        above[path[-1]] = value = _value(chance, above[path[-1]])
        yield place, Spoilt(kind_of(documents[place]), path, value, document)


def _paths(value: object, path: Path) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _paths(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, (*path, index))


def _value(chance: random.Random, value: Any) -> Any:
    """Return something else: most often of the same type, which schemas let pass."""
    if isinstance(value, bool) or value is None or chance.random() < 1 / 4:
        return copy.deepcopy(chance.choice(OTHERS))
    if isinstance(value, str):
        return chance.choice((*TEXTS, value.upper(), f"{value}_", f" {value}", f"{value}."))
    if isinstance(value, int | float):
        return chance.choice((-1, 0, value * 1000, value + 0.5, 2**31, 10**30, str(value)))
    if isinstance(value, list):
        return chance.choice(([], [*value, *value[:1]], [*value, None], [*value, {}], [*value, "x"], value[1:], [value]))
    return _mapping(chance, value)


def _mapping(chance: random.Random, value: dict[str, Any]) -> dict[Any, Any]:
    changed: dict[Any, Any] = dict(value)
    taken = changed.pop(chance.choice(sorted(changed)), None) if changed else None
    match chance.randrange(4):
        case 0:
            changed[chance.choice(TEXTS)] = taken
        case 1:
            changed = value | {chance.choice(TEXTS): chance.choice(OTHERS)}
        case 2:
            changed = {}
    return changed
