"""Tries every operation on every resource, one request per operation, and returns what the broker refused.

Where Kafka can check a change without making it, that is asked for: whoever may do it changes nothing either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from aiokafka.protocol.admin import (
    AlterConfigsRequest_v0,
    CreateAclsRequest_v1,
    CreatePartitionsRequest_v0,
    CreateTopicsRequest_v2,
    DeleteGroupsRequest_v0,
    DeleteRecordsRequest_v0,
    DeleteTopicsRequest_v1,
    DescribeAclsRequest_v1,
    DescribeClientQuotasRequest_v0,
    DescribeConfigsRequest_v1,
)
from aiokafka.protocol.commit import OffsetFetchRequest_v3
from aiokafka.protocol.coordination import FindCoordinatorRequest_v1
from aiokafka.protocol.transaction import InitProducerIdRequest_v0

from tests.deploy.kafka_rights.attempts import Attempts
from tests.deploy.kafka_rights.manifests import Right

REFUSED = frozenset({29, 30, 31, 53})
"""TOPIC_, GROUP_, CLUSTER_ and TRANSACTIONAL_ID_AUTHORIZATION_FAILED."""
CLUSTER = "kafka-cluster"
_TOPIC, _BROKER = 2, 4
_TIMEOUT = 10_000

Codes = dict[Right, int]


async def tried(connection: Attempts, topics: Iterable[str], groups: Iterable[str], transactions: Iterable[str]) -> Codes:
    """Return Kafka's error code for each operation on each topic, group and transactional id, and on the cluster."""
    topics, groups = sorted(topics), sorted(groups)
    codes: Codes = {}
    for operation, attempt in TOPIC_ATTEMPTS.items():
        codes |= {Right("topic", name, operation): code for name, code in (await attempt(connection, topics)).items()}
    for operation, attempt in GROUP_ATTEMPTS.items():
        codes |= {Right("group", name, operation): code for name, code in (await attempt(connection, groups)).items()}
    for name in transactions:
        codes[Right("transactionalid", name, "WRITE")] = (
            await connection.send(InitProducerIdRequest_v0(name, _TIMEOUT))
        ).error_code
        codes[Right("transactionalid", name, "DESCRIBE")] = (await connection.send(FindCoordinatorRequest_v1(name, 1))).error_code
    for operation, of_cluster in CLUSTER_ATTEMPTS.items():
        codes[Right("cluster", CLUSTER, operation)] = await of_cluster(connection)
    return codes


async def idempotent(connection: Attempts) -> int:
    """Ask for the identity of an idempotent producer and return Kafka's error code."""
    code: int = (await connection.send(InitProducerIdRequest_v0(None, _TIMEOUT))).error_code
    return code


async def _create(connection: Attempts, topics: Sequence[str]) -> dict[str, int]:
    wished: list[tuple[object, ...]] = [(topic, 1, 1, [], []) for topic in topics]
    answer = await connection.send(CreateTopicsRequest_v2(wished, _TIMEOUT, True))
    return {topic: code for topic, code, *_ in answer.topic_errors}


async def _delete(connection: Attempts, topics: Sequence[str]) -> dict[str, int]:
    answer = await connection.send(DeleteTopicsRequest_v1(list(topics), _TIMEOUT))
    return dict(answer.topic_error_codes)


async def _delete_records(connection: Attempts, topics: Sequence[str]) -> dict[str, int]:
    answer = await connection.send(DeleteRecordsRequest_v0([(topic, [(0, 0)]) for topic in topics], _TIMEOUT))
    return {topic: partitions[0][2] for topic, partitions, *_ in answer.topics}


async def _deleted(connection: Attempts, topics: Sequence[str]) -> dict[str, int]:
    """Try both ways to delete; of two answers that which lets more happen counts."""
    records, whole = await _delete_records(connection, topics), await _delete(connection, topics)
    return {topic: whole[topic] if records[topic] in REFUSED else records[topic] for topic in topics}


async def _alter(connection: Attempts, topics: Sequence[str]) -> dict[str, int]:
    wished = [(topic, (100, None)) for topic in topics]
    answer = await connection.send(CreatePartitionsRequest_v0(wished, _TIMEOUT, True))
    return {topic: code for topic, code, *_ in answer.topic_errors}


async def _alter_configs(connection: Attempts, topics: Sequence[str]) -> dict[str, int]:
    wished = [(_TOPIC, topic, [("retention.ms", "1000")]) for topic in topics]
    answer = await connection.send(AlterConfigsRequest_v0(wished, True))
    return {name: code for code, _, _, name in answer.resources}


async def _describe_configs(connection: Attempts, topics: Sequence[str]) -> dict[str, int]:
    answer = await connection.send(DescribeConfigsRequest_v1([(_TOPIC, topic, ["retention.ms"]) for topic in topics], False))
    return {resource[3]: resource[0] for resource in answer.resources}


async def _describe(connection: Attempts, topics: Sequence[str]) -> dict[str, int]:
    return await connection.describe(topics)


async def _offsets(connection: Attempts, groups: Sequence[str]) -> dict[str, int]:
    return {group: (await connection.send(OffsetFetchRequest_v3(group, None))).error_code for group in groups}


async def _delete_groups(connection: Attempts, groups: Sequence[str]) -> dict[str, int]:
    answer = await connection.send(DeleteGroupsRequest_v0(list(groups)))
    return dict(answer.results)


async def _grant(connection: Attempts) -> int:
    """Try to give everybody all rights on one topic."""
    answer = await connection.send(CreateAclsRequest_v1([(_TOPIC, "of.nobody", 3, "User:*", "*", 3, 3)]))
    code: int = answer.creation_responses[0][0]
    return code


async def _list_rights(connection: Attempts) -> int:
    code: int = (await connection.send(DescribeAclsRequest_v1(1, None, 1, None, None, 1, 1))).error_code
    return code


async def _configs_of_cluster(connection: Attempts) -> int:
    answer = await connection.send(AlterConfigsRequest_v0([(_BROKER, "1", [("log.cleaner.threads", "2")])], True))
    code: int = answer.resources[0][0]
    return code


async def _look_at_cluster(connection: Attempts) -> int:
    quotas: int = (await connection.send(DescribeClientQuotasRequest_v0([], False))).error_code
    answer = await connection.send(DescribeConfigsRequest_v1([(_BROKER, "1", ["log.cleaner.threads"])], False))
    code: int = answer.resources[0][0]
    return code if quotas in REFUSED else quotas


OfMany = Callable[[Attempts, Sequence[str]], Awaitable[dict[str, int]]]

TOPIC_ATTEMPTS: dict[str, OfMany] = {
    "DESCRIBE": _describe,
    "READ": Attempts.read,
    "WRITE": Attempts.write,
    "CREATE": _create,
    "DELETE": _deleted,
    "ALTER": _alter,
    "ALTER_CONFIGS": _alter_configs,
    "DESCRIBE_CONFIGS": _describe_configs,
}
GROUP_ATTEMPTS: dict[str, OfMany] = {"READ": Attempts.join, "DESCRIBE": _offsets, "DELETE": _delete_groups}
CLUSTER_ATTEMPTS: dict[str, Callable[[Attempts], Awaitable[int]]] = {
    "ALTER": _grant,
    "DESCRIBE": _list_rights,
    "ALTER_CONFIGS": _configs_of_cluster,
    "DESCRIBE_CONFIGS": _look_at_cluster,
}
