"""The most memory that each process of the production overlay takes, beside what its manifest asks for and allows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, cast

import httpx
from testcontainers.core.container import DockerContainer

from benchmarks.figures import BenchError
from benchmarks.material import fill, make_material, publish_verdicts
from benchmarks.records import committed_by, ends_of
from deploy.checks.generic.objects import mapping, text, texts
from deploy.checks.generic.pods import workloads
from deploy.checks.generic.quantities import quantity
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.product.processes import is_ours
from marktplatz.assembly import BUILDERS
from marktplatz.demo import flow
from marktplatz.demo.cast import Cast
from marktplatz.demo.cast import cast as cast_of
from marktplatz.demo.people import LIMITS, Json, eventually
from marktplatz.embedded import Embedded
from marktplatz.silent import Silent
from services.ordering.app import build
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.process.service import Resources
from shared.process.settings import ProcessSettings
from shared.store.opening import open_store
from shared.topics import DEAD_LETTERS, subscribed
from tests.deploy.images.stack import ASSUME, HARDENED, Stack
from tests.support.docker import KAFKA, PRODUCT, built

OVERLAY = "overlays/prod"
AT_ONCE = 8
SEARCHES_PER_OFFER = 10
WORDS = ("wohngeld", "fahrerlaubnis", "anmeldung gewerbe", "kfz zulassung", "bauantrag", "")
BACKLOG_SECONDS = 900
MIB = 1024 * 1024
T = TypeVar("T")
MEASURED = """
import runpy
try:
    runpy.run_module("marktplatz", run_name="__main__", alter_sys=True)
finally:
    with open("/proc/self/status") as status:
        print("peak_kib", *[line.split()[1] for line in status if line.startswith("VmHWM")], flush=True)
"""
"""Runs the command line as the image's entry point does; at the end the process says how much memory it had at most."""


@dataclass(frozen=True, slots=True)
class Size:
    """What the manifest says of a process: its arguments, and the memory that it asks for and may have, in MiB."""

    name: str
    command: str
    request: float
    limit: float


@dataclass(frozen=True, slots=True)
class Load:
    """How much is done: offers of which each is ordered once, and verdicts that wait when the workers start again."""

    orders: int
    backlog: int


@dataclass(slots=True)
class Result:
    """Peak memory in MiB by process, and the sizes beside it."""

    sizes: Sequence[Size]
    peaks: dict[str, float] = field(default_factory=dict)


@dataclass
class Measured(Stack):
    """Containers that may have what their manifest allows, and tell at their end how much they had."""

    sizes: Mapping[str, Size] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)

    def _container(self, command: str) -> DockerContainer:
        container = super()._container(command)
        size = self.sizes.get(command.removeprefix("run "))
        if size is None:
            return container
        limits = {**HARDENED, "mem_limit": int(size.limit * MIB)}
        return container.with_kwargs(**limits, entrypoint=["/usr/bin/python3", "-P", "-c", MEASURED])

    def once(self, command: str) -> str:
        """Run a command to its end and keep its log."""
        self.logs[command] = super().once(command)
        return self.logs[command]


async def measure(folder: Path, load: Load) -> Result:
    """Play the load and return the peaks. Raises BenchError when a process was killed, RuntimeError without images or engine."""
    sizes = read_sizes()
    commands = {size.command: size for size in sizes}
    roles = {size.name: size.command for size in sizes if not size.command.startswith("migrate ")}
    order_ids = await _fill(folder / "data", load.backlog)
    stack = Measured(
        folder,
        built(PRODUCT),
        built(KAFKA),
        roles=roles,
        migrations=[command for command in commands if command.startswith("migrate ")],
        sizes=commands,
    )
    async with stack, httpx.AsyncClient(timeout=60, limits=LIMITS) as client:
        for service in BUILDERS:
            stack.endpoints[service.value] = stack.endpoints[f"{service.value}-api"]
        people = cast_of(cast("Embedded", stack), client)
        stack.once(ASSUME)
        print(f"  {load.orders} offers, each brought up to the order", flush=True)
        ready = await _prepare(people, load.orders)
        workers = [name for name in roles if not name.endswith("-api")]
        for name in workers:
            await stack.stop(name)
        print(f"  workers stopped; {load.backlog} verdicts wait, {len(ready)} orders are placed, people search", flush=True)
        await _publish(stack.bootstrap, order_ids)
        await _together([flow.place(people.husum, order_id) for order_id in ready])
        await _look_around(people, client, load.orders)
        print("  workers start and work off what waits", flush=True)
        for name in workers:
            await stack.start(name)
        await _caught_up(stack.bootstrap)
        result = Result(sizes)
        for name in roles:
            await stack.stop(name)
            result.peaks[name] = peak_of(stack.log(name), name)
        for size in sizes:
            if size.command in stack.logs:
                result.peaks[size.name] = peak_of(stack.logs[size.command], size.name)
    return result


def report(result: Result) -> None:
    """Print the table."""
    print(f"\n{'MiB':<24}{'peak':>8}{'request':>10}{'limit':>8}{'peak / request':>16}{'peak / limit':>14}")
    for size in result.sizes:
        peak = result.peaks[size.name]
        shares = f"{peak / size.request:>16.2f}{peak / size.limit:>14.2f}"
        print(f"{size.name:<24}{peak:>8.0f}{size.request:>10.0f}{size.limit:>8.0f}{shares}")


