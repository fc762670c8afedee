"""Does with KafkaTopics and KafkaUsers on one broker what Strimzi's operators would: topics, ACLs and quotas exactly as written."""

from __future__ import annotations

from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest_v1
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from deploy.checks.generic.objects import Document, mapping, name_of, number
from shared.bus.settings import KafkaSettings
from tests.deploy.kafka_rights.manifests import Right, User

KINDS = {"topic": 2, "group": 3, "cluster": 4}
OPERATIONS = {
    "READ": 3,
    "WRITE": 4,
    "CREATE": 5,
    "DELETE": 6,
    "ALTER": 7,
    "DESCRIBE": 8,
    "DESCRIBE_CONFIGS": 10,
    "ALTER_CONFIGS": 11,
    "IDEMPOTENT_WRITE": 12,
}
QUOTAS = {
    "producerByteRate": "producer_byte_rate",
    "consumerByteRate": "consumer_byte_rate",
    "requestPercentage": "request_percentage",
    "controllerMutationRate": "controller_mutation_rate",
}
_LITERAL = 3
_ALLOW = 3
_ENTITY = ("entity", Array(("type", String("utf-8")), ("name", String("utf-8"))))


class _QuotasAltered(Response):  # type: ignore[misc] # aiokafka is untyped
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(("throttle_time_ms", Int32), ("entries", Array(("code", Int16), ("message", String("utf-8")), _ENTITY)))


class _AlterQuotas(RequestStruct):  # type: ignore[misc] # aiokafka is untyped
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _QuotasAltered
    SCHEMA = Schema(
        ("entries", Array(_ENTITY, ("values", Array(("name", String("utf-8")), ("value", Float64), ("remove", Boolean))))),
        ("validate_only", Boolean),
    )


class Built(Request[RequestStruct]):  # type: ignore[misc] # aiokafka is untyped
    """A request that is already in the layout of one version."""

    API_KEY = -1
    ALLOW_UNKNOWN_API_VERSION = True

    def __init__(self, built: RequestStruct) -> None:
        self._built = built

    def build(self, request_struct_class: type[RequestStruct]) -> RequestStruct:  # noqa: ARG002 - built before
        """Return it."""
        return self._built


async def create_users(admin: KafkaSettings, users: Iterable[User]) -> None:
    """Create ACLs and quotas. Raises AssertionError if the broker refuses one of them."""
    users = tuple(users)
    client = AIOKafkaClient(**admin.connection())
    await client.bootstrap()
    try:
        (node,) = {broker.nodeId for broker in client.cluster.brokers()}
        acls = [_acl(user, right) for user in users for right in sorted(user.granted)]
        answer = await client.send(node, Built(CreateAclsRequest_v1(acls)))
        assert all(code == 0 for code, _ in answer.creation_responses), answer
        quotas = [
            ([("user", user.principal)], [(QUOTAS[name], value, False) for name, value in user.quotas.items()]) for user in users
        ]
        answer = await client.send(node, Built(_AlterQuotas(quotas, False)))
        assert all(code == 0 for code, *_ in answer.entries), answer
    finally:
        await client.close()


async def create_topics(admin: KafkaSettings, topics: Iterable[Document]) -> None:
    """Create topics with one replica each. Raises AssertionError if the broker refuses one of them."""
    client = AIOKafkaAdminClient(**admin.connection())
    await client.start()
    try:
        declared = [_topic(document) for document in topics]
        answer = await client.create_topics(declared)
        assert all(code == 0 for _, code, *_ in answer.topic_errors), answer
    finally:
        await client.close()


def _topic(document: Document) -> NewTopic:
    configs = {name: str(value) for name, value in mapping(document, "spec", "config").items()}
    return NewTopic(name_of(document), number(document, "spec", "partitions"), 1, topic_configs=configs)


def _acl(user: User, right: Right) -> tuple[int, str, int, str, str, int, int]:
    return KINDS[right.kind], right.name, _LITERAL, f"User:{user.principal}", "*", OPERATIONS[right.operation], _ALLOW
