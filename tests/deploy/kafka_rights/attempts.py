"""Asks the broker what a user may do, and tries what it must not: one request per question, over all resources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.fetch import FetchRequest_v11
from aiokafka.protocol.group import JoinGroupRequest_v5
from aiokafka.protocol.produce import ProduceRequest_v7
from aiokafka.protocol.types import Array, Boolean, Bytes, Int16, Int32, Schema, String

from shared.bus.settings import KafkaSettings
from tests.deploy.kafka_rights.manifests import Right
from tests.deploy.kafka_rights.strimzi import OPERATIONS, Built

DENIED = {"topic": 29, "group": 30}
"""Kafka's error codes TOPIC_AUTHORIZATION_FAILED and GROUP_AUTHORIZATION_FAILED."""

_TEXT = String("utf-8")


class _Metadata(Response):  # type: ignore[misc] # aiokafka is untyped
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT))),
        ("cluster_id", _TEXT),
        ("controller", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("name", _TEXT),
                ("internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline", Array(Int32)),
                    ),
                ),
                ("operations", Int32),
            ),
        ),
        ("operations", Int32),
    )


class _AskTopics(RequestStruct):  # type: ignore[misc] # aiokafka is untyped
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _Metadata
    SCHEMA = Schema(("topics", Array(_TEXT)), ("create", Boolean), ("of_cluster", Boolean), ("of_topics", Boolean))


class _Groups(Response):  # type: ignore[misc] # aiokafka is untyped
    API_KEY = 15
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "groups",
            Array(
                ("error_code", Int16),
                ("name", _TEXT),
                ("state", _TEXT),
                ("protocol_type", _TEXT),
                ("protocol", _TEXT),
                ("members", Array(("id", _TEXT), ("client", _TEXT), ("host", _TEXT), ("metadata", Bytes), ("assignment", Bytes))),
                ("operations", Int32),
            ),
        ),
    )


class _AskGroups(RequestStruct):  # type: ignore[misc] # aiokafka is untyped
    API_KEY = 15
    API_VERSION = 3
    RESPONSE_TYPE = _Groups
    SCHEMA = Schema(("groups", Array(_TEXT)), ("of_groups", Boolean))


class Attempts:
    """A connection of one user."""

    def __init__(self, client: AIOKafkaClient, node: int) -> None:
        self._client = client
        self._node = node

    async def rights(self, topics: Iterable[str], groups: Iterable[str]) -> set[Right]:
        """Return what this user may do, as the broker answers, with these resources and with the cluster."""
        answer = await self.send(_AskTopics(sorted(topics), False, True, True))
        found = set(_rights("cluster", "kafka-cluster", answer.operations))
        for code, name, _, _, operations in answer.topics:
            assert code in (0, DENIED["topic"]), (name, code)
            found |= set(_rights("topic", name, operations if code == 0 else 0))
        answer = await self.send(_AskGroups(sorted(groups), True))
        for code, name, *_, operations in answer.groups:
            assert code in (0, DENIED["group"]), (name, code)
            found |= set(_rights("group", name, operations if code == 0 else 0))
        return found

    async def describe(self, topics: Iterable[str]) -> dict[str, int]:
        """Try to see each topic and return Kafka's error codes."""
        answer = await self.send(_AskTopics(sorted(topics), False, False, False))
        return {topic[1]: topic[0] for topic in answer.topics}

    async def write(self, topics: Iterable[str]) -> dict[str, int]:
        """Try to write to partition 0 of each topic and return Kafka's error codes."""
        answer = await self.send(ProduceRequest_v7(None, -1, 5000, [(topic, [(0, b"")]) for topic in topics]))
        return {topic: partitions[0][1] for topic, partitions in answer.topics}

    async def read(self, topics: Iterable[str]) -> dict[str, int]:
        """Try to read partition 0 of each topic and return Kafka's error codes."""
        requests = [(topic, [(0, -1, 0, 0, 1024)]) for topic in topics]
        while True:
            answer = await self.send(FetchRequest_v11(-1, 0, 0, 1024, 0, 0, -1, requests, [], ""))
            if answer.topics or not requests:
                break
            # Whoever is beyond its quota is given an empty answer, and is to come again after a time.
            assert answer.throttle_time_ms > 0
            await asyncio.sleep(answer.throttle_time_ms / 1000)
        return {topic: partitions[0][1] for topic, partitions in answer.topics}

    async def join(self, groups: Iterable[str]) -> dict[str, int]:
        """Try to join each group and return Kafka's error codes."""
        codes: dict[str, int] = {}
        for group in groups:
            answer = await self.send(JoinGroupRequest_v5(group, 10000, 10000, "", None, "consumer", [("range", b"")]))
            codes[group] = answer.error_code
        return codes

    async def send(self, request: RequestStruct) -> Any:
        """Send a request in one version's layout and return the answer."""
        return await self._client.send(self._node, Built(request))


@asynccontextmanager
async def attempts(settings: KafkaSettings) -> AsyncIterator[Attempts]:
    """Give the connection of a user."""
    client = AIOKafkaClient(**settings.connection())
    await client.bootstrap()
    try:
        (node,) = {broker.nodeId for broker in client.cluster.brokers()}
        yield Attempts(client, node)
    finally:
        await client.close()


def _rights(kind: str, name: str, operations: int) -> Iterable[Right]:
    """Return the operations whose bits are set; all bits but the sign's stand for the number of an operation."""
    known = {1 << number for number in OPERATIONS.values()}
    rest = operations & ~sum(known)
    assert rest == 0, (kind, name, operations)
    return (Right(kind, name, operation) for operation, number in OPERATIONS.items() if operations & 1 << number)
