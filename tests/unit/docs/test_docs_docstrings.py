"""The words of the house: what a docstring begins with, and what no identifier is made of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.documents import ROOT

FOLDERS = ("shared", "services", "marktplatz", "deploy", "benchmarks", "kits")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
EVASIVE = {"say", "says", "tell", "tells", "let", "lets", "spare", "spares", "take", "takes"}
"""What a docstring does not begin with: the field has a verb for it (publish, record, return, validate, accept ...)."""
OBSCURE = {"told", "wanted", "kept", "anew"}
"""What identifiers do not hold: a noun says it (recipient, required, unknown_fields, again)."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def evasive_docstrings(source: str) -> list[str]:
    """Return the first lines of the docstrings that begin with an evasive verb."""
    texts = [text for node in ast.walk(ast.parse(source)) if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node))]
    return [text.splitlines()[0] for text in texts if text.split()[0].strip("`.,:;").lower() in EVASIVE]


def obscure_names(source: str) -> set[str]:
    """Return the identifiers that hold an obscure word."""
    if not any(word in source.lower() for word in OBSCURE):
        return set()
    return {name for name in _identifiers(ast.parse(source)) if OBSCURE & {word.lower() for word in _WORD.findall(name)}}


def _identifiers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
                yield name
            case ast.alias(asname=str(name)):
                yield name
            case _:
                pass


def test_docstrings_begin_with_the_verb_of_the_field_and_names_are_plain() -> None:
    found = {}
    for path in FILES:
        source = path.read_text(encoding="utf-8")
        if faults := [*evasive_docstrings(source), *sorted(obscure_names(source))]:
            found[path.relative_to(ROOT).as_posix()] = faults
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        'def publish():\n    """Say the newest state."""',
        'class Teller:\n    """Tells who was there."""',
        'class A:\n    def b(self):\n        """Let it run."""',
        'async def _accept():\n    """Take, and return."""',
        '"""Lets a worker run."""',
    ],
)
def test_an_evasive_docstring_is_found(source: str) -> None:
    assert len(evasive_docstrings(source)) == 1


@pytest.mark.parametrize(
    "source",
    ["told = 1", "def f(wanted_id): ...", "class KeptFields: ...", "x.started_anew", "import a as told", "def is_told(): ..."],
)
def test_an_obscure_identifier_is_found(source: str) -> None:
    assert len(obscure_names(source)) == 1
