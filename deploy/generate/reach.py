"""What a function can come to: the functions, methods and classes that the syntax of the product lets it reach."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MADE = ("__init__", "__post_init__", "__call__")


@dataclass(frozen=True)
class Place:
    """A function or class, by its module and the names around it."""

    module: str
    name: str


@dataclass
class Module:
    """What stands in one file."""

    name: str
    tree: ast.Module
    imports: dict[str, Place] = field(default_factory=dict)
    definitions: dict[str, ast.AST] = field(default_factory=dict)
    nested: dict[str, ast.AST] = field(default_factory=dict)
    """Functions inside of functions; of two of one name the last."""

    @classmethod
    def of(cls, path: Path, tree: ast.Module) -> Module:
        """Return the module of a file, whose path is relative to what packages are imported from."""
        parts = path.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found = cls(name, tree)
        for node in ast.walk(found.tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.imports |= {it.asname or it.name: Place(node.module, it.name) for it in node.names}
            elif isinstance(node, _FUNCTIONS):
                inner = (it for it in ast.walk(node) if it is not node)
                found.nested |= {it.name: it for it in inner if isinstance(it, _FUNCTIONS)}
        for item in found.tree.body:
            if isinstance(item, (*_FUNCTIONS, ast.ClassDef)):
                found.definitions[item.name] = item
            elif isinstance(item, (ast.Assign, ast.AnnAssign)):
                targets = item.targets if isinstance(item, ast.Assign) else [item.target]
                found.definitions |= {target.id: item for target in targets if isinstance(target, ast.Name)}
        return found


class Reach:
    """The graph of references in the files of a product.

    A name is followed to what it was imported from. An attribute of something whose class is not to be seen is taken for that
    of any class that the module can have got hold of by its imports: rather one too many than one too few.
    """

    def __init__(self, trees: Mapping[Path, ast.Module]) -> None:
        read = (Module.of(path, tree) for path, tree in trees.items())
        self.modules = {module.name: module for module in read}
        self._candidates: dict[str, dict[str, list[Place]]] = {}
        self._edges: dict[Place, tuple[Place, ...]] = {}

    def node_at(self, module: str, line: int) -> Function | None:
        """Return the function of a module whose code begins at a line, decorators included."""
        return self._by_line.get((module, line))

    @cached_property
    def _by_line(self) -> dict[tuple[str, int], Function]:
        found: dict[tuple[str, int], Function] = {}
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, _FUNCTIONS):
                    found[module.name, min([node.lineno, *(it.lineno for it in node.decorator_list)])] = node
        return found

    def reached(self, module: str, node: ast.AST, owner: str | None = None) -> Iterator[ast.AST]:
        """Yield the node, a method if it has an ``owner``, and every definition that it can come to."""
        yield node
        seen: set[Place] = set()
        waiting = list(self._references(self.modules[module], node, owner))
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            definition = self._definition(place)
            if definition is None:
                continue
            yield definition
            if place not in self._edges:
                owner = place.name.rpartition(".")[0] or None
                self._edges[place] = tuple(self._references(self.modules[place.module], definition, owner))
            waiting.extend(self._edges[place])

    def _definition(self, place: Place) -> ast.AST | None:
        owner, _, name = place.name.rpartition(".")
        module = self.modules[place.module]
        found = module.definitions.get(owner or name) or module.nested.get(name)
        if owner and isinstance(found, ast.ClassDef):
            return next((it for it in found.body if isinstance(it, _FUNCTIONS) and it.name == name), None)
        return found

    def _resolve(self, module: str, name: str) -> Place | None:
        """Return where a name of a module is defined, following what is imported; None outside of the product."""
        for _ in range(5):
            here = self.modules.get(module)
            if here is None:
                return None
            if name in here.definitions:
                return Place(module, name)
            if name not in here.imports:
                return None
            module, name = here.imports[name].module, here.imports[name].name
            if f"{module}.{name}" in self.modules:
                return Place(f"{module}.{name}", "")
        return None

    def _references(self, module: Module, node: ast.AST, owner: str | None) -> Iterator[Place]:
        if isinstance(node, ast.ClassDef):
            for name in _MADE:
                yield from self._method(Place(module.name, node.name), name)
            return
        for part in _walk(node):
            if isinstance(part, ast.Name):
                found = self._resolve(module.name, part.id)
                if found is not None and found.name:
                    yield found
                elif found is None and part.id in module.nested:
                    yield Place(module.name, part.id)
            elif isinstance(part, ast.Attribute):
                yield from self._attribute(module, part, owner)

    def _attribute(self, module: Module, node: ast.Attribute, owner: str | None) -> Iterator[Place]:
        if isinstance(node.value, ast.Name):
            if node.value.id in ("self", "cls") and owner is not None:
                yield from self._method(Place(module.name, owner), node.attr)
                return
            found = self._resolve(module.name, node.value.id)
            if found is not None and not found.name:
                inside = self._resolve(found.module, node.attr)
                if inside is not None and inside.name:
                    yield inside
                return
            if found is not None and isinstance(self._definition(found), ast.ClassDef):
                yield from self._method(found, node.attr)
                return
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name) and node.value.func.id == "super":
            if owner is not None:
                yield from self._inherited(Place(module.name, owner), node.attr)
            return
        yield from self._methods_of(module).get(node.attr, ())

    def _method(self, place: Place, name: str) -> Iterator[Place]:
        definition = self._definition(place)
        if not isinstance(definition, ast.ClassDef):
            return
        if any(isinstance(it, _FUNCTIONS) and it.name == name for it in definition.body):
            yield Place(place.module, f"{place.name}.{name}")
            return
        yield from self._inherited(place, name)

    def _inherited(self, place: Place, name: str) -> Iterator[Place]:
        definition = self._definition(place)
        for base in definition.bases if isinstance(definition, ast.ClassDef) else ():
            named = base.value if isinstance(base, ast.Subscript) else base
            found = self._resolve(place.module, named.id) if isinstance(named, ast.Name) else None
            if found is not None:
                yield from self._method(found, name)

    def _methods_of(self, module: Module) -> dict[str, list[Place]]:
        """Return the methods of all classes that a module can get hold of, by name."""
        if module.name not in self._candidates:
            names = [*module.definitions, *module.imports]
            waiting = [it for it in (self._resolve(module.name, name) for name in names) if it is not None and it.name]
            classes: set[Place] = set()
            methods: dict[str, list[Place]] = {}
            while waiting:
                place = waiting.pop()
                definition = self._definition(place)
                if place in classes or definition is None:
                    continue
                classes.add(place)
                waiting.extend(self._annotated(place, definition))
                if isinstance(definition, ast.ClassDef):
                    for item in definition.body:
                        if isinstance(item, _FUNCTIONS):
                            methods.setdefault(item.name, []).append(Place(place.module, f"{place.name}.{item.name}"))
            self._candidates[module.name] = methods
        return self._candidates[module.name]

    def _annotated(self, place: Place, definition: ast.AST) -> Iterator[Place]:
        """Yield the classes that the annotations of a definition name: what its values hold, and what it returns."""
        names = (node for annotation in _annotations(definition) for node in ast.walk(annotation) if isinstance(node, ast.Name))
        for node in names:
            found = self._resolve(place.module, node.id)
            if found is not None and found.name:
                yield found


def _annotations(definition: ast.AST) -> Iterator[ast.expr]:
    if isinstance(definition, ast.ClassDef):
        yield from definition.bases
        for item in definition.body:
            if isinstance(item, ast.AnnAssign):
                yield item.annotation
            elif isinstance(item, _FUNCTIONS):
                made = item.args.args if item.name == "__init__" else ()
                yield from (it for it in (item.returns, *(argument.annotation for argument in made)) if it is not None)
    elif isinstance(definition, _FUNCTIONS) and definition.returns is not None:
        yield definition.returns
    elif isinstance(definition, ast.AnnAssign):
        yield from (it for it in (definition.annotation, definition.value) if it is not None)
    elif isinstance(definition, ast.Assign):
        yield definition.value


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands below a node, without annotations; of a function also what decorates it."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from _walk(child)
