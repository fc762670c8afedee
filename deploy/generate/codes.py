"""Every stable code that the source can give out, found in its syntax, and the HTTP statuses it is given out with."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path

from deploy.checks.product.settings import PROJECT
from shared.bus.faults import Fault

SOURCES = ("shared", "services", "marktplatz")
_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+|_NNN)*")
_STATUSES = range(400, 600)
_CONFLICTS = ("Violation", "conflict")
"""Callables whose codes are those of a ConflictError that is raised elsewhere."""
_CONSTANTS = ("shared/bus/dead_letters/letter.py", "services/contracts/domain/violation_codes.py")
"""Modules whose public texts are codes."""


def codes(sources: Iterable[Path] | None = None) -> dict[str, set[int]]:
    """Return every code of the source with its statuses, as far as they can be known; findings of rules are none."""
    if sources is None:
        return {code: set(statuses) for code, statuses in _codes_of_product().items()}
    parsed = _parsed(sources)
    return _codes_in(parsed, Known.of(parsed.values()))


@cache
def _codes_of_product() -> dict[str, set[int]]:
    """Read the source once: eight tables ask for its codes, and each reading takes two seconds."""
    return {fault.value: set() for fault in Fault} | _codes_in(trees(), known())


@cache
def trees() -> Mapping[Path, ast.Module]:
    """Return the syntax of every file of the product."""
    files = (path for top in SOURCES for path in sorted((PROJECT / top).rglob("*.py")))
    return _parsed(files)


@cache
def known() -> Known:
    """Return what stands in all files of the product."""
    return Known.of(trees().values())


def _parsed(files: Iterable[Path]) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}


def _codes_in(trees: Mapping[Path, ast.Module], known: Known) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for path, tree in trees.items():
        exported = path.as_posix().endswith(_CONSTANTS)
        for node in ast.walk(tree):
            for code, status in codes_at(node, known):
                found[code] |= set() if status is None else {status}
        for name, text in _texts_of(tree).items():
            if exported and not name.startswith("_") and _CODE.fullmatch(text):
                found[text] |= set()
    return dict(found)


@dataclass(slots=True)
class Known:
    """What stands in all files: texts by name, where callables take a code, statuses of error classes."""

    texts: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    """The code that an error class has by itself."""

    @classmethod
    def of(cls, trees: Iterable[ast.Module]) -> Known:
        """Return what stands in the files of these trees."""
        known = cls()
        bases: dict[str, Sequence[str]] = {}
        for tree in trees:
            known.texts |= _texts_of(tree)
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
                    known._note_class(node)
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name != "__init__":
                    known._note_place(node.name, [argument.arg for argument in node.args.args])
        for name in bases:
            known.statuses.setdefault(name, 0)
        for name in bases:
            known.statuses[name] = known._status_of(name, bases)
        for name in bases:
            known.own[name] = known._code_of(name, bases)
        return known

    def _note_class(self, node: ast.ClassDef) -> None:
        fields = [it.target.id for it in node.body if isinstance(it, ast.AnnAssign) and isinstance(it.target, ast.Name)]
        self._note_place(node.name, fields)
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                self._note_place(node.name, [argument.arg for argument in item.args.args])
                for call in (it for it in ast.walk(item) if isinstance(it, ast.Call)):
                    for status in (_status(keyword.value) for keyword in call.keywords if keyword.arg == "status"):
                        self.statuses[node.name] = status or 0
            for name, value in _assigned(item):
                if name == "code" and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    self.own[node.name] = value.value
                if name == "status" and isinstance(value, ast.Constant) and isinstance(value.value, int):
                    self.statuses[node.name] = value.value

    def _note_place(self, name: str, arguments: Sequence[str]) -> None:
        names = [argument for argument in arguments if argument not in ("self", "cls")]
        if "code" in names:
            self.places[name] = names.index("code")

    def _code_of(self, name: str, bases: Mapping[str, Sequence[str]]) -> str:
        own = self.own.get(name, "")
        return own or next((found for base in bases.get(name, ()) if (found := self._code_of(base, bases))), "")

    def _status_of(self, name: str, bases: Mapping[str, Sequence[str]]) -> int:
        own = self.statuses.get(name, 0)
        return own or next((found for base in bases.get(name, ()) if (found := self._status_of(base, bases))), 0)


def own_code(node: ast.AST, known: Known) -> Iterator[tuple[str, int | None]]:
    """Yield the code that an error has by its class, where a node makes one without stating another code."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error"):
        name, place = node.func.id, known.places.get(node.func.id)
        stated = any(keyword.arg == "code" for keyword in node.keywords) or (place is not None and place < len(node.args))
        if not stated and known.own.get(name):
            yield known.own[name], known.statuses.get(name) or None


def codes_at(node: ast.AST, known: Known) -> Iterator[tuple[str, int | None]]:
    """Yield the codes that a node gives out, each with its status if that can be seen."""
    for status, value in _given_out(node, known):
        yield from ((code, status) for code in _texts(value, known))


def _given_out(node: ast.AST, known: Known) -> Iterator[tuple[int | None, ast.expr]]:
    """Yield the expressions at a node whose values are codes, each with its status."""
    if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
        status = known.statuses[node.name] or None
        yield from ((status, value) for item in node.body for name, value in _assigned(item) if name == "code")
    elif isinstance(node, ast.Call):
        yield from _given_to(node, known)
    elif isinstance(node, ast.Tuple):
        if len(node.elts) > 1 and (status := _status(node.elts[0])) is not None:
            yield status, node.elts[1]
    elif isinstance(node, ast.Dict):
        rows = ((_status(key), value) for key, value in zip(node.keys, node.values, strict=True) if key is not None)
        yield from (row for row in rows if row[0] is not None)
    else:
        yield from ((None, value) for name, value in _assigned(node) if name == "code")


def _given_to(call: ast.Call, known: Known) -> Iterator[tuple[int | None, ast.expr]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    place = known.places.get(name)
    value = named.get("code") or (call.args[place] if place is not None and place < len(call.args) else None)
    if value is None:
        return
    first = named.get("status") or (call.args[0] if call.args else None)
    status = None if first is None else _status(first)
    status = status or known.statuses.get(name) or (HTTPStatus.CONFLICT.value if name in _CONFLICTS else None)
    yield status, value


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        yield node.targets[0].id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value


def _texts_of(tree: ast.Module) -> dict[str, str]:
    return {
        name: value.value
        for item in tree.body
        for name, value in _assigned(item)
        if name.isupper() and isinstance(value, ast.Constant) and isinstance(value.value, str)
    }


def _status(value: ast.expr) -> int | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, int) and value.value in _STATUSES:
        return value.value
    if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.value.id == "HTTPStatus":
        return HTTPStatus[value.attr].value
    return None


def _texts(value: ast.expr, known: Known) -> Iterator[str]:
    """Yield the codes that an expression can have; a number written into one stands as NNN."""
    if isinstance(value, ast.IfExp):
        yield from _texts(value.body, known)
        yield from _texts(value.orelse, known)
        return
    if isinstance(value, ast.BoolOp):
        for part in value.values:
            yield from _texts(part, known)
        return
    text = ""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        text = value.value
    elif isinstance(value, ast.Name):
        text = known.texts.get(value.id, "")
    elif isinstance(value, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "NNN" for part in value.values)
    if _CODE.fullmatch(text):
        yield text
