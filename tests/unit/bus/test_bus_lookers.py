"""Whoever looks after a client goes on whatever happens to it, or says that it has stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.bus.consume import runner as consuming
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.consume.worker import Worker
from shared.bus.handling import Consumer, Received, Rejection
from shared.bus.produce import line
from shared.bus.produce.line import Line
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.messages.notify import NotificationFailed
from shared.process.health import ProcessHealth, answers
from shared.retry import RetryPolicy

SETTINGS = KafkaSettings(bootstrap_servers="127.0.0.1:1", publish_timeout=timedelta(milliseconds=200))

QUICK = RetryPolicy(timedelta(milliseconds=1), timedelta(milliseconds=20))


async def accept(_: Sequence[Received]) -> Sequence[Rejection]:
    return ()


async def test_a_consumer_that_cannot_be_started_for_an_unknown_reason_is_tried_again_until_the_process_is_not_live(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[Worker] = []

    async def broken(worker: Worker) -> None:
        tries.append(worker)
        raise AttributeError("a client of another version")

    monkeypatch.setattr(Worker, "start", broken)
    monkeypatch.setattr(consuming, "_STARTS", QUICK)
    settings = SETTINGS.model_copy(update={"stall_after": timedelta(seconds=0.5)})
    runner = ConsumerRunner(settings, [Consumer("ordering.verdicts", frozenset({NotificationFailed}), accept)])
    health = ProcessHealth()
    health.runner = runner
    async with asyncio.timeout(10):
        await runner.start()
        while health.live():  # noqa: ASYNC110 - nothing tells of the end of a time
            await asyncio.sleep(0.01)
    assert len(tries) > 1
    assert runner.failures() == {}
    await runner.stop()


async def test_a_publisher_connects_again_after_any_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: list[bool | Exception] = [False, AttributeError("a client of another version"), True]
    tried = asyncio.Event()

    async def connect(_: Line) -> bool:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome:
            tried.set()
        return outcome

    monkeypatch.setattr(Line, "_connect", connect)
    monkeypatch.setattr(line, "_RECONNECTS", QUICK)
    publisher = KafkaPublisher(SETTINGS)
    await publisher.start()
    async with asyncio.timeout(10):
        await tried.wait()
    await publisher.stop()


async def test_a_probe_takes_any_error_for_no_answer() -> None:
    async def corrupt() -> None:
        raise ValueError("file is not a database")

    assert await answers(corrupt) is False
