"""What a page of the portal costs beside its slowest API call, and how many pages one core makes."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.figures import BenchError, percentile
from services.eligibility.repository import COLLECTIONS
from services.eligibility.settings import Settings
from shared.ids import derived_id
from shared.store.sqlite.store import SqliteStore
from tests.component.eligibility.conftest import World as EligibilityWorld
from tests.component.ordering.ordering_world import BEREITSTELLER, KUNDE
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.portal.login import HUSUM, Acting, World
from tests.support.builders.orders import offering
from tests.support.showcase import DATA, Showcase

OFFERS = 20
VORGAENGE = 80
"""More than a page of the list; every second one waits for the Kunde who reads."""
VISITS = 200
BEYOND_CALL, BEYOND_MS = 1.5, 10.0
"""A page takes at most so many times its slowest call, and so many milliseconds more."""


@dataclass(slots=True)
class Calls:
    """The calls of one visit: milliseconds of each."""

    taken: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API has answered, byte by byte as it was sent."""

    status: int
    headers: httpx.Headers
    content: bytes

    def response(self) -> httpx.Response:
        """Return it once more."""
        return httpx.Response(self.status, headers=self.headers, stream=httpx.ByteStream(self.content))


class Timed(httpx.AsyncBaseTransport):
    """An API whose answers are timed, then ``replay``ed: what is left is the work of the portal."""

    def __init__(self, api: httpx.AsyncBaseTransport, calls: Calls) -> None:
        self._api = api
        self._calls = calls
        self._answers: dict[str, Answer] = {}
        self.replay = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        address = str(request.url)
        if self.replay and address in self._answers:
            return self._answers[address].response()
        begun = time.perf_counter()
        answer = await self._api.handle_async_request(request)
        content = b"".join([part async for part in answer.stream])  # type: ignore[union-attr] # of an asynchronous transport
        self._calls.taken.append(1000 * (time.perf_counter() - begun))
        found = Answer(answer.status_code, answer.headers, content)
        self._answers[address] = found
        return found.response()


@dataclass(frozen=True, slots=True)
class Measured:
    """A page: milliseconds per visit, those of its slowest call, and CPU milliseconds of a visit without the APIs."""

    name: str
    visits: Sequence[float]
    slowest: Sequence[float]
    own_cpu: float

    @property
    def p95(self) -> float:
        """Milliseconds that 95 of 100 visits do not exceed."""
        return percentile(self.visits, 0.95)

    @property
    def p95_of_call(self) -> float:
        """Milliseconds that the slowest call does not exceed in 95 of 100 visits."""
        return percentile(self.slowest, 0.95)

    @property
    def within(self) -> bool:
        """Whether the page is as quick as it is to be."""
        return self.p95 <= BEYOND_CALL * self.p95_of_call + BEYOND_MS


async def measure(folder: Path) -> list[Measured]:
    """Visit each page again and again, with the APIs and with their answers alone. Raises BenchError for a page with an error."""
    world, calls, orders = World(folder), Calls(), OrderingWorld()
    os.environ.update(world.issuer.environment())
    showcase = await Showcase.open(DATA)
    for number in range(OFFERS):
        last = await showcase.publish(f"Digitale Baugenehmigung {number}")
    await orders.start()
    for number in range(VORGAENGE):
        service = offering(id=derived_id("benchmark", "offering", str(number)), title=f"Digitale Baugenehmigung {number}")
        await orders.offer(service)
        order = await orders.declare(offering_id=service.id, message="Wir möchten zum 1. Januar starten.")
        await orders.judge(order)
        if number % 2:
            await orders.step(order["id"], "clarification", BEREITSTELLER)
    register = SqliteStore(None)
    await register.prepare(COLLECTIONS)
    eligibility = EligibilityWorld(register, Settings(_env_file=None))
    apis = {
        "catalog": Timed(Acting(showcase.app, KUNDE), calls),
        "eligibility": Timed(Acting(eligibility.app, KUNDE), calls),
        "ordering": Timed(Acting(orders.app, KUNDE), calls),
    }
    world.further = dict(apis)
    await world.open()
    public = {"start page": "/", "search": "/offerings?q=baugenehmigung", "offer": f"/offerings/{last}?kind=KOMMUNE"}
    own = {
        "list of Vorgänge": "/orders",
        "Vorgang": f"/orders/{order['id']}",
        "form of a step": f"/orders/{order['id']}/questions",
    }
    found = []
    async with world.browser() as visitor, world.browser() as person:
        await world.log_in(person, HUSUM)
        for who, pages in ((visitor, public), (person, own)):
            found += [await _visited(who, name, path, tuple(apis.values()), calls) for name, path in pages.items()]
    for store in (world.store, showcase.store, orders.store, register):
        await store.close()
    return found


async def _visited(visitor: httpx.AsyncClient, name: str, path: str, apis: Sequence[Timed], calls: Calls) -> Measured:
    visits, slowest = [], []
    gc.collect()
    for _ in range(VISITS):
        calls.taken.clear()
        visits.append(await _visit(visitor, path))
        if not calls.taken:
            raise BenchError(f"{path} asks no API.")
        slowest.append(max(calls.taken))
    for api in apis:
        api.replay = True
    await _visit(visitor, path)
    begun = time.process_time()
    for _ in range(VISITS):
        await _visit(visitor, path)
    own = 1000 * (time.process_time() - begun) / VISITS
    for api in apis:
        api.replay = False
    return Measured(name, visits, slowest, own)


async def _visit(visitor: httpx.AsyncClient, path: str) -> float:
    begun = time.perf_counter()
    answer = await visitor.get(path)
    if answer.status_code != httpx.codes.OK:
        raise BenchError(f"{path} answered {answer.status_code}.")
    return 1000 * (time.perf_counter() - begun)


def report(measured: Sequence[Measured]) -> None:
    """Print the figures of each page."""
    print(f"{'milliseconds':20}{'p50':>8}{'p95':>8}{'slowest call p95':>18}{'ratio':>8}{'pages/s per core':>18}")
    for it in measured:
        print(
            f"{it.name:20}{percentile(it.visits, 0.5):>8.1f}{it.p95:>8.1f}{it.p95_of_call:>18.1f}{it.p95 / it.p95_of_call:>8.2f}"
            f"{1000 / it.own_cpu:>18.0f}"
        )
    reached = "reached" if all(it.within for it in measured) else "not reached"
    print(f"aim p95 <= {BEYOND_CALL} x its slowest call + {BEYOND_MS:.0f} ms: {reached}")
