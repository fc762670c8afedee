"""The publisher answers in bounded time whatever the broker does, and never claims what was not acknowledged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aiokafka.errors import OutOfOrderSequenceNumber, ProducerFenced

from marktplatz.infrastructure.broker_process import free_port
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError
from tests.integration.bus.bus_fixture import Lane, entity, event, read_topic, until


async def test_acknowledged_events_stand_on_the_topic_under_their_key(lane: Lane, publisher: KafkaPublisher) -> None:
    assert await publisher.publish([event(lane.topic.name, name) for name in range(50)]) == [True] * 50
    records = await read_topic(lane.settings, lane.topic.name)
    assert {record.key.decode() for record in records} == {entity(name) for name in range(50)}
    assert len({record.partition for record in records}) > 1


@pytest.mark.parametrize("error", [OutOfOrderSequenceNumber, ProducerFenced])
async def test_a_fatal_error_makes_a_new_producer(lane: Lane, publisher: KafkaPublisher, error: type[Exception]) -> None:
    await publisher.publish([event(lane.topic.name, "before")])
    broken = publisher.line.producer
    assert broken is not None
    broken._message_accumulator.fail_all(error())
    assert await publisher.publish([event(lane.topic.name, "during")]) == [False]
    await until(lambda: publisher.connected)
    assert publisher.line.producer is not broken
    assert await publisher.publish([event(lane.topic.name, "during")]) == [True]


async def test_a_sequence_out_of_order_at_the_broker_is_healed(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.publish([event(lane.topic.name, "one", 1)])
    assert publisher.line.producer is not None
    numbers = publisher.line.producer._txn_manager._sequence_numbers
    for partition in numbers:
        numbers[partition] += 7
    assert await publisher.publish([event(lane.topic.name, "one", 2)]) == [False]
    await until(lambda: publisher.connected)
    assert await publisher.publish([event(lane.topic.name, "one", 2)]) == [True]


async def test_a_missing_topic_fails_its_own_events_only(lane: Lane, settings: KafkaSettings) -> None:
    quick = settings.model_copy(update={"publish_timeout": timedelta(seconds=3)})
    publisher = KafkaPublisher(quick)
    await publisher.start()
    flags = await publisher.publish([event("no.such.topic", "a"), event(lane.topic.name, "b")])
    assert flags == [False, True]
    assert publisher.connected
    await publisher.stop()


async def test_what_is_too_large_is_refused_and_its_neighbours_are_sent(lane: Lane, publisher: KafkaPublisher) -> None:
    large = RawRecord(lane.topic.name, b"large", b"x" * (1024 * 1024 + 1))
    small = RawRecord(lane.topic.name, b"small", b"x")
    assert await publisher.send([small, large, small]) == [True, False, True]
    assert publisher.connected


async def test_without_a_broker_nothing_is_acknowledged_and_nothing_raises() -> None:
    settings = KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}", publish_timeout=timedelta(seconds=1))
    publisher = KafkaPublisher(settings)
    await publisher.start()
    assert not publisher.connected
    assert await publisher.publish([event("any", "a"), event("any", "b")]) == [False, False]
    with pytest.raises(BusUnavailableError):
        await publisher.ping()
    await publisher.stop()


async def test_ping_answers_while_the_broker_does(publisher: KafkaPublisher) -> None:
    await publisher.ping()
    assert publisher.connected
