"""aiokafka's internals are used in one file, written for one version."""

from __future__ import annotations

import ast
import importlib.metadata
from pathlib import Path

import pytest

from shared.bus import aiokafka_internals

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(aiokafka_internals.__file__)


def test_the_installed_aiokafka_is_the_version_that_was_read() -> None:
    installed = importlib.metadata.version("aiokafka")
    assert installed == aiokafka_internals.VERSION, (
        f"aiokafka {installed} is installed; go through {HERE.name}, then name that version there"
    )


@pytest.mark.parametrize(("owner", "name"), aiokafka_internals.private_names(), ids=str)
def test_what_is_replaced_or_called_is_still_there(owner: object, name: str) -> None:
    assert hasattr(owner, name)


def _private_accesses(path: Path) -> list[str]:
    """Return private attributes of other objects that a file touches; those of ``self``, ``cls`` and ``super()`` are its own."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if not own and not isinstance(node.value, ast.Call):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.attr}")
    return found


@pytest.mark.parametrize("folder", ["shared/bus", "marktplatz"])
def test_no_other_file_touches_a_private_name_of_a_client(folder: str) -> None:
    files = [path for path in sorted((ROOT / folder).rglob("*.py")) if path != HERE]
    assert len(files) > 10
    clients = [path for path in files if "aiokafka" in path.read_text(encoding="utf-8")]
    assert [access for path in clients for access in _private_accesses(path)] == []
