"""What a service is to the process that runs it: its collections, routes, consumers, ledgers and periodic work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import Publisher
from shared.aggregate.republisher import Republisher
from shared.bus.consume.handling import Consumer
from shared.clock import now
from shared.store.port import Collection, Document, Store


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work that a worker repeats; the next run starts ``every`` after the last one ended. Errors are logged and retried."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Resources:
    """What the process gives a service to build itself from."""

    store: Store
    publisher: Publisher
    data_dir: Path
    clock: Callable[[], datetime] = now


@dataclass(frozen=True, slots=True)
class Service:
    """A built service.

    The api role serves ``router``; the worker role runs ``consumers``, ``periodic`` and the relay of ``ledgers``.
    A service that ``publishes`` nothing in this assembly only reads, and its process needs no broker.
    ``facts`` returns the typed facts of a stored document, by which stores are compared, or None; ``republishers`` publish
    aggregates again after a restore.
    """

    name: str
    title: str
    collections: tuple[Collection, ...]
    router: APIRouter
    ledgers: tuple[Ledger[Any], ...] = ()
    consumers: tuple[Consumer, ...] = ()
    periodic: tuple[Periodic, ...] = field(default=())
    publishes: bool = True
    facts: Mapping[Collection, Callable[[Document], object]] = field(default_factory=dict)
    republishers: tuple[Republisher, ...] = ()
