"""What a container of ours runs, read from its arguments with the product's own command line, and what that needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import typer
import typer.main
from pydantic_settings import BaseSettings
from typer.core import TyperGroup

from deploy.checks.generic.objects import Document, text, texts
from deploy.checks.product.settings import service_settings
from marktplatz.assembly import SITES, RoleName, ServiceName, assignments
from marktplatz.cli import app as command_line
from shared.bus.settings import KafkaSettings
from shared.http.oidc import AuthSettings
from shared.messages.values import Channel
from shared.process.settings import ProcessSettings
from shared.topics import DEAD_LETTERS, TOPICS, contract_groups

OURS = "efa-marktplatz"
"""Last part of the name of the one image that holds the product."""

STORES_ONLY = frozenset({"backup", "restore", "mark-restored"})
"""Commands that open the stores of all services and no connection to Kafka."""
STORES_AND_TOPICS = frozenset({"reconcile", "topics rebuild", "drill"})
"""Commands that open the stores of all services, read and write the topics, and see the groups."""
TOPICS_AND_LETTERS = frozenset({"topics check", "dlq list", "dlq show", "dlq replay"})
"""Commands that look at topics and dead letters and open no store."""


class ArgumentsError(Exception):
    """The command line refuses the arguments of a container."""


@dataclass(frozen=True, slots=True)
class ContainerProcess:
    """What a container runs: its command (``topics check``), its service (``all`` for every one), role and channel.

    It shares nothing with ``Deployment`` of the generators, which derives what is rendered from the registry: what one side gets
    wrong, the comparison with the other one shows.
    """

    command: str
    service: str = ""
    role: RoleName | None = None
    channel: Channel | None = None

    @property
    def is_site(self) -> bool:
        """Whether it serves pages: a client of the APIs, with a store of its own and without Kafka."""
        return self.command in SITES

    @property
    def all_stores(self) -> bool:
        """Whether it opens the stores of all services."""
        return self.command in STORES_ONLY | STORES_AND_TOPICS

    @property
    def uses_kafka(self) -> bool:
        """Whether it talks to a broker; every API does, to follow who may act for whom."""
        return self.command == "run" or self.command in STORES_AND_TOPICS | TOPICS_AND_LETTERS

    @property
    def groups(self) -> frozenset[str]:
        """Consumer groups that it takes part in."""
        if self.command != "run" or self.role is RoleName.API:
            return frozenset()
        if self.channel is not None:
            return frozenset(contract_groups(self.channel))
        return frozenset(group for group in DEAD_LETTERS if group.partition(".")[0] == self.service)

    @property
    def settings(self) -> tuple[type[BaseSettings], ...]:
        """The settings classes that it reads."""
        own = tuple(found for name, found in service_settings().items() if self.service in (name, ServiceName.ALL))
        if self.command == "run":
            return (ProcessSettings, KafkaSettings, AuthSettings, *own)
        if self.is_site:
            return (ProcessSettings, AuthSettings, *own)
        return (ProcessSettings, *((KafkaSettings,) if self.uses_kafka else ()), *own)


def is_ours(container: Document) -> bool:
    """Return whether a container runs the product's image."""
    return text(container, "image").partition("@")[0].rpartition("/")[2].partition(":")[0] == OURS


def process_of(container: Document) -> ContainerProcess:
    """Return what a container runs. Raises ArgumentsError with the command line's own words."""
    if container.get("command"):
        raise ArgumentsError("the image has its entry point; set args only")
    arguments = tuple(texts(container, "args"))
    if not arguments:
        raise ArgumentsError("there are no args: the process would print its help and end")
    return _parsed(arguments)


@cache
def _parsed(arguments: tuple[str, ...]) -> ContainerProcess:
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


def _process(command: str, given: Mapping[str, Any]) -> ContainerProcess:
    service = given.get("service")
    name = ServiceName(service).value if service is not None else ""
    if command in STORES_ONLY | STORES_AND_TOPICS:
        return ContainerProcess(command, ServiceName.ALL.value)
    if command != "run":
        return ContainerProcess(command, command if command in SITES else name)
    role, channel = RoleName(given["role"]), None if given["channel"] is None else Channel(given["channel"])
    try:
        assignments(ServiceName(name), role, channel)
    except ValueError as error:
        raise ArgumentsError(str(error)) from error
    return ContainerProcess(command, name, role, channel)


def written_topics(process: ContainerProcess) -> frozenset[str]:
    """Return what a process publishes to: whoever saves a document sends its whole outbox; the contracts API saves none."""
    if process.command != "run" or (process.service, process.role) == (ServiceName.CONTRACTS, RoleName.API):
        return frozenset()
    produced = {topic.name for topic in TOPICS if topic.producer == process.service}
    return frozenset(produced | {DEAD_LETTERS[group].name for group in process.groups})


def read_topics(process: ContainerProcess) -> frozenset[str]:
    """Return what a process consumes by a group, or follows from the beginning as its service or every API does."""
    consumed = {topic.name for topic in TOPICS if process.groups & set(topic.consumers)}
    if process.command != "run" or process.channel is not None:
        return frozenset(consumed)
    of_apis = {topic.name for topic in TOPICS if topic.read_whole_by_apis and process.role is RoleName.API}
    return frozenset(consumed | of_apis | {topic.name for topic in TOPICS if process.service in topic.read_whole_by})
