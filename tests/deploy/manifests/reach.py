"""Which functions and classes of a package a function reaches, read from its sources."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

Name = tuple[str, str]
"""Module, and what it defines at its top level; the module itself has no second part."""


@dataclass(slots=True)
class Sources:
    """Top-level definitions of a package, and the definitions that each one names."""

    definitions: dict[Name, ast.AST] = field(default_factory=dict)
    imports: dict[str, dict[str, Name]] = field(default_factory=dict)

    @classmethod
    def of(cls, package: str, root: Path) -> Sources:
        """Read a package (``deploy.checks``) below a folder."""
        found = cls()
        for file in sorted((root / package.replace(".", "/")).rglob("*.py")):
            module = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found.imports[module] = dict(_imported(tree))
            for node in tree.body:
                for name in _defined(node):
                    found.definitions[module, name] = node
        return found

    def reached(self, start: Name) -> set[Name]:
        """Return all definitions that one names, directly or by others."""
        found: set[Name] = set()
        ahead = [start]
        while ahead:
            if (name := ahead.pop()) not in found:
                found.add(name)
                ahead.extend(self._named(name))
        return found

    def naming(self, call: str) -> set[Name]:
        """Return the functions that call something by its name."""
        return {
            name
            for name, node in self.definitions.items()
            if isinstance(node, ast.FunctionDef)
            and any(isinstance(it, ast.Call) and isinstance(it.func, ast.Name) and it.func.id == call for it in ast.walk(node))
        }

    def _named(self, name: Name) -> Iterator[Name]:
        module, _ = name
        imported = self.imports[module]
        for node in ast.walk(self.definitions[name]):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
                yield from self._known(".".join(imported[node.value.id]), node.attr)
            elif isinstance(node, ast.Name) and node.id in imported:
                yield from self._known(*imported[node.id])
            elif isinstance(node, ast.Name):
                yield from self._known(module, node.id)

    def _known(self, module: str, name: str) -> Iterable[Name]:
        return [(module, name)] if (module, name) in self.definitions else []


def _imported(tree: ast.Module) -> Iterator[tuple[str, Name]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                yield alias.asname or alias.name, (node.module, alias.name)


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
