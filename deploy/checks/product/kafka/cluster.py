"""The Kafka cluster that an overlay brings, and the address under which processes look for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from deploy.checks.generic.environment import plain_values
from deploy.checks.generic.objects import (
    Document,
    Finding,
    Objects,
    items,
    mapping,
    name_of,
    namespace_of,
    number,
    text,
    texts,
    where,
)
from deploy.checks.product.kafka.users import clients_of
from shared.topics import DEAD_LETTERS

REPLICAS = 3
IN_SYNC = 2
INSIDE, OUTSIDE = ("tls",), ("tls", "scram-sha-512")
"""How clients may log in: processes of ours show certificates, who is outside may have a password instead."""
CLUSTER_LABEL = "strimzi.io/cluster"
_FACTORS = ("default.replication.factor", "offsets.topic.replication.factor", "transaction.state.log.replication.factor")
_IN_SYNC = ("min.insync.replicas", "transaction.state.log.min.isr")


def check_cluster(objects: Objects) -> Iterator[Finding]:
    """Check clusters, node pools and addresses; codes begin with ``kafka-``."""
    for kafka in objects.of("Kafka"):
        yield from _settings(objects, kafka)
        yield from _addresses(objects, kafka)
    for document in objects.of("Kafka", "KafkaNodePool"):
        volumes = [mapping(document, "spec", "storage"), *items(document, "spec", "storage", "volumes")]
        if any(volume.get("deleteClaim") for volume in volumes):
            yield Finding("kafka-delete-claim", where(document), "deleteClaim must be false: the data must outlive the resource")
    yield from _labels(objects)


def replicas_of(objects: Objects) -> int:
    """Return the replication factor that fits the overlay: three, unless it brings a smaller cluster of its own."""
    return min([REPLICAS, *(_brokers(objects, kafka) for kafka in objects.of("Kafka"))])


def _settings(objects: Objects, kafka: Document) -> Iterator[Finding]:
    brokers = _brokers(objects, kafka)
    config = mapping(kafka, "spec", "kafka", "config")
    if str(config.get("auto.create.topics.enable")).lower() != "false":
        yield Finding("kafka-auto-create", where(kafka), 'auto.create.topics.enable must be "false"')
    if text(kafka, "spec", "kafka", "authorization", "type") != "simple":
        yield Finding("kafka-authorization", where(kafka), "authorization must be simple: without it no ACL counts")
    for listener in items(kafka, "spec", "kafka", "listeners"):
        name = text(listener, "name")
        kinds = INSIDE if text(listener, "type") == "internal" else OUTSIDE
        if listener.get("tls") is not True or text(listener, "authentication", "type") not in kinds:
            message = f"the listener '{name}' must have tls and ask who is there (authentication {' or '.join(kinds)})"
            yield Finding("kafka-listener", where(kafka), message)
        if not items(listener, "networkPolicyPeers"):
            yield Finding(
                "kafka-listener", where(kafka), f"the listener '{name}' names no peers, so Strimzi opens it to everybody"
            )
    expected = {key: min(REPLICAS, brokers) for key in _FACTORS} | {key: min(IN_SYNC, brokers) for key in _IN_SYNC}
    for key, value in expected.items():
        if config.get(key) != value:
            yield Finding("kafka-replication", where(kafka), f"{key} must be {value} with {brokers} brokers")
    retention = timedelta(minutes=number(config, "offsets.retention.minutes") or 0)
    longest = max(topic.retention for topic in DEAD_LETTERS.values())
    if retention <= longest:
        message = f"offsets.retention.minutes must be more than {longest.days} days: a group that stood still would begin again"
        yield Finding("kafka-offsets", where(kafka), message)


def _addresses(objects: Objects, kafka: Document) -> Iterator[Finding]:
    """Compare where processes look for Kafka with where the overlay's own cluster listens."""
    name, namespace = f"{name_of(kafka)}-kafka-bootstrap", namespace_of(kafka)
    listeners = [it for it in items(kafka, "spec", "kafka", "listeners") if text(it, "type") == "internal"]
    ports = {str(number(it, "port")) for it in listeners if it.get("tls") is True}
    for workload, _ in clients_of(objects):
        hosts = {f"{name}.{namespace}", f"{name}.{namespace}.svc", f"{name}.{namespace}.svc.cluster.local"}
        hosts |= {name} if workload.namespace == namespace else set()
        for container in workload.containers:
            given = plain_values(objects, workload.namespace, container)
            for server in given.get("KAFKA_BOOTSTRAP_SERVERS", "").split(","):
                host, _, port = server.partition(":")
                if host not in hosts or port not in ports:
                    message = f"KAFKA_BOOTSTRAP_SERVERS is '{server}', but Kafka is {name}.{namespace}.svc:{', '.join(ports)}"
                    yield Finding("kafka-address", workload.where, message)
            if given.get("KAFKA_SECURITY_PROTOCOL") != "SSL":
                yield Finding(
                    "kafka-address", workload.where, "KAFKA_SECURITY_PROTOCOL must be SSL: the listener asks for certificates"
                )


def _labels(objects: Objects) -> Iterator[Finding]:
    clusters = {(namespace_of(it), name_of(it)) for it in objects.of("Kafka")}
    for document in objects.of("KafkaTopic", "KafkaUser", "KafkaNodePool", "KafkaRebalance") if clusters else ():
        if (namespace_of(document), text(document, "metadata", "labels", CLUSTER_LABEL)) not in clusters:
            message = f"{CLUSTER_LABEL} names no Kafka cluster of this namespace: the operator would not see it"
            yield Finding("kafka-cluster", where(document), message)


def _brokers(objects: Objects, kafka: Document) -> int:
    pools = [it for it in objects.of("KafkaNodePool") if text(it, "metadata", "labels", CLUSTER_LABEL) == name_of(kafka)]
    return sum(number(pool, "spec", "replicas") or 0 for pool in pools if "broker" in texts(pool, "spec", "roles"))
