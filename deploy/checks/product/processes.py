"""What a container of ours runs, read from its arguments with the product's own command line, and what that needs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import typer
import typer.main
from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings
from typer.core import TyperGroup

from deploy.checks.generic.objects import Document, text, texts
from marktplatz.assembly import RoleName, ServiceName, assignments
from marktplatz.cli import app as command_line
from shared.bus.settings import KafkaSettings
from shared.http.oidc import AuthSettings
from shared.messages.values import Channel
from shared.process.settings import ProcessSettings
from shared.topics import DEAD_LETTERS, TOPICS, contract_group

PROJECT = Path(__file__).resolve().parents[3]
OURS = "efa-marktplatz"
"""Last part of the name of the one image that holds the product."""

STANDARD = frozenset({"TZ", "PYTHONUNBUFFERED", "PYTHONMALLOC", "MALLOC_ARENA_MAX", "SSL_CERT_FILE"})
"""Variables that the interpreter and its libraries read."""


STORES_ONLY = frozenset({"backup", "restore", "mark-restored"})
"""Commands that open the stores of all services and no connection to Kafka."""
STORES_AND_TOPICS = frozenset({"reconcile", "topics rebuild", "drill"})
"""Commands that open the stores of all services, read and write the topics, and see the groups."""
TOPICS_AND_LETTERS = frozenset({"topics check", "dlq list", "dlq show", "dlq replay"})
"""Commands that look at topics and dead letters and open no store."""


class ArgumentsError(Exception):
    """The command line refuses the arguments of a container."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the product: its command (``topics check``), its service (``all`` for every one), role and channel."""

    command: str
    service: str = ""
    role: RoleName | None = None
    channel: Channel | None = None

    @property
    def all_stores(self) -> bool:
        """Whether it opens the stores of all services."""
        return self.command in STORES_ONLY | STORES_AND_TOPICS

    @property
    def uses_kafka(self) -> bool:
        """Whether it talks to a broker: the API of contracts publishes nothing and starts no producer."""
        if self.command == "run":
            return (self.service, self.role) != (ServiceName.CONTRACTS, RoleName.API)
        return self.command in STORES_AND_TOPICS | TOPICS_AND_LETTERS

    @property
    def groups(self) -> frozenset[str]:
        """Consumer groups that it takes part in."""
        if self.command != "run" or self.role is RoleName.API:
            return frozenset()
        if self.channel is not None:
            return frozenset({contract_group(self.channel)})
        return frozenset(group for group in DEAD_LETTERS if group.partition(".")[0] == self.service)

    @property
    def settings(self) -> tuple[type[BaseSettings], ...]:
        """The settings classes that it reads."""
        own = tuple(found for name, found in _service_settings().items() if self.service in (name, ServiceName.ALL))
        if self.command == "run":
            return (ProcessSettings, KafkaSettings, AuthSettings, *own)
        return (ProcessSettings, *((KafkaSettings,) if self.uses_kafka else ()), *own)


def is_ours(container: Document) -> bool:
    """Return whether a container runs the product's image."""
    return text(container, "image").partition("@")[0].rpartition("/")[2].partition(":")[0] == OURS


def process_of(container: Document) -> Process:
    """Return what a container runs. Raises ArgumentsError with the command line's own words."""
    if container.get("command"):
        raise ArgumentsError("the image has its entry point; set args only")
    arguments = tuple(texts(container, "args"))
    if not arguments:
        raise ArgumentsError("there are no args: the process would print its help and end")
    return _parsed(arguments)


@cache
def _parsed(arguments: tuple[str, ...]) -> Process:
    command = typer.main.get_command(command_line)
    context = typer.Context(command, info_name="marktplatz")
    words: list[str] = []
    rest = list(arguments)
    try:
        while isinstance(command, TyperGroup) and rest:
            with context:
                name, found, rest = command.resolve_command(context, rest)
            command = found or command
            words.append(name or "")
            context = typer.Context(command, info_name=name, parent=context)
        given = command.make_context(words[-1], rest, parent=context.parent).params
    except typer.Exit as error:
        raise ArgumentsError(f"'{' '.join(arguments)}' only prints help") from error
    except Exception as error:
        if (message := getattr(error, "format_message", None)) is None:  # typer names no base class of its usage errors
            raise
        raise ArgumentsError(f"'{' '.join(arguments)}': {message()}") from error
    return _process(" ".join(words), given)


def _process(command: str, given: Mapping[str, Any]) -> Process:
    service = given.get("service")
    name = ServiceName(service).value if service is not None else ""
    if command in STORES_ONLY | STORES_AND_TOPICS:
        return Process(command, ServiceName.ALL.value)
    if command != "run":
        return Process(command, name)
    role, channel = RoleName(given["role"]), None if given["channel"] is None else Channel(given["channel"])
    try:
        assignments(ServiceName(name), role, channel)
    except ValueError as error:
        raise ArgumentsError(str(error)) from error
    return Process(command, name, role, channel)


def written_topics(process: Process) -> frozenset[str]:
    """Return what a process publishes to: whoever saves a document sends its whole outbox; the contracts API saves none."""
    if process.command != "run" or not process.uses_kafka:
        return frozenset()
    produced = {topic.name for topic in TOPICS if topic.producer == process.service}
    return frozenset(produced | {DEAD_LETTERS[group].name for group in process.groups})


def read_topics(process: Process) -> frozenset[str]:
    """Return what a process consumes."""
    return frozenset(topic.name for topic in TOPICS if process.groups & set(topic.consumers))


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
def _service_settings() -> dict[str, type[BaseSettings]]:
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
