"""What a process shows of itself: its checks, and its periodic work with outcome and last success."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from shared.errors import StoreUnavailableError
from shared.process.health import ProcessHealth
from shared.process.periodic import repeat
from shared.process.service import Periodic


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_each_check_of_the_readiness_probe_is_shown() -> None:
    health = ProcessHealth()
    health.show()
    assert shown("marktplatz_ready", check="started") == 0
    assert shown("marktplatz_ready", check="not_draining") == 1
    health.checks = {"store_ordering": True, "broker": False}
    health.draining = True
    health.show()
    assert shown("marktplatz_ready", check="started") == 1
    assert shown("marktplatz_ready", check="store_ordering") == 1
    assert shown("marktplatz_ready", check="broker") == 0
    assert shown("marktplatz_ready", check="not_draining") == 0


async def runs(name: str, errors: list[Exception | None], tick: Callable[[], None] = lambda: None) -> None:
    """Repeat work that ends as ``errors`` says, once each; a run takes a tick."""
    left = list(errors)
    done = asyncio.Event()

    async def work() -> None:
        if not left:
            done.set()
            await asyncio.Event().wait()
        tick()
        error = left.pop(0)
        if error is not None:
            raise error

    task = asyncio.create_task(repeat(Periodic(name, timedelta(milliseconds=1), work)))
    await done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("failure", [lambda: StoreUnavailableError("away"), lambda: RuntimeError("a bug")])
async def test_runs_are_counted_by_outcome(failure: Callable[[], Exception]) -> None:
    name = f"counted-{failure().args[0]}"
    await runs(name, [None, failure(), failure(), None, None])
    assert shown("marktplatz_periodic_runs_total", task=name, outcome="done") == 3
    assert shown("marktplatz_periodic_runs_total", task=name, outcome="failed") == 2
    assert shown("marktplatz_periodic_interval_seconds", task=name) == 0.001


async def test_only_a_success_counts_as_one_but_for_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("prometheus_client.metrics.time.time", lambda: clock[0])

    def tick() -> None:
        clock[0] += 10

    await runs("never", [RuntimeError("a"), RuntimeError("b")], tick)
    assert shown("marktplatz_periodic_success_timestamp_seconds", task="never") == 100
    clock[0] = 200.0
    await runs("once", [RuntimeError("a"), None, RuntimeError("b")], tick)
    assert shown("marktplatz_periodic_success_timestamp_seconds", task="once") == 220
