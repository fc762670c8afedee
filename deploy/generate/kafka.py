"""Strimzi's KafkaTopic and KafkaUser (kafka.strimzi.io/v1) for the topic registry: exact rights, nothing by pattern."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deploy.generate.deployments import DEPLOYMENTS, Deployment
from shared.bus.admin import Declared, settings_of
from shared.topics import DEAD_LETTERS, REPLAYS, TOPICS, read_by

Manifest = dict[str, Any]
Acl = dict[str, Any]

API_VERSION = "kafka.strimzi.io/v1"
CLUSTER = "marktplatz"
REPLICAS = 3
KEDA_USER = "keda"
OPERATIONS_USER = "operations"
RECOVERY_USER = "recovery"
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
        "metadata": _metadata(topic.name, component="topic"),
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
    users = [
        _user(deployment.name, deployment_acls(deployment), _quotas_of(deployment))
        for deployment in DEPLOYMENTS
        if deployment.uses_kafka
    ]
    return [*users, _user(KEDA_USER, keda_acls(), TOOL_QUOTAS)]


def operations_manifests() -> list[Manifest]:
    """Return the KafkaUser for ``marktplatz dlq`` and ``marktplatz topics check``."""
    return [_user(OPERATIONS_USER, operations_acls(), TOOL_QUOTAS)]


def recovery_manifests() -> list[Manifest]:
    """Return the KafkaUser for ``marktplatz reconcile``, ``topics rebuild --no-create`` and ``drill``."""
    return [_user(RECOVERY_USER, recovery_acls(), WORKER_QUOTAS)]


def deployment_acls(deployment: Deployment) -> list[Acl]:
    """Return a process's rights: write what it publishes and buries, read what it consumes, and its groups.

    The right to write also covers the idempotent producer (KIP-679); the right to read a group covers its commits.
    """
    written = {topic.name for topic in deployment.writes} | {topic.name for topic in deployment.dead_letters}
    read = {topic.name for topic in deployment.reads} | {REPLAYS[group].name for group in deployment.groups}
    return [
        *(_topic(name, "Describe", "Write") for name in sorted(written)),
        *(_topic(name, "Describe", "Read") for name in sorted(read)),
        *(_group(name, "Read") for name in deployment.groups),
    ]


def keda_acls() -> list[Acl]:
    """Return the rights to see the lag of every group: ends of the topics, commits of the groups."""
    topics = sorted({topic.name for group in DEAD_LETTERS for topic in read_by(group)})
    return [*(_topic(name, "Describe") for name in topics), *(_group(name, "Describe") for name in sorted(DEAD_LETTERS))]


def operations_acls() -> list[Acl]:
    """Return the rights to compare all topics with the registry, read dead letters and send them back to their groups."""
    return [
        *(_topic(topic.name, "Describe", "DescribeConfigs") for topic in TOPICS),
        *(_topic(topic.name, "Describe", "DescribeConfigs", "Read") for topic in DEAD_LETTERS.values()),
        *(_topic(topic.name, "Describe", "DescribeConfigs", "Write") for topic in REPLAYS.values()),
        *(_group(f"{topic.name}.replay", "Read") for topic in DEAD_LETTERS.values()),
    ]


def recovery_acls() -> list[Acl]:
    """Return the rights to read all topics through and republish on them, and to see and rewind groups.

    A drill works as every group does, so it buries what it cannot process; nobody reads dead letters here, they are counted.
    Topics belong to Strimzi: there is no right to create, alter or delete one.
    """
    return [
        *(_topic(topic.name, "Describe", "Read", "Write") for topic in TOPICS),
        *(_topic(topic.name, "Describe", "Write") for topic in DEAD_LETTERS.values()),
        *(_topic(topic.name, "Describe", "Read") for topic in REPLAYS.values()),
        *(_group(name, "Read") for name in DEAD_LETTERS),
    ]


def _user(name: str, acls: Iterable[Acl], quotas: Quotas) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaUser",
        "metadata": _metadata(name),
        "spec": {
            "authentication": {"type": "tls"},
            "authorization": {"type": "simple", "acls": list(acls)},
            "quotas": quotas.manifest(),
        },
    }


def _quotas_of(deployment: Deployment) -> Quotas:
    return WORKER_QUOTAS if deployment.groups else API_QUOTAS


def _metadata(name: str, **labels: str) -> Manifest:
    given = {f"app.kubernetes.io/{key}": value for key, value in labels.items()}
    return {"name": name, "labels": {**given, "app.kubernetes.io/part-of": "efa-marktplatz", "strimzi.io/cluster": CLUSTER}}


def _topic(name: str, *operations: str) -> Acl:
    return {"resource": {"type": "topic", "name": name, "patternType": "literal"}, "operations": list(operations)}


def _group(name: str, *operations: str) -> Acl:
    return {"resource": {"type": "group", "name": name, "patternType": "literal"}, "operations": list(operations)}
