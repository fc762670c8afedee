"""What groups of one process must not share, and what a group does without."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError

from shared.bus.aiokafka_internals import sticky_assignor
from shared.bus.consume.worker import Worker
from shared.bus.handling import Consumer, Received, Rejection
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError, NotFoundError


def test_each_worker_remembers_its_own_assignment() -> None:
    first, second = sticky_assignor(), sticky_assignor()
    first.on_assignment(ConsumerProtocolMemberAssignment(0, [("orders", [0, 1])], b""))
    first.on_generation_assignment(7)
    assert first.member_assignment == [TopicPartition("orders", 0), TopicPartition("orders", 1)]
    assert second.member_assignment is None
    assert StickyPartitionAssignor.member_assignment is None
    assert (second.generation, StickyPartitionAssignor.generation) == (-1, -1)
    assert first.name == second.name == "sticky"


async def nothing(_: Sequence[Received]) -> Sequence[Rejection]:
    return ()


@pytest.mark.parametrize(
    ("answer", "read"), [([0, 1, 2], ("ordering.verdicts.replay",)), (NotFoundError("there is no such topic"), ())]
)
async def test_a_group_reads_what_is_sent_back_only_where_its_topic_is_there(
    monkeypatch: pytest.MonkeyPatch, answer: list[int] | Exception, read: tuple[str, ...]
) -> None:
    worker = look(monkeypatch, answer)
    assert await worker.subscription.replays() == read


async def test_a_broker_that_does_not_answer_is_asked_again_by_whoever_starts_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = look(monkeypatch, BusUnavailableError("away"))
    with pytest.raises(KafkaError):
        await worker.start()
    assert worker.client is None


def look(monkeypatch: pytest.MonkeyPatch, answer: list[int] | Exception) -> Worker:
    async def partitions_of(_: KafkaSettings, topic: str) -> list[int]:
        assert topic == "ordering.verdicts.replay"
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("shared.bus.consume.subscription.partitions_of", partitions_of)
    settings = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    return Worker(settings, Consumer("ordering.verdicts", frozenset(), nothing), KafkaPublisher(settings))
