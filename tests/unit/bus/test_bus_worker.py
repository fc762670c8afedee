"""What groups of one process must not share."""

from __future__ import annotations

from aiokafka import TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from shared.bus.worker import sticky_assignor


def test_each_worker_remembers_its_own_assignment() -> None:
    first, second = sticky_assignor(), sticky_assignor()
    first.on_assignment(ConsumerProtocolMemberAssignment(0, [("orders", [0, 1])], b""))
    first.on_generation_assignment(7)
    assert first.member_assignment == [TopicPartition("orders", 0), TopicPartition("orders", 1)]
    assert second.member_assignment is None
    assert StickyPartitionAssignor.member_assignment is None
    assert (second.generation, StickyPartitionAssignor.generation) == (-1, -1)
    assert first.name == second.name == "sticky"
