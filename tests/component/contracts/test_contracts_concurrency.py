"""Several processors of one channel on one store file: in one process, and in two that are killed."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.contracts.app import processor
from services.contracts.handlers import RegisterReport, report_register
from services.contracts.repository import CONTRACTS, REGISTERS, Contracts, Registers
from shared.bus.handling import Received
from shared.messages.ordering import ContractRequested
from shared.messages.values import Channel, Verdict
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.component.contracts import processor_process
from tests.support.contract_requests import received, request
from tests.support.forked import run_process
from tests.support.publisher import RecordingPublisher

pytestmark = pytest.mark.slow


@pytest.fixture
async def file_store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "contracts.db")
    await store.prepare([CONTRACTS, REGISTERS])
    yield store
    await store.close()


async def register(store: SqliteStore, channel: Channel = Channel.FITKO) -> RegisterReport:
    resources = Resources(store, RecordingPublisher(), Path())
    return await report_register(channel, 2026, Contracts(resources), Registers(resources))


async def run(store: SqliteStore, channel: Channel, batches: list[list[Received]]) -> RecordingPublisher:
    publisher = RecordingPublisher()
    consumer, *_ = processor(channel)(Resources(store, publisher, Path())).consumers
    for batch in batches:
        assert list(await consumer.handle(batch)) == []
    return publisher


def in_batches(requests: list[ContractRequested], size: int) -> list[list[Received]]:
    events = [received(item) for item in requests]
    return [events[start : start + size] for start in range(0, len(events), size)]


async def test_three_processors_with_the_same_requests_form_one_contract_per_order_without_gap(
    file_store: SqliteStore, tmp_path: Path
) -> None:
    requests = [request(f"n{n}") for n in range(60)]
    others = [SqliteStore(tmp_path / "contracts.db") for _ in range(2)]
    plans = [in_batches(requests, 7), in_batches(requests[::-1], 4), in_batches(requests[30:] + requests[:30], 1)]
    publishers = await asyncio.gather(
        *(run(store, Channel.FITKO, plan) for store, plan in zip([file_store, *others], plans, strict=True))
    )
    report = await register(file_store)
    assert (report.last, report.contracts, report.gaps, report.free) == (60, 60, (), ())
    assert len({event.id for publisher in publishers for event in publisher.events}) == 60
    for store in others:
        await store.close()


async def test_both_channels_at_once_number_independently(file_store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path / "contracts.db")
    fitko, govdigital = Channel.FITKO, Channel.GOVDIGITAL
    await asyncio.gather(
        run(file_store, fitko, in_batches([request(f"f{n}") for n in range(25)], 4)),
        run(other, govdigital, in_batches([request(f"g{n}", govdigital) for n in range(35)], 3)),
    )
    reports = [await register(file_store, channel) for channel in (fitko, govdigital)]
    assert [(report.last, report.contracts, report.gaps) for report in reports] == [(25, 25, ()), (35, 35, ())]
    await other.close()


class Processor:
    """A processor in a process of its own, with the offset of its partition."""

    def __init__(self, folder: Path, name: str, requests: list[ContractRequested], batch: int) -> None:
        self.arguments = (folder / "contracts.db", Channel.FITKO, requests, folder / f"{name}.offset", folder / "events", batch)

    async def run(self, failpoint: str = "") -> int:
        """Run to the end, or to its death, and return the exit code."""
        return await run_process(processor_process.main, *self.arguments, failpoint=failpoint)


POINTS = [
    f"{point}.{where}"
    for point in ("store.insert", "store.save", "bus.send", "store.clean", "bus.commit")
    for where in ("before", "after")
]


@pytest.mark.parametrize("point", POINTS)
async def test_a_processor_killed_beside_a_running_one_leaves_one_contract_per_order_and_no_gap(
    file_store: SqliteStore, tmp_path: Path, point: str
) -> None:
    # Both get half of the other's requests too, as after a rebalance; every fifth request is refused.
    requests = [request(f"n{n}", verdict=Verdict.EXEMPT if n % 5 else Verdict.RISK) for n in range(30)]
    victim = Processor(tmp_path, "victim", requests[:20], batch=5)
    neighbour = Processor(tmp_path, "neighbour", requests[10:], batch=3)
    codes = await asyncio.gather(victim.run(f"{point}:2"), neighbour.run())
    assert tuple(codes) == (-signal.SIGKILL, 0)
    assert await victim.run() == 0

    report = await register(file_store)
    assert (report.last, report.contracts) == (24, 24)
    assert (report.gaps, report.free, report.allotted) == ((), (), {})
    lines = (tmp_path / "events").read_text().splitlines()
    events = dict(line.split() for line in lines)
    assert len(events) == 30
    assert Counter(line.split()[0] for line in set(lines)) == dict.fromkeys(events, 1)


async def test_a_processor_killed_again_and_again_still_numbers_without_gap(file_store: SqliteStore, tmp_path: Path) -> None:
    victim = Processor(tmp_path, "victim", [request(f"n{n}") for n in range(12)], batch=3)
    points = ("store.insert.before:2", "store.insert.after", "store.save.after:2", "bus.send.before", "bus.commit.before")
    codes = [await victim.run(point) for point in points]
    assert codes == [-signal.SIGKILL] * len(points)
    assert await victim.run() == 0
    report = await register(file_store)
    assert (report.last, report.contracts, report.gaps, report.free, report.allotted) == (12, 12, (), (), {})
