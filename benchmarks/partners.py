"""From a partner's event to its receipt, while another partner sends ten times its quota and while it does not."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.figures import BenchError, percentile
from marktplatz.infrastructure.discovery import find_kafka
from services.ordering.domain.order import Order
from shared.aggregate.change import Change
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.ids import derived_id
from shared.messages.ordering_partners import PartnerQuota
from shared.messages.values import OrderState
from shared.process.logs import configure_logs
from shared.process.runtime import tune_gc
from shared.topics import partner_orders, partner_receipts
from tests.integration.partners.partners_fixture import SEEN, Sender, Shop, new_system
from tests.support.builders.orders import CUSTOMER, order_in
from tests.support.publisher import RecordingPublisher

AIM = 1.2
QUIET = 3
QUIET_PER_SECOND = 4
QUOTA = PartnerQuota()
EXCESS = 10
PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Result:
    """Milliseconds from sending to the receipt, of the quiet partners: alone, and beside the flood."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    flooded: int = 0

    @property
    def ratio(self) -> float:
        """The p99 beside the flood over the p99 alone."""
        return percentile(self.beside, 0.99) / percentile(self.alone, 0.99)


async def measure(folder: Path, seconds: float, rounds: int) -> Result:
    """Run the readers in a process of their own, and the partners here: alone and beside the flood in turns."""
    result = Result()
    async with find_kafka(folder / "kafka") as bootstrap:
        settings = KafkaSettings(bootstrap_servers=bootstrap)
        publisher = KafkaPublisher(settings)
        await publisher.start()
        partners = [_Partner(Sender(settings, publisher, new_system())) for _ in range(QUIET + 1)]
        await _prepare(folder / "ordering.sqlite", [partner.sender for partner in partners])
        worker = multiprocessing.get_context("spawn").Process(
            target=run_worker, args=(bootstrap, folder / "ordering.sqlite"), daemon=True
        )
        worker.start()
        try:
            *quiet, flood = partners
            async with _receipts(settings, quiet) as waiting:
                await _warm(quiet, waiting)
                for _ in range(rounds):
                    result.alone += await _phase(quiet, waiting, seconds)
                    flooding = asyncio.create_task(flood.flood(seconds))
                    result.beside += await _phase(quiet, waiting, seconds)
                    result.flooded += await flooding
                    await asyncio.sleep(QUOTA.burst_seconds)
        finally:
            worker.terminate()
            worker.join()
            await publisher.stop()
    return result


def report(result: Result) -> None:
    """Print the figures."""
    for name, values in (("alone", result.alone), ("beside the flood", result.beside)):
        shares = "  ".join(f"p{share * 100:.0f} {percentile(values, share):7.1f} ms" for share in (0.5, 0.95, 0.99))
        print(f"  {name:<17} {len(values):5} events  {shares}")
    print(f"  flood: {result.flooded:,} records, {EXCESS} times the quota of {QUOTA.records_per_second} a second")
    print(f"  p99 ratio {result.ratio:.2f} (aim: at most {AIM})")


def run_worker(bootstrap: str, database: Path) -> None:
    """Run ordering's readers of partners until the process is ended."""
    uvloop.run(_work(bootstrap, database))


async def _work(bootstrap: str, database: Path) -> None:
    configure_logs(level="WARNING", stream=sys.stderr)
    settings = KafkaSettings(bootstrap_servers=bootstrap)
    publisher = KafkaPublisher(settings)
    await publisher.start()
    shop = Shop(database, publisher)
    await shop.open()
    tune_gc()
    async with shop.reading(settings, publisher):
        await asyncio.Event().wait()


async def _prepare(database: Path, senders: Sequence[Sender]) -> None:
    shop = Shop(database, RecordingPublisher())
    await shop.open()
    for sender in senders:
        await sender.create()
        await shop.register(sender.system, QUOTA)
        order_id = _order_id(sender)
        await shop.orders.ledger.apply([_stored(order_in(OrderState.PRODUKTIV).model_copy(update={"id": order_id}))])
    await shop.store.close()


