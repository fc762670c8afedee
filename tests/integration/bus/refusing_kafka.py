"""A broker that heeds ACLs without certificates: who is let do nothing by one is refused, everything else is open to everybody."""

from __future__ import annotations

from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1
from aiokafka.protocol.api import RequestStruct

from marktplatz.infrastructure.kafka_native import NativeKafka
from shared.bus.settings import KafkaSettings
from tests.deploy.kafka_rights.strimzi import KINDS, OPERATIONS, Built

_LITERAL = 3
_ALLOW = 3
_ANY = 1
_EVERYBODY = "User:ANONYMOUS"


class RefusingKafka(NativeKafka):
    """Context manager that gives its address."""

    def configure(self) -> list[str]:
        """Return the command, with an authorizer."""
        command = super().configure()
        with (self.data_dir / "server.properties").open("a", encoding="utf-8") as file:
            file.write("authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n")
            file.write("allow.everyone.if.no.acl.found=true\n")
        return command


async def allow_only(settings: KafkaSettings, topic: str, *operations: str) -> None:
    """Let everybody do with a topic what is named, and nothing else."""
    acls = [(KINDS["topic"], topic, _LITERAL, _EVERYBODY, "*", OPERATIONS[name], _ALLOW) for name in operations]
    answer = await _asked(settings, CreateAclsRequest_v1(acls))
    assert all(code == 0 for code, _ in answer.creation_responses), answer


async def allow_all(settings: KafkaSettings, topic: str) -> None:
    """Take the ACLs of a topic away again."""
    answer = await _asked(settings, DeleteAclsRequest_v1([(KINDS["topic"], topic, _LITERAL, None, None, _ANY, _ANY)]))
    assert all(code == 0 and found for code, _, found in answer.filter_responses), answer


async def _asked(settings: KafkaSettings, request: RequestStruct) -> Any:
    client = AIOKafkaClient(**settings.connection())
    await client.bootstrap()
    try:
        (node,) = {broker.nodeId for broker in client.cluster.brokers()}
        return await client.send(node, Built(request))
    finally:
        await client.close()
