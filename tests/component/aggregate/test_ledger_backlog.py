"""What waits in outboxes is measured: how much, since when, and that it goes away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from shared.aggregate.ledger import Ledger
from shared.aggregate.outbox import Backlog
from shared.process.metrics import show_backlog
from tests.support.counting import START, Clock, Counter, increase
from tests.support.publisher import RecordingPublisher


def shown(name: str, collection: str) -> float | None:
    return REGISTRY.get_sample_value(f"marktplatz_outbox_{name}", {"collection": collection})


async def test_without_a_broker_the_oldest_unpublished_event_gives_the_age(
    ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock
) -> None:
    assert await ledger.outbox.backlog() == Backlog(None, 0)
    publisher.refuses = lambda _: True
    await ledger.apply([increase("a", "x", times=2)])
    clock.time += timedelta(minutes=3)
    await ledger.apply([increase("b", "x"), increase("a", "y")])
    assert await ledger.outbox.backlog() == Backlog(START, 4)
    publisher.refuses = lambda _: False
    await ledger.outbox.relay(timedelta(0) - timedelta(milliseconds=1))
    assert await ledger.outbox.backlog() == Backlog(None, 0)


async def test_the_count_is_bounded_and_the_age_is_not(
    ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock
) -> None:
    publisher.refuses = lambda _: True
    for number in range(5):
        await ledger.apply([increase(f"c{number}", "x")])
        clock.time += timedelta(seconds=1)
    assert await ledger.outbox.backlog(limit=3) == Backlog(START, 3)


@pytest.mark.parametrize(("backlog", "age"), [(Backlog(START, 4), 90.0), (Backlog(None, 0), 0.0)])
def test_a_backlog_is_shown_per_collection(backlog: Backlog, age: float) -> None:
    show_backlog("counters", backlog, START + timedelta(seconds=90))
    assert shown("age_seconds", "counters") == age
    assert shown("events", "counters") == backlog.events


def test_an_event_of_a_clock_that_runs_ahead_has_no_negative_age() -> None:
    show_backlog("ahead", Backlog(START, 1), START - timedelta(seconds=1))
    assert shown("age_seconds", "ahead") == 0
