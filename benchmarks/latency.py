"""From the Bestellung over HTTP to its contract, one order after another, on an otherwise idle marketplace."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.figures import BenchError, percentile
from marktplatz.demo import flow
from marktplatz.demo.cast import Cast, cast
from marktplatz.demo.people import Json
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded
from marktplatz.loading import load_assumed_facts, load_reference_data
from shared.bus.admin import partitions_of
from shared.bus.settings import KafkaSettings
from shared.process.settings import ProcessSettings
from shared.topics import CONTRACTS, NOTIFY

AIM_MS = 100
AT_ONCE = 8
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.002


@dataclass(slots=True)
class Result:
    """Milliseconds from the request to: its answer, the contract on its topic, the contract seen at the Vorgang over HTTP."""

    answered: list[float] = field(default_factory=list)
    concluded: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)


async def measure(folder: Path, orders: int) -> Result:
    """Start the marketplace on clean data, prepare the orders, place them one after another."""
    result = Result()
    # Shorter than the server keeps idle connections: else a request may meet one that is just being closed.
    limits = httpx.Limits(keepalive_expiry=2)
    settings = ProcessSettings(var=folder / "run")
    async with Embedded(settings) as run, httpx.AsyncClient(timeout=30, limits=limits) as client:
        people = cast(run, client)
        ready = await _prepare(run, people, orders)
        await Tap(run.bootstrap).caught_up(NOTIFY)
        async with _arrivals(run.bootstrap) as arrivals:
            for order_id in ready:
                await _place(client, people, order_id, arrivals, result)
    return result


def report(result: Result) -> None:
    """Print the percentiles."""
    print(f"\n{'milliseconds after POST /v1/orders/{id}/place':<56}{'p50':>8}{'p99':>8}{'most':>8}")
    rows: tuple[tuple[str, Sequence[float]], ...] = (
        ("answered", result.answered),
        (f"ContractConcluded on {CONTRACTS.name}", result.concluded),
        ("order is VERTRAG_GESCHLOSSEN over HTTP", result.visible),
    )
    for name, values in rows:
        print(f"{name:<56}{percentile(values, 0.5):>8.1f}{percentile(values, 0.99):>8.1f}{max(values):>8.1f}")
    verdict = "reached" if percentile(result.visible, 0.5) <= AIM_MS else "missed"
    print(f"aim p50 <= {AIM_MS} ms: {verdict}")


async def _prepare(run: Embedded, people: Cast, orders: int) -> list[str]:
    await load_reference_data(run.settings, lambda *_: None)
    await load_assumed_facts(run.settings)
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
    turn = asyncio.Semaphore(AT_ONCE)

    async def ready(number: int) -> str:
        async with turn:
            offer = await flow.publish(people.komm_one, people.govdigital, _offer(checklist, number))
            return await flow.ready_to_order(people.husum, people.komm_one, people.govdigital, offer["id"])

    return await asyncio.gather(*(ready(number) for number in range(orders)))


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


class _Arrivals:
    """When the contract of each order was seen on its topic."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._times: dict[str, asyncio.Future[float]] = {}

    def of(self, order_id: str) -> asyncio.Future[float]:
        """Return the moment at which the contract of the order arrives."""
        return self._times.setdefault(order_id, asyncio.get_running_loop().create_future())

    async def watch(self) -> None:
        """Note arrivals until cancelled."""
        async for record in self._consumer:
            moment = time.perf_counter()
            contract = orjson.loads(record.value or b"{}").get("contract")
            if contract is not None and not (arrival := self.of(contract["order_id"])).done():
                arrival.set_result(moment)


@asynccontextmanager
async def _arrivals(bootstrap: str) -> AsyncIterator[_Arrivals]:
    settings = KafkaSettings(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(**settings.connection(), auto_offset_reset="latest")
    await consumer.start()
    partitions = [TopicPartition(CONTRACTS.name, number) for number in await partitions_of(settings, CONTRACTS.name)]
    consumer.assign(partitions)
    await consumer.seek_to_end(*partitions)
    arrivals = _Arrivals(consumer)
    watching = asyncio.create_task(arrivals.watch())
    try:
        yield arrivals
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        await consumer.stop()


async def _place(client: httpx.AsyncClient, people: Cast, order_id: str, arrivals: _Arrivals, result: Result) -> None:
    kunde = people.husum
    url = f"{kunde.run.endpoints['ordering']}/v1/orders/{order_id}"
    headers = kunde.headers()
    started = time.perf_counter()
    response = await client.post(f"{url}/place", json={"accepts_agb": True}, headers=headers)
    answered = time.perf_counter()
    if not response.is_success:
        raise BenchError(f"placing the order answered {response.status_code}: {response.text}")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            concluded = await arrivals.of(order_id)
            # Only now: asking earlier would take the processor away from what is measured.
            await _contracted(client, url, headers)
    except TimeoutError:
        raise BenchError(f"order {order_id} has no contract after {PATIENCE_SECONDS:.0f} s") from None
    visible = time.perf_counter()
    result.answered.append((answered - started) * 1000)
    result.concluded.append((concluded - started) * 1000)
    result.visible.append((visible - started) * 1000)


async def _contracted(client: httpx.AsyncClient, url: str, headers: Mapping[str, str]) -> None:
    while True:
        answer = await client.get(url, headers=headers)
        if answer.json()["state"] == "VERTRAG_GESCHLOSSEN":
            return
        await asyncio.sleep(POLL_SECONDS)
