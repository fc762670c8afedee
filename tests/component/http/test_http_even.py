"""A 404 leaves at steps of time, so that nobody can tell by it what finding nothing has cost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Response

from shared.http import even
from shared.http.app import create_app
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.memory_store import MemoryStore

STEP = 0.05


class Clock:
    """Stands in for the time and the sleep of the middleware: requests take what their path says, in milliseconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def perf_counter(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(even, "time", clock)
    monkeypatch.setattr(even, "asyncio", clock)
    return clock


def app(clock: Clock, step: timedelta | None) -> Any:
    router = APIRouter()

    @router.get("/answers/{status}/after/{milliseconds}")
    async def answer(status: int, milliseconds: float) -> Response:
        clock.now += milliseconds / 1000
        return Response(status_code=status)

    return create_app(
        "even", router, authenticator=FakeAuthenticator(), store=MemoryStore(), health=FixedHealth(), even_step=step
    )


async def ask(clock: Clock, path: str, step: timedelta | None = timedelta(seconds=STEP)) -> httpx.Response:
    async with client(app(clock, step)) as http:
        return await http.get(path)


@pytest.mark.parametrize("spent", [0, 1, 1.04, 20, 49.9, 50.5, 70, 149])
async def test_a_404_waits_for_the_next_step_and_a_random_part_of_one(clock: Clock, spent: float) -> None:
    for _ in range(20):
        assert (await ask(clock, f"/answers/404/after/{spent}")).status_code == 404
    steps = [(spent / 1000 + slept) / STEP for slept in clock.slept]
    first = int(spent / 1000 / STEP + 1e-6) + 1
    assert all(first - 1e-6 <= step <= first + 0.1 for step in steps)
    assert len(set(clock.slept)) > 1


async def test_an_unknown_path_waits_too(clock: Clock) -> None:
    await ask(clock, "/nowhere")
    assert len(clock.slept) == 1


@pytest.mark.parametrize("status", [200, 201, 204, 401, 403, 409, 412, 422, 503])
async def test_other_answers_do_not_wait(clock: Clock, status: int) -> None:
    assert (await ask(clock, f"/answers/{status}/after/3")).status_code == status
    assert clock.slept == []


async def test_a_step_of_zero_evens_out_nothing(clock: Clock) -> None:
    await ask(clock, "/answers/404/after/3", timedelta(0))
    assert clock.slept == []


async def test_an_application_evens_out_unless_told_otherwise(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(even, "STEP", timedelta(seconds=STEP))
    await ask(clock, "/answers/404/after/3", None)
    assert len(clock.slept) == 1


async def test_what_others_ask_goes_on_meanwhile() -> None:
    """A 404 waits without holding the loop."""
    async with client(app(Clock(), timedelta(minutes=5))) as http:
        waiting = asyncio.create_task(http.get("/answers/404/after/0"))
        for _ in range(5):
            assert (await http.get("/answers/200/after/0")).status_code == 200
        assert not waiting.done()
        waiting.cancel()
