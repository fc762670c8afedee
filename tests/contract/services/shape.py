"""The one shape of a service: which files it has and what they hold. ``faults_of`` names whatever a package lacks."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from fastapi import APIRouter
from pydantic_settings import BaseSettings

import services
from shared.aggregate.base import StateMachine
from shared.bus.handling import Consumer
from shared.process.service import Resources, Service
from shared.topics import DEAD_LETTERS

ROOT = Path(services.__file__).parent
TREE = sorted(module.name for module in pkgutil.iter_modules([str(ROOT)]) if module.ispkg)
"""The services as they lie in the tree, listed nowhere."""
SITES = [name for name in TREE if (ROOT / name / "pages").is_dir()]
"""Those that show pages; they have a shape of their own, ``faults_of_site``."""
PACKAGES = [name for name in TREE if name not in SITES]
"""Those with an API."""

MODULES = ("app", "api", "handlers", "repository", "schemas", "settings", "domain", "domain.transitions")
NAMED_ONCE = {
    "authenticated": "CurrentCaller",
    "optional_caller": "OptionalCaller",
    "condition_of": "IfMatch",
    "Idempotency": "IdempotencyKey",
}
"""What routes get by a name of ``shared.http.dependencies``, and by no other."""


def faults_of(name: str) -> list[str]:
    """Return what the package ``services.<name>`` lacks of the shape, each as a sentence that says where."""
    needed = [*MODULES, *(("consumers",) if groups_of(name) else ())]
    if missing := [module for module in needed if not _exists(name, module)]:
        return [f"services/{name}/{module.replace('.', '/')}.py is missing" for module in missing]
    return [*_of_app(name), *_of_functions(name), *_of_objects(name), *_of_repository(name), *_of_sources(name)]


def faults_of_site(name: str) -> list[str]:
    """Return what the package of a service of pages lacks of its shape, each as a sentence that says where."""
    needed = ("app", "settings", "pages", "apis")
    if missing := [module for module in needed if not _exists(name, module)]:
        return [f"services/{name}/{module}.py is missing" for module in missing]
    found = _module(name, "settings").Settings
    prefix = [] if found.model_config.get("env_prefix") == f"{name.upper()}_" else [f"{name}: settings of another prefix"]
    return [*_of_app(name), *_of_sources(name), *prefix]


def groups_of(name: str) -> set[str]:
    """Return the consumer groups that the topic registry gives a service."""
    return {group for group in DEAD_LETTERS if group.startswith(f"{name}.")}


def _exists(name: str, module: str) -> bool:
    path = ROOT.joinpath(name, *module.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _module(name: str, module: str) -> ModuleType:
    return import_module(f"services.{name}.{module}")


def _of_app(name: str) -> Iterator[str]:
    build = getattr(_module(name, "app"), "build", None)
    if not inspect.isfunction(build):
        yield f"services/{name}/app.py defines no function build"
        return
    parameters = inspect.signature(build).parameters
    hints = get_type_hints(build)
    settings = getattr(_module(name, "settings"), "Settings", None)
    if (
        list(parameters) != ["resources", "settings"]
        or parameters["settings"].default is not None
        or (hints["resources"], hints["return"]) != (Resources, Service)
        or (settings is not None and hints["settings"] != settings | None)
    ):
        yield f"services/{name}/app.py: build must be build(resources: Resources, settings: Settings | None = None) -> Service"


def _of_functions(name: str) -> Iterator[str]:
    expected: dict[str, Any] = {"api.routes": APIRouter}
    if groups_of(name):
        expected["consumers.consumers"] = tuple[Consumer, ...]
    for path, returned in expected.items():
        module, _, function = path.partition(".")
        found = getattr(_module(name, module), function, None)
        if not inspect.isfunction(found) or get_type_hints(found)["return"] != returned:
            kind = getattr(returned, "__name__", returned) if returned is APIRouter else "tuple[Consumer, ...]"
            yield f"services/{name}/{module}.py defines no {function}(...) -> {kind}"


def _of_objects(name: str) -> Iterator[str]:
    settings = getattr(_module(name, "settings"), "Settings", None)
    if not (inspect.isclass(settings) and issubclass(settings, BaseSettings)):
        yield f"services/{name}/settings.py defines no class Settings(BaseSettings)"
    elif settings.model_config.get("env_prefix") != f"{name.upper()}_":
        yield f"services/{name}/settings.py: the variables of Settings must begin with {name.upper()}_"
    if not isinstance(getattr(_module(name, "domain.transitions"), "TRANSITIONS", None), StateMachine):
        yield f"services/{name}/domain/transitions.py defines no TRANSITIONS = StateMachine(...)"
    if getattr(_module(name, "repository"), "SERVICE", None) != name:
        yield f'services/{name}/repository.py must hold SERVICE = "{name}"'


def _of_repository(name: str) -> Iterator[str]:
    """Yield what a class of the repository takes instead of ``resources``."""
    module = _module(name, "repository")
    for label, found in vars(module).items():
        if inspect.isclass(found) and found.__module__ == module.__name__ and {"ledger", "store"} & _attributes(found):
            taken = list(inspect.signature(found).parameters.values())
            if [parameter.name for parameter in taken] != ["resources"]:
                yield f"services/{name}/repository.py: {label} must take resources, and nothing else"


def _attributes(found: type) -> set[str]:
    tree = ast.parse(inspect.getsource(found).lstrip())
    targets = [target for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets]
    return {target.attr for target in targets if isinstance(target, ast.Attribute)}


def _of_sources(name: str) -> Iterator[str]:
    """Yield what the sources spell out by hand: ledgers, groups, dependencies that have their one name elsewhere."""
    for path in sorted((ROOT / name).rglob("*.py")):
        place = path.relative_to(ROOT.parent)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Ledger")):
                    yield f"{place}:{node.lineno}: take resources.ledger(...) instead of Ledger(...)"
                case ast.Constant(value=str() as text) if text in DEAD_LETTERS:
                    yield f"{place}:{node.lineno}: take the group {text} from shared.topics"
                case ast.Call(func=ast.Name(id="Depends"), args=[ast.Name(id=dependency)]) if dependency in NAMED_ONCE:
                    yield f"{place}:{node.lineno}: take {NAMED_ONCE[dependency]} from shared.http.dependencies"
                case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[ast.Name(id="Idempotency"), *_])):
                    yield f"{place}:{node.lineno}: take IdempotencyKey from shared.http.dependencies"
