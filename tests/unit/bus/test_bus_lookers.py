"""Whoever looks after a client goes on whatever happens to it, or says that it has stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.bus import publisher as publishing
from shared.bus.consumer import ConsumerRunner
from shared.bus.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.bus.worker import Worker
from shared.messages.notify import NotificationFailed
from shared.runtime import ProcessHealth, _answers
from shared.service import Consumer, Received, Rejection

SETTINGS = KafkaSettings(bootstrap_servers="127.0.0.1:1", publish_timeout=timedelta(milliseconds=200))


async def accept(_: Sequence[Received]) -> Sequence[Rejection]:
    return ()


async def test_a_consumer_that_cannot_be_started_for_an_unknown_reason_makes_the_process_not_live(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(_: Worker) -> None:
        raise AttributeError("a client of another version")

    monkeypatch.setattr(Worker, "start", broken)
    runner = ConsumerRunner(SETTINGS, [Consumer("ordering.verdicts", frozenset({NotificationFailed}), accept)])
    health = ProcessHealth()
    health.runner = runner
    async with asyncio.timeout(10):
        await runner.start()
    assert runner.failures() == {"ordering.verdicts": "AttributeError while it was looked after"}
    assert not health.live()
    await runner.stop()


async def test_a_publisher_connects_again_after_any_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: list[bool | Exception] = [False, AttributeError("a client of another version"), True]
    tried = asyncio.Event()

    async def connect(_: KafkaPublisher) -> bool:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome:
            tried.set()
        return outcome

    monkeypatch.setattr(KafkaPublisher, "_connect", connect)
    monkeypatch.setattr(publishing, "_RECONNECT_SECONDS", (0.001, 0.002))
    publisher = KafkaPublisher(SETTINGS)
    await publisher.start()
    async with asyncio.timeout(10):
        await tried.wait()
    await publisher.stop()


async def test_a_probe_takes_any_error_for_no_answer() -> None:
    async def corrupt() -> None:
        raise ValueError("file is not a database")

    assert await _answers(corrupt) is False
