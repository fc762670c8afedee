"""What a consumer shows before and while it works, so that alerts see what happens to it."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY

from shared.bus.consume.watch import update_progress
from shared.bus.consume.worker import Worker
from shared.bus.handling import Consumer, Received, Rejection
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.topics import subscribed

GROUP = "ordering.verdicts"
PARTITION = TopicPartition("eligibility.verdict.v1", 0)


async def nothing(_: Sequence[Received]) -> Sequence[Rejection]:
    return []


class Client:
    """A Kafka client that owns one partition with seven records."""

    _client = SimpleNamespace(_sync_task=None)
    _fetcher = _coordinator = None

    def assignment(self) -> set[TopicPartition]:
        return {PARTITION}

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 7)


class WorkerAtHand(Worker):
    """A worker whose client is there without a broker."""

    client = Client()  # type: ignore[assignment]


@pytest.fixture
def worker() -> Worker:
    settings = KafkaSettings(bootstrap_servers="localhost:9092")
    return WorkerAtHand(settings, Consumer(GROUP, frozenset(), nothing), KafkaPublisher(settings))


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"marktplatz_bus_{name}", {"group": GROUP, **labels})


def test_a_new_consumer_shows_that_nothing_has_happened_to_it(worker: Worker) -> None:
    assert worker.group == GROUP
    assert shown("consumer_stopped") == 0
    assert shown("consumer_restarts_total") is not None
    assert shown("events_total", outcome="dead") is not None
    for topic in subscribed(GROUP):
        assert shown("quarantined_total", topic=topic.name) is not None


def test_a_consumer_that_stops_itself_says_so(worker: Worker) -> None:
    worker.fail("a reason")
    assert shown("consumer_stopped") == 1


async def test_the_lag_of_a_batch_that_is_repeated_grows_with_its_age(worker: Worker) -> None:
    worker.commits.positions[PARTITION] = 4
    worker.oldest = now().timestamp() - 600
    async with worker.lock:
        await update_progress(worker)
    assert shown("lag_records") == 3
    lag = shown("lag_seconds")
    assert lag is not None
    assert lag >= 600


async def test_between_batches_the_age_of_the_last_one_says_nothing(worker: Worker) -> None:
    worker.commits.positions[PARTITION] = 4
    worker.oldest = now().timestamp() - 600
    worker.show_lag()
    before = shown("lag_seconds")
    await update_progress(worker)
    assert shown("lag_seconds") == before
    worker.commits.positions[PARTITION] = 7
    await update_progress(worker)
    assert shown("lag_seconds") == 0
