"""Events per second of one worker, beside the bare loop, in alternating rounds on the same broker and equal data."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import statistics
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from benchmarks import bare, ours
from benchmarks.figures import BenchError, Sample, Spread
from benchmarks.material import CHANNEL, Material, fill, make_material, publish_verdicts
from benchmarks.records import committed_by, ends_of, keys_from
from marktplatz.infrastructure.discovery import find_kafka
from services.ordering.app import build
from services.ordering.repository import ORDERS
from shared.aggregate.outbox import PENDING
from shared.bus.admin import create_topics
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.process.service import Resources
from shared.process.settings import ProcessSettings
from shared.store.opening import open_store
from shared.store.port import Query
from shared.topics import CONTRACT_REQUESTS, VERDICTS

REQUESTS = CONTRACT_REQUESTS[CHANNEL].name
AIM = 0.5


@dataclass(slots=True)
class Result:
    """The samples of both sides, one per round."""

    ours: list[Sample] = field(default_factory=list)
    bare: list[Sample] = field(default_factory=list)

    def ratio(self, value: Callable[[Sample], float]) -> float:
        """Return the median over the rounds of ours / bare."""
        return statistics.median(value(one) / value(other) for one, other in zip(self.ours, self.bare, strict=True))


@dataclass(frozen=True, slots=True)
class _Setting:
    settings: KafkaSettings
    folder: Path
    material: Material
    order_ids: list[str]

    @property
    def template(self) -> Path:
        return self.folder / "template.db"


async def measure(folder: Path, events: int, rounds: int, *, profile: bool = False) -> Result:
    """Run the rounds. Raises BenchError if an event was lost or repeated."""
    result = Result()
    async with find_kafka(folder / "kafka") as bootstrap:
        setting = await _prepare(bootstrap, folder, events)
        for number in range(rounds):
            ends = await _publish(setting)
            sides = [(result.ours, _ours), (result.bare, _bare)]
            for samples, side in sides if number % 2 == 0 else reversed(sides):
                samples.append(await side(setting, ends, profile and number == 0))
                print(f"  round {number + 1}, {side.__name__.strip('_')}: {_line(samples[-1])}", flush=True)
    return result


def report(result: Result) -> None:
    """Print medians, spread and the ratios."""
    print(f"\n{'median (least .. most)':<24}{'events/s':>28}{'CPU us/event':>24}{'peak RSS MiB':>24}")
    for name, samples in (("one worker of ordering", result.ours), ("bare loop", result.bare)):
        values = [Spread.of(samples, value) for value in (_rate, _cpu, lambda sample: sample.peak_mib)]
        print(f"{name:<24}{values[0]!s:>28}{values[1]!s:>24}{values[2]!s:>24}")
    by_time, by_cpu = result.ratio(_rate), 1 / result.ratio(_cpu)
    verdict = "reached" if by_time >= AIM else "missed"
    print(f"ratio ours / bare: {by_time:.2f} in events/s, {by_cpu:.2f} in events per CPU second; aim >= {AIM}: {verdict}")


async def _prepare(bootstrap: str, folder: Path, events: int) -> _Setting:
    settings = KafkaSettings(bootstrap_servers=bootstrap)
    await create_topics(settings, replicas=1)
    await create_topics(settings, replicas=1, topics=[bare.REQUESTS])
    material = make_material(now() - timedelta(minutes=5))
    setting = _Setting(settings, folder, material, material.order_ids(events))
    store = open_store(f"sqlite:///{setting.template}")
    service = build(Resources(store, KafkaPublisher(settings), ProcessSettings().data))
    await store.prepare(service.collections)
    await fill(service.ledgers[0], material, setting.order_ids)
    await store.close()
    return setting


async def _publish(setting: _Setting) -> dict[int, int]:
    publisher = KafkaPublisher(setting.settings)
    await publisher.start()
    try:
        if not await publish_verdicts(publisher, setting.material, setting.order_ids):
            raise BenchError("the broker did not acknowledge the verdicts")
    finally:
        await publisher.stop()
    return await ends_of(setting.settings, VERDICTS.name)


async def _ours(setting: _Setting, ends: dict[int, int], profile: bool) -> Sample:  # noqa: FBT001 - passed on
    run = ours.run_profiled if profile else ours.run
    return await _side(setting, ends, ours.GROUP, REQUESTS, run)


async def _bare(setting: _Setting, ends: dict[int, int], _profile: bool) -> Sample:  # noqa: FBT001 - as above
    body = setting.material.request.model_dump_json(exclude_none=True).encode()
    body = body.replace(setting.material.order.id.encode(), bare.PLACEHOLDER)
    return await _side(setting, ends, bare.GROUP, bare.REQUESTS.name, bare.run, body)


async def _side(
    setting: _Setting, ends: dict[int, int], group: str, topic: str, run: Callable[..., Sample], *arguments: bytes
) -> Sample:
    """Run one side in a process of its own, on its own copy of the data, and check what it has done."""
    database = setting.folder / f"{group}.db"
    shutil.copyfile(setting.template, database)
    starts = await ends_of(setting.settings, topic)
    bootstrap = setting.settings.bootstrap_servers
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        work = pool.submit(run, bootstrap, database, ends, len(setting.order_ids), *arguments)
        sample = await asyncio.wrap_future(work)
    await _check(setting, ends, group, topic, starts)
    await _check_store(database)
    database.unlink()
    return sample


async def _check(setting: _Setting, ends: dict[int, int], group: str, topic: str, starts: dict[int, int]) -> None:
    if await committed_by(setting.settings, group, VERDICTS.name) != ends:
        raise BenchError(f"{group} has not committed everything")
    found = await keys_from(setting.settings, topic, starts)
    lost = [order_id for order_id in setting.order_ids if not found[order_id]]
    repeated = found.total() - len(found)
    if lost or repeated:
        raise BenchError(f"{group}: {len(lost)} of {len(setting.order_ids)} requests lost, {repeated} repeated")


async def _check_store(database: Path) -> None:
    store = open_store(f"sqlite:///{database}")
    try:
        if await store.find(ORDERS, Query(PENDING.name, limit=1)):
            raise BenchError("an outbox is not empty")
    finally:
        await store.close()


def _rate(sample: Sample) -> float:
    return sample.rate


def _cpu(sample: Sample) -> float:
    return sample.cpu_micros


def _line(sample: Sample) -> str:
    return f"{sample.rate:,.0f} events/s, {sample.cpu_micros:,.0f} us CPU/event, {sample.peak_mib:,.0f} MiB"
