"""Topics stand on the broker as the registry declares them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from marktplatz.infrastructure.broker_process import free_port
from shared.bus.admin import BusUnfitError, create_topics, partitions_of, verify_topics
from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError
from shared.topics import DECLARED, TOPICS
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


async def test_a_broker_that_does_not_answer_is_said_to_be_unavailable() -> None:
    with pytest.raises(BusUnavailableError):
        await create_topics(KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}"), replicas=1)
