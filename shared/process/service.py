"""What a service is to the process that runs it: its collections, routes, consumers, ledgers and periodic work."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fastapi import APIRouter

from shared.aggregate.base import Aggregate
from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import Publisher
from shared.aggregate.republisher import Republisher
from shared.bus.consume.readers import Readers
from shared.bus.handling import Consumer
from shared.bus.mirror.mirror import TopicMirror
from shared.clock import now
from shared.files.port import Files
from shared.http.site import Site
from shared.messages.base import Message
from shared.operations.desk import Desk
from shared.rights.projection import Rights
from shared.store.port import Collection, Document, Store

S = TypeVar("S", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work that a process repeats; the next run starts ``every`` after the last one ended. Errors are logged and retried."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Resources:
    """What the process gives a service to build itself from. ``steady`` gives seconds of a clock that nobody sets.

    ``rights`` are those of all organisations, None in a process that does not follow them. ``desk`` is where operators look after
    consumer groups and dead letters, None in a process that reaches no broker.
    """

    store: Store
    publisher: Publisher
    data_dir: Path
    clock: Callable[[], datetime] = now
    steady: Callable[[], float] = time.monotonic
    rights: Rights | None = None
    desk: Desk | None = None

    def ledger(
        self,
        state: type[S],
        collection: Collection,
        *,
        service: str,
        restate: Callable[[S], Sequence[Message]] | None = None,
        journal: bool = False,
    ) -> Ledger[S]:
        """Return the ledger of a service's aggregates of one type; its arguments are those of ``Ledger``."""
        return Ledger(
            service=service,
            state_type=state,
            collection=collection,
            store=self.store,
            publisher=self.publisher,
            clock=self.clock,
            restate=restate,
            journal=journal,
        )


@dataclass(frozen=True, slots=True)
class Service:
    """A built service. ``name`` is the same on topics, in metrics and on the command line; ``title`` is for people.

    The api role serves ``router`` and repeats ``probes``, which ask for places that only some routes need: they show in metrics
    and leave the process ready. The worker role runs ``consumers``, ``readers``, ``periodic`` and the relay of ``ledgers``.
    A service that ``publishes`` nothing in this assembly only reads, and its process needs no broker.
    Both roles follow the topics of ``mirrors``, which both may answer from.
    Its worker role follows the rights of organisations if it ``checks_rights``; every API role does.
    ``facts`` returns the typed facts of a stored document, by which stores are compared, or None; ``republishers`` publish
    aggregates again after a restore. ``files`` is where the contents lie that its documents name. ``site`` makes the routes pages
    for people instead of an API.
    """

    name: str
    title: str
    collections: tuple[Collection, ...]
    router: APIRouter
    ledgers: tuple[Ledger[Any], ...] = ()
    consumers: tuple[Consumer, ...] = ()
    periodic: tuple[Periodic, ...] = field(default=())
    probes: tuple[Periodic, ...] = ()
    publishes: bool = True
    readers: tuple[Readers, ...] = ()
    facts: Mapping[Collection, Callable[[Document], object]] = field(default_factory=dict)
    republishers: tuple[Republisher, ...] = ()
    mirrors: tuple[TopicMirror, ...] = ()
    checks_rights: bool = False
    files: Files | None = None
    site: Site | None = None


class Builder(Protocol):
    """``build`` of a service's ``app.py``: the service on these resources. It opens nothing and reads no store.

    Without ``settings``, an object of the service's own class, they come from the environment; ValueError if they are unfit.
    """

    def __call__(self, resources: Resources, settings: Any = None) -> Service: ...  # noqa: ANN401 - each has its own
