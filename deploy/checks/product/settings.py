"""The settings classes of the product, found in its sources: which variables they read, and what they refuse."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from unittest import mock

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

PROJECT = Path(__file__).resolve().parents[3]

STANDARD = frozenset({"TZ", "PYTHONUNBUFFERED", "PYTHONMALLOC", "MALLOC_ARENA_MAX", "SSL_CERT_FILE"})
"""Variables that the interpreter and its libraries read."""


@lru_cache(maxsize=1)
def known_variables() -> frozenset[str]:
    """Return the names of all environment variables that the product reads."""
    return frozenset(name for settings in all_settings() for name in variables_of(settings)) | STANDARD


@lru_cache(maxsize=1)
def _traces() -> bool:
    """Return whether the product uses OpenTelemetry, which reads variables of its own."""
    return any("opentelemetry" in file.read_text(encoding="utf-8") for file in (PROJECT / "shared").rglob("*.py"))


def is_known(variable: str) -> bool:
    """Return whether anything in the image reads a variable."""
    return variable in known_variables() or (variable.startswith("OTEL_") and _traces())


def variables_of(settings: type[BaseSettings]) -> Iterator[str]:
    """Return the variables of one settings class."""
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            yield from (choice for choice in alias.choices if isinstance(choice, str))
        elif isinstance(alias, str):
            yield alias
        else:
            yield f"{prefix}{name}".upper()


@lru_cache(maxsize=1)
def all_settings() -> tuple[type[BaseSettings], ...]:
    """Return every settings class of the product, found in its sources."""
    found: dict[str, type[BaseSettings]] = {}
    for package in ("shared", "services", "marktplatz"):
        for file in sorted((PROJECT / package).rglob("*.py")):
            if "BaseSettings" in file.read_text(encoding="utf-8"):
                module = import_module(".".join(file.relative_to(PROJECT).with_suffix("").parts))
                found |= {
                    f"{it.__module__}.{it.__name__}": it for it in vars(module).values() if _is_settings(it, module.__name__)
                }
    return tuple(found.values())


def _is_settings(value: object, module: str) -> bool:
    return isinstance(value, type) and issubclass(value, BaseSettings) and value.__module__ == module


@lru_cache(maxsize=1)
def service_settings() -> dict[str, type[BaseSettings]]:
    """Return the settings class of each service that has one, by its name."""
    return {found.__module__.split(".")[1]: found for found in all_settings() if found.__module__.startswith("services.")}


def refused(settings: type[BaseSettings], environment: Mapping[str, str], hidden: frozenset[str]) -> tuple[str, ...]:
    """Return what a settings class has against an environment. ``hidden`` variables come from secrets."""
    read = set(variables_of(settings))
    return _refused(settings, frozenset((name, value) for name, value in environment.items() if name in read), hidden)


@cache
def _refused(settings: type[BaseSettings], environment: frozenset[tuple[str, str]], hidden: frozenset[str]) -> tuple[str, ...]:
    problems: list[str] = []
    with mock.patch.dict(os.environ, dict(environment), clear=True):
        try:
            settings()
        except ValidationError as error:
            for problem in error.errors():
                name = ".".join(str(part) for part in problem["loc"])
                if not hidden & set(_variables(settings, name)):
                    problems.append(f"{settings.__module__}.{settings.__name__}.{name}: {problem['msg']}".replace(".:", ":"))
        except ValueError as error:  # pydantic-settings: not JSON where JSON must be
            problems.append(f"{settings.__module__}.{settings.__name__}: {error}")
    return tuple(problems)


def _variables(settings: type[BaseSettings], location: str) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix", "")
    yield location
    yield f"{prefix}{location}".upper()
