"""Topics stand on the broker as the registry declares them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from marktplatz.infrastructure.broker_process import free_port
from shared.bus.admin import BusUnfitError, create_topics, delete_topics, partitions_of, verify_topics
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.errors import BusUnavailableError
from shared.topics import DECLARED, PARTNER_RECORD_BYTES, TOPICS, partner_orders, partner_topics
from tests.integration.bus.bus_fixture import Lane


async def test_all_declared_topics_are_created_and_verified_and_creating_again_changes_nothing(settings: KafkaSettings) -> None:
    await create_topics(settings, replicas=1)
    assert await create_topics(settings, replicas=1) == []
    assert await verify_topics(settings, replicas=1) == {}
    assert all([await partitions_of(settings, topic.name) for topic in DECLARED])


async def test_a_setting_that_differs_is_named_and_brought_in_line(lane: Lane) -> None:
    changed = replace(lane.topic, retention=timedelta(days=3))
    assert await verify_topics(lane.settings, replicas=1, topics=[changed]) == {
        lane.topic.name: {"retention.ms": f"{28 * 86_400_000}, not {3 * 86_400_000}"}
    }
    assert await create_topics(lane.settings, replicas=1, topics=[changed]) == []
    assert await verify_topics(lane.settings, replicas=1, topics=[changed]) == {}


async def test_another_number_of_partitions_is_refused(lane: Lane) -> None:
    with pytest.raises(BusUnfitError, match="partitions 4, not 5"):
        await create_topics(lane.settings, replicas=1, topics=[replace(lane.topic, partitions=5)])


async def test_a_missing_topic_is_named(settings: KafkaSettings) -> None:
    missing = replace(TOPICS[0], name="never.made.v1")
    assert await verify_topics(settings, replicas=1, topics=[missing]) == {"never.made.v1": {"topic": "missing"}}


async def test_the_topics_of_a_partner_are_made_stamped_by_the_broker_and_deleted(settings: KafkaSettings) -> None:
    topics = partner_topics("nord")
    names = [topic.name for topic in topics]
    assert sorted(await create_topics(settings, replicas=1, topics=topics)) == sorted(names)
    assert await verify_topics(settings, replicas=1, topics=topics) == {}
    assert [len(await partitions_of(settings, name)) for name in names] == [3, 3]
    before = now()
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers) as producer:
        sent = await producer.send_and_wait(names[0], b"x", timestamp_ms=1)
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(names[0], bytes(PARTNER_RECORD_BYTES))
    assert sent.timestamp_type == 1, "LogAppendTime"
    assert sent.timestamp >= int(before.timestamp() * 1000)
    assert sorted(await delete_topics(settings, [*names, "never.made.v1"])) == sorted(names)
    assert await delete_topics(settings, names) == []


async def test_the_time_of_a_partners_topic_is_brought_in_line(settings: KafkaSettings) -> None:
    orders = partner_orders("sued")
    await create_topics(settings, replicas=1, topics=[replace(orders, append_time=False)])
    assert await verify_topics(settings, replicas=1, topics=[orders]) == {
        orders.name: {"message.timestamp.type": "CreateTime, not LogAppendTime"}
    }
    await create_topics(settings, replicas=1, topics=[orders])
    assert await verify_topics(settings, replicas=1, topics=[orders]) == {}


async def test_a_broker_that_does_not_answer_is_said_to_be_unavailable() -> None:
    with pytest.raises(BusUnavailableError):
        await create_topics(KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}"), replicas=1)
