"""What is sent back to a group counts among what the group has still to read, in the reconciliation and in the worker's metrics."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from marktplatz.recovery.admin import administration
from marktplatz.recovery.rebuild.broker import rewind
from marktplatz.recovery.reconcile.topics import read_topics, records_held
from shared.bus.admin import create_topics
from shared.bus.dead_letters.letter import DeadLetter, Reason
from shared.bus.dead_letters.replay import sent_back
from shared.bus.envelope import encode
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.errors import RetryableError
from shared.topics import REPLAYS
from tests.integration.bus.bus_fixture import AT, Lane, Recorder, event, running, until

GROUP = "ordering.verdicts"


@pytest.fixture
async def declared(settings: KafkaSettings) -> KafkaSettings:
    await create_topics(settings, replicas=1)
    return settings


async def test_the_reconciliation_counts_what_nobody_has_read_of_a_replay_topic(
    declared: KafkaSettings, publisher: KafkaPublisher
) -> None:
    topic = REPLAYS[GROUP].name
    before = (await records_held(declared))[topic] or 0
    assert await publisher.send([RawRecord(topic, f"{number}".encode(), b"{}") for number in range(5)]) == [True] * 5
    positions = [position for position in (await read_topics(declared)).positions if position.topic == topic]
    assert {position.group for position in positions} == {GROUP}
    assert len(positions) == REPLAYS[GROUP].partitions
    assert sum(position.waiting for position in positions) == before + 5
    assert (await records_held(declared))[topic] == before + 5
    async with administration(declared) as admin:
        assert await rewind(admin, declared) == []


async def test_a_worker_shows_what_it_has_not_read_of_its_replay_topic(lane: Lane, publisher: KafkaPublisher) -> None:
    def shown() -> float | None:
        return REGISTRY.get_sample_value("marktplatz_bus_lag_records", {"group": lane.group})

    async def never(_: object) -> None:
        raise RetryableError("The store does not answer.")

    recorder = Recorder(before=never)
    await publisher.send([sent_back(letter(lane, number)) for number in range(3)])
    async with running(lane.settings, recorder.consumer(lane.group)):
        await until(lambda: shown() == 3)
        recorder.before = None
        await until(lambda: len(recorder.seen) == 3)
        await until(lambda: shown() == 0)


def letter(lane: Lane, number: int) -> DeadLetter:
    record = encode(event(lane.topic.name, number))
    return DeadLetter(
        0, 0, Reason("schema", "a bug", lane.topic.name, 0, number, lane.group, AT), record.key, record.value, record.headers
    )
