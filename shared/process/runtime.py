"""One process: builds its services, serves their HTTP, runs their consumers and relays, and drains on a signal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI

from shared.aggregate import epochs
from shared.aggregate.ledger import Ledger
from shared.bus.certificates import Certificates
from shared.bus.consume.readers import ReaderRunner
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.mirror.mirror import TopicMirror
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.errors import MarktplatzError, StoreUnfitError
from shared.http import idempotency
from shared.http.app import create_app
from shared.http.auth import Authenticator
from shared.http.connection import BoundedProtocol
from shared.http.site import create_site
from shared.operations.kafka import KafkaDesk
from shared.process.health import PROBE_EVERY, ProcessHealth, answers
from shared.process.metrics import show_backlog
from shared.process.periodic import repeat
from shared.process.service import Builder, Periodic, Resources, Service
from shared.process.serving import Server, listen, write_endpoints
from shared.process.settings import ProcessSettings
from shared.retry import RetryPolicy
from shared.rights.projection import Rights
from shared.store.opening import open_store
from shared.store.port import Store

log = structlog.get_logger()

PURGE_EVERY = timedelta(hours=1)
_STARTS = RetryPolicy(timedelta(seconds=0.5), timedelta(seconds=10))


@dataclass(frozen=True, slots=True)
class Assignment:
    """A service that this process runs, and in which roles. ``label`` names its HTTP endpoint."""

    service: str
    label: str
    build: Builder
    api: bool
    worker: bool


@dataclass(slots=True)
class _Running:
    assignment: Assignment
    service: Service
    store: Store
    socket: socket.socket
    sequence_base: int = 0

    @property
    def needs_rights(self) -> bool:
        """Whether it decides by rights: for callers of its API, or for commands that arrive by event."""
        return self.assignment.api or self.service.checks_rights


class Runtime:
    """Runs assignments in this process until SIGINT or SIGTERM.

    ``rights`` are those of all organisations, which the process follows if it needs them; until they are read through it is not
    ready, where they decide.
    """

    def __init__(
        self,
        settings: ProcessSettings,
        kafka: KafkaSettings,
        authenticator: Authenticator,
        assignments: Sequence[Assignment],
        rights: Rights | None = None,
    ) -> None:
        self.rights = rights
        self.settings = settings
        self.authenticator = authenticator
        self.assignments = assignments
        self.kafka = kafka
        self.publisher = KafkaPublisher(kafka)
        self.health = ProcessHealth()
        self.stopping = asyncio.Event()
        self._unfit: StoreUnfitError | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._servers: list[Server] = []
        self._readers: list[ReaderRunner] = []

    async def run(self) -> None:
        """Start everything, wait for a signal, drain.

        Raises what makes a start impossible (unfit store, bad setting), and RebuildDueError or EpochEndedError after the drain if
        a store was restored or its topics rebuilt meanwhile.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopping.set)
        async with contextlib.AsyncExitStack() as stack:
            running = [await self._open(assignment, stack) for assignment in self.assignments]
            self._serve(running)
            await self._until_stopped(self._start(running, stack))
            tune_gc()
            await self.stopping.wait()
            log.info("draining")
            self.health.draining = True
            self.health.show()
            await self._drain()
        if self._unfit is not None:
            raise self._unfit
        log.info("stopped")

    async def _until_stopped(self, work: Awaitable[None]) -> None:
        """Await the start, but give it up when a signal comes first (the broker may be away for long)."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not task.done():
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _open(self, assignment: Assignment, stack: contextlib.AsyncExitStack) -> _Running:
        store = open_store(self.settings.store_url_of(assignment.service))
        stack.push_async_callback(store.close)
        resources = Resources(
            store=store, publisher=self.publisher, data_dir=self.settings.data, rights=self.rights, desk=KafkaDesk(self.kafka)
        )
        service = assignment.build(resources)
        return _Running(assignment, service, store, listen(self.settings.host, self.settings.port_of(assignment.service)))

    def _serve(self, running: Sequence[_Running]) -> None:
        """Serve HTTP from the first moment, so that the probes can answer why the process is not ready yet."""
        self.health.show()
        for item in running:
            config = uvicorn.Config(
                self._application(item),
                log_config=None,
                access_log=False,
                lifespan="on",
                http=BoundedProtocol,
                ws="none",
                timeout_keep_alive=round(self.settings.keep_alive.total_seconds()),
                timeout_graceful_shutdown=10,
            )
            server = Server(config)
            self._servers.append(server)
            self._tasks.append(asyncio.create_task(server.serve(sockets=[item.socket]), name=f"http-{item.assignment.label}"))
        if self.settings.endpoints_file is not None:
            write_endpoints(self.settings.endpoints_file, {item.assignment.label: item.socket for item in running})

    def _application(self, item: _Running) -> FastAPI:
        service = item.service
        if service.site is not None and item.assignment.api:
            return create_site(service.name, service.router, service.site, title=service.title, health=self.health)
        return create_app(
            service.name,
            service.router if item.assignment.api else APIRouter(),
            title=service.title,
            authenticator=self.authenticator,
            rights=self.rights,
            store=item.store,
            health=self.health,
        )

    async def _start(self, running: Sequence[_Running], stack: contextlib.AsyncExitStack) -> None:
        for item in running:
            await _until_it_works(f"store of {item.service.name}", partial(self._prepare, item))
        mirrors = self._mirrors(running)
        publishes = any(item.service.publishes for item in running)
        if publishes:
            await self.publisher.start()
            stack.push_async_callback(self.publisher.stop)
        if (publishes or mirrors) and (found := self.kafka.certificates()) is not None:
            renewal = Periodic("renew-certificates", self.kafka.renew_every, partial(_renew, found))
            self._tasks.append(asyncio.create_task(repeat(renewal), name=renewal.name))
        for mirror in mirrors:
            self._tasks.append(asyncio.create_task(mirror.run(self.kafka), name=f"mirror-{mirror.topic.name}"))
        workers = [item for item in running if item.assignment.worker]
        consumers = [consumer for item in workers for consumer in item.service.consumers]
        if consumers:
            runner = ConsumerRunner(self.kafka, consumers, self.publisher)
            await runner.start()
            self.health.runner = runner
        for item in workers:
            for readers in item.service.readers:
                reader_runner = ReaderRunner(self.kafka, readers, self.publisher)
                await reader_runner.start()
                self._readers.append(reader_runner)
        self._tasks += [
            asyncio.create_task(repeat(periodic), name=periodic.name) for item in running for periodic in self._repeated(item)
        ]
        self._tasks.append(asyncio.create_task(self._probe(running), name="probe"))
        self.health.checks.pop("started", None)
        log.info("started", services=[item.assignment.label for item in running])

    def _mirrors(self, running: Sequence[_Running]) -> list[TopicMirror]:
        """Return the mirrors to follow, that of rights where they are decided by."""
        mirrors = [mirror for item in running for mirror in item.service.mirrors]
        if self.rights is not None and any(item.needs_rights for item in running):
            if self.rights.decides:
                self.health.checks["rights"] = False
            mirrors.append(self.rights.mirror)
        return list(dict.fromkeys(mirrors))

    async def _prepare(self, item: _Running) -> None:
        await item.store.prepare([*item.service.collections, idempotency.COLLECTION, epochs.COLLECTION])
        item.sequence_base = await epochs.sequence_base(item.store)
        for ledger in item.service.ledgers:
            ledger.sequence_base = item.sequence_base

    def _repeated(self, item: _Running) -> Iterator[Periodic]:
        """Yield what a process does again and again for a service of its."""
        if item.assignment.api:
            yield from item.service.probes
        if item.assignment.worker:
            yield from (*self._relays(item.service), _purge(item.store), *item.service.periodic)
        else:
            yield from self._settlings(item.service)

    def _relays(self, service: Service) -> Iterator[Periodic]:
        for ledger in service.ledgers:
            name = f"relay-{ledger.collection.name}"
            yield Periodic(name, self.settings.relay_every, partial(self._relay, ledger))

    def _settlings(self, service: Service) -> Iterator[Periodic]:
        """Yield what an API without a relay does about its own repeats that it could not clean up."""
        for ledger in (it for it in service.ledgers if it.outbox.on_overtaken is not None):
            yield Periodic(f"settle-{ledger.collection.name}", self.settings.relay_every, ledger.outbox.settle)

    async def _relay(self, ledger: Ledger[Any]) -> None:
        if sent := await ledger.outbox.relay(self.settings.relay_after):
            log.info("relayed", collection=ledger.collection.name, events=sent)
        show_backlog(ledger.collection.name, await ledger.outbox.backlog(), ledger.clock())

    async def _probe(self, running: Sequence[_Running]) -> None:
        while True:
            for item in running:
                self.health.checks[f"store_{item.service.name}"] = await answers(partial(self._ask, item))
            if "rights" in self.health.checks and self.rights is not None:
                self.health.checks["rights"] = self.rights.ready()
            if self.health.runner is not None:
                # An API alone stays ready while the broker is away: it accepts into the outboxes.
                self.health.checks["consumers"] = self.health.runner.ready()
                self.health.checks["broker"] = await answers(self.publisher.ping)
            self.health.show()
            await asyncio.sleep(PROBE_EVERY)

    async def _ask(self, item: _Running) -> None:
        """Ask whether a store answers, and is the one that this process has begun with: else it ends. Raises MarktplatzError."""
        await item.store.ping()
        try:
            await epochs.require_epoch(item.store, item.sequence_base)
        except StoreUnfitError as error:
            self._unfit = error
            self.stopping.set()
            raise

    async def _drain(self) -> None:
        """Stop taking work in, end what runs: HTTP first, then consumers (the batch ends and commits), then the rest."""
        for server in self._servers:
            server.should_exit = True
        http = [task for task in self._tasks if task.get_name().startswith("http-")]
        rest = [task for task in self._tasks if task not in http]
        try:
            async with asyncio.timeout(self.settings.drain.total_seconds()):
                await asyncio.gather(*http, return_exceptions=True)
                await asyncio.gather(*(readers.stop() for readers in self._readers))
                if self.health.runner is not None:
                    await self.health.runner.stop()
        except TimeoutError:
            log.warning("drain_timeout", seconds=self.settings.drain.total_seconds())
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


def tune_gc() -> None:
    """Freeze long-lived objects and raise the GC thresholds.

    A batch makes thousands of objects, nearly all of them freed by their reference counts. With Python's own thresholds the
    collector walks through them, and through every class and module, many times per batch: measured, a sixth of its CPU time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _until_it_works(what: str, start: Callable[[], Awaitable[None]]) -> None:
    """Start with back-off: a process that is up before its infrastructure waits for it."""
    pauses = _STARTS.pauses()
    while True:
        try:
            await start()
        except StoreUnfitError:
            raise
        except MarktplatzError as error:
            log.warning("waiting_for", what=what, code=error.code, detail=error.detail)
        else:
            return
        await asyncio.sleep(next(pauses))


async def _renew(found: Certificates) -> None:
    found.renew()


def _purge(store: Store) -> Periodic:
    async def purge() -> None:
        await idempotency.purge_expired(store, now())

    return Periodic("purge-idempotency-keys", PURGE_EVERY, purge)
