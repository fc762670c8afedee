"""The whole marketplace in this process: every service over a store in memory, the bus a queue. For what needs no broker."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self, cast

import httpx
from fastapi import FastAPI

from marktplatz.assembly import BUILDERS, ServiceName
from marktplatz.demo.cast import Cast
from marktplatz.demo.cast import cast as cast_of
from marktplatz.embedded import Embedded
from marktplatz.loading import ASSUMED_FACTS, LOADERS
from services.contracts.app import processor
from services.eligibility.fact_store.fact_file import file_decision, read_fact_file
from services.eligibility.fact_store.facts import Facts
from shared.aggregate import epochs
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.envelope import IncomingRecord, decode, encode
from shared.bus.handling import Consumer
from shared.bus.record import RawRecord
from shared.clock import now
from shared.http import idempotency
from shared.http.app import create_app
from shared.http.auth import Authenticator
from shared.messages.values import Channel, Role
from shared.process.service import Resources, Service
from shared.store.port import Collection, Document
from shared.store.sqlite.store import SqliteStore
from shared.topics import RIGHTS, TOPICS, subscribed
from tests.support.desk import MemoryDesk
from tests.support.http import FakeAuthenticator, FixedHealth
from tests.support.rights import ReadRights

DATA = Path(__file__).parents[2] / "data"
TOPIC_BY_NAME = {topic.name: topic for topic in TOPICS}
HUSUM = {
    "path": ["010540056056", "itvsh", "dataport", "govdigital"],
    "type": "TRAEGER",
    "valid_from": "2012-01-01",
    "evidence": [{"type": "SATZUNG", "title": "Organisationssatzung", "reference": "Az. 1"}],
}


class QueueBus:
    """Publishes into a queue of records; ``pump`` hands them to the consumers, one by one and in order, as Kafka would.

    ``before``: what is called with each record before it is handled. ``read`` follows the rights of organisations.
    """

    def __init__(self, rewrite: Callable[[RawRecord], RawRecord]) -> None:
        self.sent: list[OutgoingEvent] = []
        self.read = ReadRights(decides=False)
        self.consumers: list[Consumer] = []
        self.rejected: list[Any] = []
        self.before: Callable[[RawRecord], Awaitable[None]] | None = None
        self._rewrite = rewrite
        self._waiting: asyncio.Queue[RawRecord] = asyncio.Queue()

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        for event in events:
            self.sent.append(event)
            self._waiting.put_nowait(self._rewrite(encode(event)))
        return [True] * len(events)

    async def pump(self) -> None:
        while True:
            record = await self._waiting.get()
            if self.before is not None:
                await self.before(record)
            if record.topic == RIGHTS.name:
                self.read.take(cast("bytes", record.key).decode(), record.value)
            self.rejected += await self.handle(record)
            self._waiting.task_done()

    async def handle(self, record: RawRecord) -> list[Any]:
        """Hand a record to every consumer that reads it and return what they reject."""
        readers = [it for it in self.consumers if any(topic.name == record.topic for topic in subscribed(it.group))]
        rejected: list[Any] = []
        if readers:
            event = decode(cast("IncomingRecord", record), TOPIC_BY_NAME[record.topic])
            for consumer in readers:
                if type(event.message) in consumer.handles:
                    rejected += await consumer.handle([event])
        return rejected

    async def rest(self) -> None:
        """Wait until every record has been handled, those too that come of it."""
        await self._waiting.join()


class Marketplace:
    """Async context manager: reference data and assumed facts loaded, nothing registered. ``people`` act over HTTP as in the demo.

    ``make_store`` makes the store of a service; ``rewrite`` may change each record on its way. ``seed`` holds documents by
    service and collection that lie there before the reference data are loaded. ``authenticator`` judges tokens; without one
    each token is taken at its word.
    """

    def __init__(
        self,
        make_store: Callable[[], SqliteStore] = lambda: SqliteStore(None),
        rewrite: Callable[[RawRecord], RawRecord] = lambda record: record,
        seed: Mapping[str, Mapping[str, Sequence[Document]]] | None = None,
        clock: Callable[[], datetime] = now,
        authenticator: Authenticator | None = None,
    ) -> None:
        self.authenticator = authenticator or _Names()
        self.seed = seed or {}
        self.clock = clock
        self.bus = QueueBus(rewrite)
        self.desk = MemoryDesk()
        self.stores = {name.value: make_store() for name in BUILDERS}
        self.services: dict[str, Service] = {}
        self.apps: dict[str, FastAPI] = {}
        self.endpoints = {name: f"http://{name}.test" for name in self.stores}
        self._stack = contextlib.AsyncExitStack()

    def token(self, *, subject: str, organisation: str, organisation_name: str, roles: list[Role]) -> str:
        return f"{subject}|{organisation_name}/{organisation}/{'+'.join(roles)}"

    async def __aenter__(self) -> Self:
        transports: dict[str, httpx.AsyncBaseTransport | None] = {}
        for name, build in BUILDERS.items():
            store = self.stores[name.value]
            self._stack.push_async_callback(store.close)
            service = build(Resources(store, self.bus, DATA, self.clock, rights=self.bus.read.rights, desk=self.desk))
            self.services[name.value] = service
            collections = collections_of(service)
            await store.prepare(collections)
            for collection in collections:
                await store.insert_many(collection, self.seed.get(name.value, {}).get(collection.name, ()))
            if name.value in LOADERS:
                await _load(name.value, store, fresh=type(store) is SqliteStore and name.value not in self.seed)
            app = create_app(
                service.name,
                service.router,
                title=service.title,
                authenticator=self.authenticator,
                store=store,
                health=FixedHealth(),
                clock=self.clock,
            )
            self.apps[name.value] = app
            transports[self.endpoints[name.value]] = httpx.ASGITransport(app=app)
            self.bus.consumers += service.consumers
        for channel in Channel:
            resources = Resources(self.stores[ServiceName.CONTRACTS.value], self.bus, DATA, self.clock)
            self.bus.consumers += processor(channel)(resources).consumers
        pump = asyncio.create_task(self.bus.pump())
        self._stack.push_async_callback(_end, pump)
        self.client = await self._stack.enter_async_context(httpx.AsyncClient(mounts=transports, timeout=30))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def people(self) -> Cast:
        """The people of the demo: all that they need of a run are its endpoints and tokens."""
        return cast_of(cast("Embedded", self), self.client)


_LOADED: dict[str, sqlite3.Connection] = {}


async def _load(service: str, store: SqliteStore, *, fresh: bool) -> None:
    """Load the reference data, and for eligibility the facts that the demo assumes.

    A fresh store becomes a copy of the first that was loaded, in a tenth of the time.
    """
    loaded = _LOADED.get(service) if fresh else None
    if loaded is not None:
        await store._writer.run(loaded.backup)
        return
    await LOADERS[service][1](store, DATA, lambda _kind, _done, _total: None)
    if service == ServiceName.ELIGIBILITY:
        assumed = read_fact_file(ASSUMED_FACTS)
        await Facts(store).record(file_decision(assumed, now().date(), "demo"))
    if fresh:
        copy = _LOADED[service] = sqlite3.connect(":memory:", check_same_thread=False)
        await store._writer.run(lambda connection: connection.backup(copy))


async def _end(pump: asyncio.Task[None]) -> None:
    """End the pump. What ended it before, such as a consumer that failed, is raised: later records were never handled."""
    if not pump.done():
        pump.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pump


def collections_of(service: Service) -> list[Collection]:
    """Return all collections in a service's store, those too that every service has."""
    return [*service.collections, idempotency.COLLECTION, epochs.COLLECTION]


class _Names(FakeAuthenticator):
    """Takes the organisation's name out of the subject ``sub|name``."""

    async def authenticate(self, token: str) -> Any:
        subject, _, rest = token.partition("|")
        name, organisation, roles = rest.rsplit("/", 2)
        self.names[organisation] = name
        return await super().authenticate(f"{subject}/{organisation}/{roles}")