@dataclass(slots=True)
class _Partner:
    """A partner that reports uses, each time another number."""

    sender: Sender
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def value(self, jti: str) -> bytes:
        system = self.sender.system
        data = {
            "organisation": CUSTOMER.id,
            "order_id": _order_id(self.sender),
            "period": "2026-10",
            "count": next(self.numbers),
        }
        return system.sign(system.event("uses-reported", data, now(), jti=jti))

    async def send(self, jti: str) -> None:
        topic = partner_orders(self.sender.system.id).name
        if await self.sender.publisher.send([RawRecord(topic, jti.encode(), self.value(jti), ())]) != [True]:
            raise BenchError("a record of a partner was not acknowledged")

    async def flood(self, seconds: float) -> int:
        """Send ten times the quota for some seconds; return how many records."""
        rate = EXCESS * QUOTA.records_per_second
        begun, sent = time.perf_counter(), 0
        while (passed := time.perf_counter() - begun) < seconds:
            due = int(passed * rate) - sent
            await asyncio.gather(*(self.send(f"flood-{begun:.3f}-{sent + number}") for number in range(due)))
            sent += due
            await asyncio.sleep(0.02)
        return sent


def _stored(order: Order) -> Change[Order]:
    return Change(order.id, lambda _: (order, ()), SEEN)


def _order_id(sender: Sender) -> str:
    return derived_id("bench", sender.system.id)


Waiting = dict[str, asyncio.Future[float]]


@asynccontextmanager
async def _receipts(settings: KafkaSettings, partners: Sequence[_Partner]) -> AsyncIterator[Waiting]:
    """Yield a place for futures by jti; each gets the moment at which its receipt was read."""
    waiting: Waiting = {}
    consumer = AIOKafkaConsumer(**settings.connection(), auto_offset_reset="earliest", fetch_max_wait_ms=10)
    await consumer.start()
    topics = [partner_receipts(partner.sender.system.id) for partner in partners]
    consumer.assign([TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)])

    async def read() -> None:
        async for record in consumer:
            arrival = waiting.pop((record.key or b"").decode(), None)
            if arrival is not None:
                arrival.set_result(time.perf_counter())

    reading = asyncio.create_task(read())
    try:
        yield waiting
    finally:
        reading.cancel()
        await consumer.stop()


async def _warm(partners: Sequence[_Partner], waiting: Waiting) -> None:
    for partner in partners:
        await _one(partner, waiting, f"warm-{partner.sender.system.id}")


async def _phase(partners: Sequence[_Partner], waiting: Waiting, seconds: float) -> list[float]:
    """Send at a steady rate, whatever is answered when; return the milliseconds to the receipts."""
    mark = f"{time.perf_counter():.3f}"

    async def steadily(partner: _Partner, shift: float) -> list[float]:
        await asyncio.sleep(shift)
        begun: list[asyncio.Task[float]] = []
        for number in range(int(seconds * QUIET_PER_SECOND)):
            jti = f"{partner.sender.system.id}-{mark}-{number}"
            begun.append(asyncio.create_task(_one(partner, waiting, jti)))
            await asyncio.sleep(1 / QUIET_PER_SECOND)
        return list(await asyncio.gather(*begun))

    found = await asyncio.gather(*(steadily(it, place / QUIET_PER_SECOND / QUIET) for place, it in enumerate(partners)))
    return [value for values in found for value in values]


async def _one(partner: _Partner, waiting: Waiting, jti: str) -> float:
    arrival = waiting[jti] = asyncio.get_running_loop().create_future()
    begun = time.perf_counter()
    await partner.send(jti)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            arrived: float = await arrival
            return (arrived - begun) * 1000
    except TimeoutError:
        raise BenchError(f"the event {jti} got no receipt within {PATIENCE_SECONDS:.0f} s") from None
