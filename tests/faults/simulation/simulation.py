"""One simulated history: two processes each of ordering, contracts, notify and catalog, their clients, and what befalls them.

Ledger, outbox, batch, contract processor and notify are the product's own; ports, worker loop and the two small aggregates of
``sample`` are not.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest import mock

from services.contracts.app import processor
from services.notify import app as notify
from services.notify.domain.contact import AddressBook, Contact
from services.notify.repository import Contacts
from services.notify.settings import Settings
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import Publisher
from shared.bus.consume.batch import AbandonedError, Backoff, Batch
from shared.bus.envelope import IncomingRecord, decode
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.bus.record import RawRecord
from shared.errors import RetryableError
from shared.ids import contract_id
from shared.messages.contracts import ContractConcluded
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.topics import ORDERING_CONTRACTS, subscribed
from tests.faults.checker.finding import Model
from tests.faults.checker.history import History, Kind
from tests.faults.simulation import clockwork, sample
from tests.faults.simulation.ports import PARTITIONS, Chances, Logged, Process, SimPublisher, SimTransport, World, tell_topics
from tests.support.contract_requests import SACHSEN, order_id
from tests.support.publisher import RecordingPublisher

DATA = Path(__file__).parents[3] / "data"
MODEL = Model(
    moves={"orders": sample.MOVES},
    audited=frozenset({"orders", "contracts", "offerings"}),
    quiet_seconds=400,
    demanded=(),
)
COMPACTED = {"catalog.offering.v1"}
OFFER = order_id("offer")
SERVICES = ("ordering", "contracts", "notify", "catalog")
SECONDS = 60.0
RELAY_AFTER = timedelta(seconds=2)
SETTINGS = Settings(smtp_host="127.0.0.1", lease=timedelta(minutes=1), poll=timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class Options:
    """What a history is made of, and what of the harness is broken on purpose."""

    orders: int = 5
    switches: int = 6
    poison: int = 1
    chances: Chances = field(default_factory=Chances)
    commit_first: bool = False
    restate: bool = True
    publisher: Callable[[World, Process], Publisher] = SimPublisher


class Simulation:
    """All processes over one world."""

    def __init__(self, world: World, options: Options) -> None:
        self.world = world
        self.options = options
        self.processes: dict[str, Process] = {}
        self.ledgers: dict[str, Ledger[Any]] = {}
        self.letters: dict[tuple[str, str, int, int], tuple[Logged, str]] = {}
        self.poison: set[tuple[str, int, int]] = set()
        self.generation: dict[str, int] = {}
        self.failures: list[Exception] = []
        self.moments = sorted(world.chance.uniform(0, SECONDS) for _ in range(2))

    async def run(self) -> History:
        """Play it: work under faults, then calm until all is quiet."""
        world = self.world
        await self._contacts()
        keepers = [asyncio.create_task(self._keep(f"{service}-{n}")) for service in SERVICES for n in range(2)]
        clients = [self._orders(n) for n in range(self.options.orders)] + [self._switches(n) for n in range(2)]
        await asyncio.gather(*clients, self._poison())
        world.calm = True
        began = world.seconds
        for process in self.processes.values():
            process.frozen_until = min(process.frozen_until, world.seconds)
        # It is looked at, as a person would: nobody in the product says that all is done.
        while self._unquiet() and world.seconds - began < MODEL.quiet_seconds:  # noqa: ASYNC110
            await asyncio.sleep(1)
        seconds, outbox = round(world.seconds - began, 3), self._unsent()
        for keeper in keepers:
            keeper.cancel()
        for process in self.processes.values():
            process.kill()
        await asyncio.gather(*keepers, return_exceptions=True)
        if self.failures:
            raise ExceptionGroup("the work of a process has ended", self.failures)
        self._tell(seconds, outbox)
        return world.recorder.history()

    async def _contacts(self) -> None:
        store = self.world.store("notify", Process("setup-0"))
        contacts = Contacts(Resources(store, RecordingPublisher(), DATA, self.world.clock))
        person = Contact(person="erika", name="Erika Muster", email="erika@sachsen.example", changed_at=self.world.clock())

        def put(book: AddressBook) -> None:
            book.put(person)

        self.world.safe.add("setup")
        calm, self.world.calm = self.world.calm, True
        await contacts.change(SACHSEN.id, SACHSEN.name, put)
        self.world.calm = calm

    async def _keep(self, name: str) -> None:
        """Start a process, and start it again whenever it has died."""
        while True:
            process = Process(name)
            self.processes[name] = process
            self._start(name.split("-", maxsplit=1)[0], process)
            await asyncio.gather(*process.tasks, return_exceptions=True)
            await asyncio.sleep(self.world.chance.uniform(0.5, 3))

    def _start(self, service: str, process: Process) -> None:
        store = self.world.store(service, process)
        resources = Resources(
            store, self.options.publisher(self.world, process), DATA, self.world.clock, lambda: self.world.seconds
        )
        work: list[Callable[[], Awaitable[None]]] = []
        ledgers: Sequence[Ledger[Any]] = ()
        if service == "ordering":
            ledger = sample.orders(resources.store, resources.publisher, resources.clock)
            ledgers, consumer = (ledger,), self._contracted(ledger)
            work.append(partial(self._consume, process, consumer))
        elif service == "catalog":
            ledgers = (sample.offers(resources.store, resources.publisher, resources.clock, restate=self.options.restate),)
        else:
            transport = mock.patch.object(notify, "SmtpTransport", return_value=SimTransport(self.world, process))
            with transport:
                built = processor(Channel.FITKO)(resources) if service == "contracts" else notify.build(resources, SETTINGS)
            ledgers = built.ledgers
            work += [partial(self._consume, process, consumer) for consumer in built.consumers]
            work += [partial(self._again, item.run, item.every) for item in built.periodic if item.name == "send-mail"]
        work += [partial(self._again, partial(ledger.outbox.relay, RELAY_AFTER), timedelta(seconds=1)) for ledger in ledgers]
        if service in ("ordering", "catalog"):
            self.ledgers[process.name] = ledgers[0]
        process.tasks = [asyncio.ensure_future(self._watched(one())) for one in work]

    async def _watched(self, work: Awaitable[None]) -> None:
        """Do the work of a process. An error that escapes it fails the history: in no process may one."""
        try:
            await work
        except Exception as error:
            self.failures.append(error)
            raise

    async def _again(self, run: Callable[[], Awaitable[Any]], every: timedelta) -> None:
        while True:
            with contextlib.suppress(RetryableError):
                await run()
            await asyncio.sleep(every.total_seconds())

    def _contracted(self, ledger: Ledger[sample.Order]) -> Consumer:
        async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
            reported = [(event, event.message) for event in batch if isinstance(event.message, ContractConcluded)]
            at = self.world.clock()
            changes = [Change(body.contract.order_id, sample.concluded(body, at), event.cause) for event, body in reported]
            return rejections([event for event, _ in reported], await ledger.apply(changes))

        return Consumer(ORDERING_CONTRACTS, frozenset({ContractConcluded}), handle)

    async def _consume(self, process: Process, consumer: Consumer) -> None:
        """Read, process, bury, commit, as the worker does; an assignment that is older than the last rebalance cannot commit."""
        group, world = consumer.group, self.world
        self.generation[group] = self.generation.get(group, 0) + 1
        runs: dict[str, int] = {}
        topics = subscribed(group)
        while True:
            await world.pause(process)
            generation = self.generation[group]
            records = self._fetch(process, group)
            if not records:
                await asyncio.sleep(0.2)
                continue
            if self.options.commit_first:
                await self._commit(process, group, records, generation)
            batch = Batch(consumer, topics=topics, backoff=lambda: Backoff(asyncio.Event(), lambda _: None), runs=runs, limit=20)
            try:
                outcome = await batch.process(records)
            except AbandonedError:
                continue
            runs = outcome.runs
            for record, code, _ in outcome.dead:
                await world.pause(process)
                self.letters[group, record.topic, record.partition, record.offset] = record, code
            if not self.options.commit_first:
                await self._commit(process, group, records, generation)

    def _fetch(self, process: Process, group: str) -> list[Logged]:
        """Return the next records of the partitions of a process; who shares a group with whom changes with each rebalance."""
        if self.world.chance.random() < 0.02 and not self.world.calm:
            self.generation[group] += 1
            self.world.note("nemesis", Kind.FAULT, "rebalance", group, fired=True)
        service, _, number = process.name.partition("-")
        alone = not any(
            other.alive and other.frozen_until <= self.world.seconds
            for name, other in self.processes.items()
            if name.startswith(service) and name != process.name
        )
        found: list[Logged] = []
        for topic in subscribed(group):
            for part in range(PARTITIONS):
                if alone or (part + self.generation[group]) % 2 == int(number):
                    begin = self.world.committed[group, topic.name, part]
                    found += self.world.logs[topic.name, part][begin : begin + 4]
        return found

    async def _commit(self, process: Process, group: str, records: Sequence[Logged], generation: int) -> None:
        await self.world.pause(process)
        if self.generation[group] != generation:
            return
        for record in records:
            place = (group, record.topic, record.partition)
            self.world.committed[place] = max(self.world.committed[place], record.offset + 1)

    async def _orders(self, n: int) -> None:
        """Order; whoever gets no answer asks again with the same key. Some ask twice at once."""
        await asyncio.sleep(self.moments[n % len(self.moments)] + self.world.chance.uniform(0, 0.05))
        name = f"n{n}"
        await asyncio.gather(*(self._place(name, f"client-{n}-{twin}") for twin in range(1 + n % 2)))

    async def _place(self, name: str, client: str) -> None:
        asked = {"name": "place", "caller": name, "idem": f"key-{name}", "body": name}
        while True:
            self.world.note(client, Kind.INVOKE, "command", order_id(name), **asked)
            outcome = await self._at_some(
                "ordering", lambda ledger: ledger.apply_one(Change(order_id(name), sample.place(name), request=f"key-{name}"))
            )
            if outcome is not None:
                self.world.note(client, Kind.OK, "command", order_id(name), id=outcome.id, status=201, **asked)
                break
            self.world.note(client, Kind.INFO, "command", order_id(name), **asked)
            await asyncio.sleep(self.world.chance.uniform(0.1, 2))
        version = 0
        for _ in range(5):
            document = self.world.documents["ordering"]["orders"][order_id(name)]
            version = document["rev"]
            self.world.note(client, Kind.OK, "read", order_id(name), version=version, state=document["state"])
            await asyncio.sleep(self.world.chance.uniform(0, 5))

    async def _switches(self, n: int) -> None:
        for time in range(self.options.switches):
            moment = SECONDS * time / self.options.switches + self.world.chance.uniform(0, 0.05)
            await asyncio.sleep(max(0.0, moment - self.world.seconds))
            await self._at_some("catalog", lambda ledger: ledger.apply_one(Change(OFFER, sample.switch(OFFER))), n)

    async def _at_some(self, service: str, act: Callable[[Ledger[Any]], Awaitable[Any]], number: int | None = None) -> Any:
        """Have a process of a service do something, as a request; return None if it died or its store did not answer."""
        name = f"{service}-{self.world.chance.randrange(2) if number is None else number}"
        process = self.processes.get(name)
        if process is None or not process.alive or name not in self.ledgers:
            return None
        task = asyncio.ensure_future(act(self.ledgers[name]))
        process.tasks.append(task)
        outcome: Any = (await asyncio.gather(task, return_exceptions=True))[0]
        process.tasks.remove(task)
        if isinstance(outcome, (RetryableError, asyncio.CancelledError)):
            return None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def _poison(self) -> None:
        for n in range(self.options.poison):
            await asyncio.sleep(self.world.chance.uniform(0, SECONDS))
            bad = self.world.append(RawRecord("contracts.fitko.request.v1", f"bad-{n}".encode(), b"{", ()))
            self.poison.add((bad.topic, bad.partition, bad.offset))

    def _unsent(self) -> int:
        stores = self.world.documents.values()
        return sum(len(doc.get("outbox", ())) for store in stores for found in store.values() for doc in found.values())

    def _unquiet(self) -> bool:
        lag = any(
            self.world.committed[group, topic.name, part] < len(self.world.logs[topic.name, part])
            for group in self.generation
            for topic in subscribed(group)
            for part in range(PARTITIONS)
        )
        notes = self.world.documents["notify"].get("notifications", {}).values()
        return lag or self._unsent() > 0 or any(note["next_attempt_at"] is not None for note in notes)

    def _tell(self, seconds: float, outbox: int) -> None:
        """Write down what is left at the end: topics, offsets, letters, documents, and what became of each record."""
        world = self.world
        for group in self.generation:
            for topic in subscribed(group):
                for part in range(PARTITIONS):
                    world.note(
                        "tap",
                        Kind.OK,
                        "committed",
                        group,
                        topic=topic.name,
                        part=part,
                        off=world.committed[group, topic.name, part],
                    )
        tell_topics(world, self.poison, COMPACTED)
        for (group, name, part, offset), (record, code) in self.letters.items():
            key = (record.key or b"").decode()
            world.note(
                "tap", Kind.OK, "letter", key, group=group, topic=name, part=part, off=offset, digest=record.digest, code=code
            )
        for group in self.generation:
            for topic in subscribed(group):
                for part in range(PARTITIONS):
                    for record in world.logs[topic.name, part]:
                        if (topic.name, part, record.offset) not in self.poison and (fate := self._fate(group, record)):
                            world.note(
                                "store", Kind.OK, "handled", group, topic=topic.name, part=part, off=record.offset, fate=fate
                            )
        self._documents()
        world.note("rig", Kind.OK, "quiet", "all", seconds=seconds, outbox=outbox, dead=[])

    def _fate(self, group: str, record: Logged) -> str | None:
        """Return what the stores show of a record, None if nothing."""
        documents = self.world.documents
        event = decode(cast("IncomingRecord", record))
        if group == "contracts.fitko":
            return "effect" if contract_id(Channel.FITKO, event.key) in documents["contracts"].get("contracts", {}) else None
        if group == ORDERING_CONTRACTS:
            inboxes = [order["inbox"] for order in documents["ordering"].get("orders", {}).values()]
            return "effect" if any(inbox.get(event.cause.source, 0) >= event.cause.seq for inbox in inboxes) else None
        if not isinstance(event.message, ContractConcluded):
            return "passed"
        reported = {note["event_id"] for note in documents["notify"].get("notifications", {}).values()}
        return "effect" if event.cause.event_id in reported else None

    def _documents(self) -> None:
        recorded = {"ordering": ["orders"], "contracts": ["contracts"], "catalog": ["offerings"], "notify": ["notifications"]}
        for service, names in recorded.items():
            for name in names:
                for key, doc in self.world.documents[service].get(name, {}).items():
                    # A Bereitstellungsvertrag: no order asked for it, and it may take a number as those of orders do.
                    provision = name == "contracts" and doc["order_id"] is None
                    values: dict[str, Any] = {
                        "collection": "provisions" if provision else name,
                        "source": f"/{service}",
                        "seq": doc["seq"],
                        "waiting": len(doc["outbox"]),
                    }
                    values |= {field: doc.get(field) for field in ("state", "channel", "year", "sequence", "number")}
                    if name == "contracts" and not provision:
                        values["order"] = doc["order_id"]
                    if name == "notifications":
                        values |= {"event": doc["event_id"], "recipient": doc["person"] or doc["organisation"], "way": doc["channel"],
                                   "created": doc["created_at"].timestamp()}  # fmt: skip
                    self.world.note("store", Kind.OK, "document", key, **values)


def simulate(seed: int, options: Options | None = None) -> History:
    """Return the history of a seed."""
    chosen = options or Options()

    async def story(chance: random.Random) -> History:
        return await Simulation(World(seed, chance, chosen.chances), chosen).run()

    return clockwork.play(seed, story)
