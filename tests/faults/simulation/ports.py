"""The outer world of a simulated process: store, bus and mail server. Each access takes time, and may be the last."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

from services.notify.mail import IDEMPOTENCY_HEADER
from services.notify.replies import Outcome, Sent
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.envelope import encode
from shared.bus.record import Headers, RawRecord
from shared.errors import StoreUnavailableError
from shared.store.port import Document
from tests.faults.checker.history import Kind, Recorder
from tests.support.memory_store import MemoryStore

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
PARTITIONS = 2


@dataclass(frozen=True, slots=True)
class Logged:
    """A record on a partition, as a consumer gets it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def header(self, name: str) -> str:
        """Return a header as text, empty if there is none."""
        return next(((value or b"").decode() for key, value in self.headers if key == name), "")

    @property
    def digest(self) -> str:
        """Short digest of all its bytes."""
        return hashlib.sha256(repr((self.key, self.value, self.headers)).encode()).hexdigest()[:16]


@dataclass(eq=False)
class Process:
    """One incarnation of a process. Once dead it does nothing more, whatever of it still runs."""

    name: str
    alive: bool = True
    frozen_until: float = 0.0
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.alive = False
        for task in self.tasks:
            task.cancel()


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely a pause is the last, a freeze, an error of the store, an acknowledgement that gets lost."""

    crash: float = 0.01
    freeze: float = 0.002
    store: float = 0.01
    lost_ack: float = 0.03
    freeze_seconds: float = 90.0


class World:
    """What all processes share: time, chance, documents, partitions, committed offsets, the history."""

    def __init__(self, seed: int, chance: random.Random, chances: Chances) -> None:
        self.chance = chance
        self.chances = chances
        self.recorder = Recorder(seed)
        self.documents: dict[str, dict[str, dict[str, Document]]] = defaultdict(dict)
        self.logs: dict[tuple[str, int], list[Logged]] = defaultdict(list)
        self.committed: dict[tuple[str, str, int], int] = defaultdict(int)
        self.calm = False
        self.safe: set[str] = set()
        """Services whose processes are spared."""

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return asyncio.get_running_loop().time()

    def clock(self) -> datetime:
        """Return the time of day."""
        return START + timedelta(milliseconds=int(self.seconds * 1000))

    def note(self, process: str, kind: Kind, function: str, key: str, /, **values: Any) -> None:
        """Write an operation into the history."""
        self.recorder.add(process, kind, function, key, mono=self.seconds, **values)

    async def pause(self, process: Process) -> None:
        """Let time pass at an access of a process. It may die here, or freeze."""
        _still(process)
        await asyncio.sleep(self.chance.uniform(0, self.chance.choice((0.005, 0.02, 0.02, 0.3))))
        _still(process)
        if not self.calm and process.name.split("-")[0] not in self.safe:
            lot = self.chance.random()
            if lot < self.chances.crash:
                self.note("nemesis", Kind.FAULT, "sigkill", process.name, fired=True)
                process.kill()
            elif lot < self.chances.crash + self.chances.freeze:
                self.note("nemesis", Kind.FAULT, "sigstop", process.name, fired=True)
                process.frozen_until = self.seconds + self.chances.freeze_seconds
        frozen = process.frozen_until > self.seconds
        while process.alive and process.frozen_until > self.seconds:  # noqa: ASYNC110 - a freeze may be cut short
            await asyncio.sleep(max(0.001, process.frozen_until - self.seconds))
        if frozen and process.alive:
            # What it was about to do when it froze it does now: the fault lasts until here.
            self.note("nemesis", Kind.FAULT, "sigcont", process.name, fired=True)
        _still(process)

    def store(self, service: str, process: Process) -> MemoryStore:
        """Return a process's way to the documents of its service."""

        async def pause(_: str) -> None:
            await self.pause(process)
            if not self.calm and self.chance.random() < self.chances.store:
                self.note("nemesis", Kind.FAULT, "store error", process.name, fired=True)
                raise StoreUnavailableError("The store does not answer.")

        store = MemoryStore(pause)
        store.documents = self.documents[service]
        return store

    def append(self, record: RawRecord) -> Logged:
        """Put a record behind the others of its partition."""
        part = int(hashlib.sha256(record.key or b"").hexdigest(), 16) % PARTITIONS
        log = self.logs[record.topic, part]
        logged = Logged(record.topic, part, len(log), record.key, record.value, record.headers)
        log.append(logged)
        return logged


def _still(process: Process) -> None:
    if not process.alive:
        raise asyncio.CancelledError


@dataclass
class SimPublisher:
    """A process's way to the bus: some acknowledgements get lost."""

    world: World
    process: Process

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """Append each event; each takes its own time."""
        flags = []
        for event in events:
            await self.world.pause(self.process)
            lost = not self.world.calm and self.world.chance.random() < self.world.chances.lost_ack
            if lost and self.world.chance.random() < 0.5:
                self.world.note("nemesis", Kind.FAULT, "send error", self.process.name, fired=True)
                flags.append(False)
                continue
            self.world.append(encode(event))
            await self.world.pause(self.process)
            if lost:
                self.world.note("nemesis", Kind.FAULT, "lost ack", self.process.name, fired=True)
            flags.append(not lost)
        return flags


@dataclass
class SimTransport:
    """A process's way to the mail server, which accepts everything. The settings are not asked for."""

    world: World
    process: Process

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[SimTransport]:
        """Give a connection."""
        yield self

    async def send(self, mail: Any) -> Outcome:
        """Accept a mail; its idempotency key is the key of the operation."""
        await self.world.pause(self.process)
        key = str(message_from_bytes(bytes(mail))[IDEMPOTENCY_HEADER])
        self.world.note("smtp", Kind.OK, "mail", key, at=self.world.clock().timestamp())
        await self.world.pause(self.process)
        return Sent()


def tell_topics(world: World, poison: set[tuple[str, int, int]], compacted: set[str]) -> None:
    """Write down what lies on the partitions at the end."""
    for (topic, part), log in sorted(world.logs.items()):
        for record in log:
            key = (record.key or b"").decode()
            if (topic, part, record.offset) in poison:
                world.note("nemesis", Kind.OK, "poison", key, topic=topic, part=part, off=record.offset, digest=record.digest)
                continue
            body = json.loads(record.value or b"{}")
            order, contract = body.get("order"), body.get("contract")
            world.note(
                "tap", Kind.OK, "record", key, topic=topic, part=part, off=record.offset, id=record.header("ce_id"),
                source=record.header("ce_source"), seq=int(record.header("ce_sequence")), digest=record.digest,
                state=order["state"] if order else None, collection="orders" if order else None,
                number=contract["number"] if contract else None, compacted=topic in compacted,
            )  # fmt: skip