def read_sizes() -> list[Size]:
    """Return the sizes of the product's Deployments and migrations in the production overlay. Raises RenderError."""
    found: list[Size] = []
    for workload in workloads(render(DEPLOY / OVERLAY)):
        for container in workload.containers:
            if workload.kind in ("Deployment", "Job") and is_ours(container):
                request = quantity(text(mapping(container, "resources", "requests"), "memory")) or 0
                limit = quantity(text(mapping(container, "resources", "limits"), "memory")) or 0
                command = " ".join(texts(container, "args")).removeprefix("run ")
                found.append(Size(workload.name, command, float(request) / MIB, float(limit) / MIB))
    return found


def peak_of(log: str, name: str) -> float:
    """Return the highest peak that a process has peaks, in MiB; it tells one per start. Raises BenchError if it peaks none."""
    peaks = [int(kib) for kib in re.findall(r"^peak_kib (\d+)$", log, flags=re.MULTILINE)]
    if not peaks:
        raise BenchError(f"{name} did not end by itself: {log[-2000:]}")
    return max(peaks) / 1024


def _make_writable(data: Path) -> None:
    data.mkdir()
    data.chmod(0o777)


async def _fill(data: Path, count: int) -> list[str]:
    """Store Vorgänge that wait for their verdict where the ordering containers will find them."""
    _make_writable(data)
    file = data / "ordering.db"
    store = open_store(f"sqlite:///{file}")
    material = make_material(now() - timedelta(minutes=5))
    order_ids = material.order_ids(count)
    service = build(Resources(store, Silent(), ProcessSettings().data))
    await store.prepare(service.collections)
    await fill(service.ledgers[0], material, order_ids)
    await store.close()
    file.chmod(0o666)
    return order_ids


async def _publish(bootstrap: str, order_ids: Sequence[str]) -> None:
    publisher = KafkaPublisher(KafkaSettings(bootstrap_servers=bootstrap))
    await publisher.start()
    try:
        if not await publish_verdicts(publisher, make_material(now() - timedelta(minutes=5)), order_ids):
            raise BenchError("the broker did not acknowledge the verdicts")
    finally:
        await publisher.stop()


async def _prepare(people: Cast, count: int) -> list[str]:
    relation = {
        "path": [people.husum.organisation, "itvsh", "dataport", "govdigital"],
        "type": "TRAEGER",
        "valid_from": "2012-01-01",
        "evidence": [{"type": "SATZUNG", "title": "Organisationssatzung des ITVSH", "reference": "Az. 10.24/2012"}],
    }
    customer = {"ars": people.husum.organisation, "leitweg_id": "01054056-HUSUM1-64"}
    await flow.register(people.husum, people.govdigital, "KUNDE", relation, kunde=customer)
    await flow.admit(people.komm_one, people.govdigital)
    checklist = await people.komm_one.get("catalog", "/v1/reference/requirements")

    async def ready(number: int) -> str:
        offer = await flow.publish(people.komm_one, people.govdigital, _offer(checklist, number))
        return await flow.ready_to_order(people.husum, people.komm_one, people.govdigital, offer["id"])

    return await _together([ready(number) for number in range(count)])


def _offer(checklist: Json, number: int) -> Json:
    return flow.form(
        checklist,
        title=f"Fahrerlaubnis zur Fahrgastbeförderung, Fassung {number}",
        summary="Antrag auf Erteilung und Verlängerung der Fahrerlaubnis zur Fahrgastbeförderung.",
        topic_id="mobilitaet_reisen",
        ozg_ids=["10424"],
        leika_keys=["99084003001000"],
        anbindungsarten=["FIT_CONNECT"],
        channels=["govdigital"],
    )


async def _look_around(people: Cast, client: httpx.AsyncClient, offers: int) -> None:
    """Search, list and read, as people at a portal do."""
    husum = people.husum

    async def look(number: int) -> None:
        word = WORDS[number % len(WORDS)]
        found = await husum.get("catalog", "/v1/offerings", {"q": word, "limit": 50})
        for offer in found["items"][:1]:
            await husum.get("catalog", f"/v1/offerings/{offer['id']}")
        await husum.get("catalog", "/v1/reference/leika", {"q": word, "limit": 50})
        await husum.get("eligibility", "/v1/bodies", {"q": ("husum", "berg", "dorf")[number % 3], "limit": 50})
        await husum.get("ordering", "/v1/orders", {"limit": 50})
        await husum.get("contracts", "/v1/contracts", {"limit": 50})
        await husum.get("notify", "/v1/inbox", {"limit": 50})

    await _together([look(number) for number in range(offers * SEARCHES_PER_OFFER)])
    for service in BUILDERS:
        (await client.get(f"{husum.run.endpoints[service.value]}/metrics")).raise_for_status()


async def _together(work: Sequence[Awaitable[T]]) -> list[T]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(it: Awaitable[T]) -> T:
        async with turn:
            return await it

    return await asyncio.gather(*(one(it) for it in work))


async def _caught_up(bootstrap: str) -> None:
    """Wait until every group has committed what is on its topics; the topics grow while one works for the next."""
    settings = KafkaSettings(bootstrap_servers=bootstrap)

    async def look() -> bool:
        for group in DEAD_LETTERS:
            for topic in subscribed(group):
                if await ends_of(settings, topic.name) != await committed_by(settings, group, topic.name):
                    return False
        return True

    await eventually("every group has caught up", look, BACKLOG_SECONDS)
