"""Strimzi's KafkaTopic and KafkaUser (kafka.strimzi.io/v1) for the topic registry: exact rights, nothing by pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy.generate.deployments import DEPLOYMENTS, Deployment
from shared.bus.admin import Declared, settings_of
from shared.principals import Grant, Principal, keda, operations, recovery
from shared.topics import DEAD_LETTERS, REPLAYS, TOPICS

Manifest = dict[str, Any]
Acl = dict[str, Any]

API_VERSION = "kafka.strimzi.io/v1"
CLUSTER = "marktplatz"
REPLICAS = 3
TLS = "tls"
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Quotas:
    """Upper bounds per broker, so that one process cannot starve the others: bytes per second, percent of a request thread."""

    produced: int
    consumed: int
    percentage: int

    def manifest(self) -> dict[str, int]:
        """Return the ``quotas`` of a KafkaUser."""
        return {"producerByteRate": self.produced, "consumerByteRate": self.consumed, "requestPercentage": self.percentage}


API_QUOTAS = Quotas(produced=5 * _MIB, consumed=_MIB, percentage=50)
WORKER_QUOTAS = Quotas(produced=10 * _MIB, consumed=20 * _MIB, percentage=100)
TOOL_QUOTAS = Quotas(produced=_MIB, consumed=5 * _MIB, percentage=25)


def topic_manifest(topic: Declared) -> Manifest:
    """Return the KafkaTopic of a declared topic."""
    config = {key: int(value) if value.isdecimal() else value for key, value in settings_of(topic, replicas=REPLICAS).items()}
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaTopic",
        "metadata": metadata(topic.name, component="topic"),
        "spec": {"partitions": topic.partitions, "replicas": REPLICAS, "config": config},
    }


def topic_manifests() -> list[Manifest]:
    """Return the KafkaTopics of the business topics."""
    return [topic_manifest(topic) for topic in TOPICS]


def dead_letter_manifests() -> list[Manifest]:
    """Return the KafkaTopics of the dead letters, and of those that are sent back to their groups."""
    topics: list[Declared] = [*DEAD_LETTERS.values(), *REPLAYS.values()]
    return [topic_manifest(topic) for topic in topics]


def user_manifests() -> list[Manifest]:
    """Return one KafkaUser per process that talks to a broker, and that of KEDA, which only looks at lags."""
    users = [user_manifest(deployment.principal, _quotas_of(deployment)) for deployment in DEPLOYMENTS if deployment.uses_kafka]
    return [*users, user_manifest(keda(), TOOL_QUOTAS)]


def operations_manifests() -> list[Manifest]:
    """Return the KafkaUser for ``marktplatz dlq`` and ``marktplatz topics check``."""
    return [user_manifest(operations(), TOOL_QUOTAS)]


def recovery_manifests() -> list[Manifest]:
    """Return the KafkaUser for ``marktplatz reconcile``, ``topics rebuild --no-create`` and ``drill``."""
    return [user_manifest(recovery(), WORKER_QUOTAS)]


def user_manifest(principal: Principal, quotas: Quotas, *, authentication: str = TLS, **labels: str) -> Manifest:
    """Return the KafkaUser of a principal; ``labels`` without the prefix ``app.kubernetes.io/``."""
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaUser",
        "metadata": metadata(principal.name, **labels),
        "spec": {
            "authentication": {"type": authentication},
            "authorization": {"type": "simple", "acls": [acl(grant) for grant in principal.grants]},
            "quotas": quotas.manifest(),
        },
    }


def acl(grant: Grant) -> Acl:
    """Return a grant as an entry of a KafkaUser's ACLs."""
    resource = {"type": grant.kind.value, "name": grant.name, "patternType": "literal"}
    return {"resource": resource, "operations": [operation.value for operation in grant.operations]}


def metadata(name: str, **labels: str) -> Manifest:
    """Return name and labels of an object for the cluster ``marktplatz``."""
    given = {f"app.kubernetes.io/{key}": value for key, value in labels.items()}
    return {"name": name, "labels": {**given, "app.kubernetes.io/part-of": "efa-marktplatz", "strimzi.io/cluster": CLUSTER}}


def _quotas_of(deployment: Deployment) -> Quotas:
    return WORKER_QUOTAS if deployment.groups else API_QUOTAS
