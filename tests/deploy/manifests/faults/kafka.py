"""Faults of topics and of the cluster."""

from __future__ import annotations

from collections.abc import Callable

from deploy.checks.product.kafka.balance import TEMPLATE
from tests.deploy.manifests.faults import Change, drop, in_, put, without
from tests.deploy.manifests.planting import Documents, Mutation

_CONTROL = ("spec", "cruiseControl")


def _balance(name: str, kind: str, which: str, change: Change) -> Mutation:
    """Return a fault of Cruise Control, planted where it runs."""
    return Mutation(name, in_(kind, which, change), "kafka-balance", "tests/everything")


def _window(cron: str) -> Callable[[Documents], None]:
    return in_("Kafka", "marktplatz", put("spec", "maintenanceTimeWindows", value=[cron]))


FAULTS = (
    Mutation("topic forgotten", without("KafkaTopic", "ordering.order.v1"), "topic-missing"),
    Mutation(
        "a topic that is not applied with the others",
        in_("KafkaTopic", "ordering.order.v1", drop("metadata", "labels", "app.kubernetes.io/component")),
        "topic-alone",
    ),
    Mutation(
        "a process that is applied with the topics",
        in_("Deployment", "catalog-worker", put("metadata", "labels", "app.kubernetes.io/component", value="topic")),
        "topic-alone",
    ),
    Mutation("dead-letter topic forgotten", without("KafkaTopic", "ordering.verdicts.dlq"), "topic-missing"),
    Mutation(
        "topic that nobody declares",
        in_("KafkaTopic", "ordering.order.v1", put("metadata", "name", value="ordering.orders.v1")),
        "topic-unknown",
    ),
    Mutation("fewer partitions", in_("KafkaTopic", "ordering.order.v1", put("spec", "partitions", value=6)), "topic-partitions"),
    Mutation("one copy", in_("KafkaTopic", "ordering.order.v1", put("spec", "replicas", value=1)), "topic-replicas"),
    Mutation(
        "shorter retention",
        in_("KafkaTopic", "ordering.order.v1", put("spec", "config", "retention.ms", value=3600000)),
        "topic-config",
    ),
    Mutation(
        "compaction lost",
        in_("KafkaTopic", "catalog.offering.v1", put("spec", "config", "cleanup.policy", value="delete")),
        "topic-config",
    ),
    Mutation(
        "misspelt topic setting",
        in_("KafkaTopic", "ordering.order.v1", put("spec", "config", "retention.mss", value=1)),
        "topic-config",
    ),
    Mutation(
        "weak acknowledgement",
        in_("KafkaTopic", "ordering.order.v1", put("spec", "config", "min.insync.replicas", value=1)),
        "topic-config",
    ),
    Mutation(
        "topic of another cluster",
        in_("KafkaTopic", "ordering.order.v1", put("metadata", "labels", "strimzi.io/cluster", value="other")),
        "kafka-cluster",
    ),
    Mutation("replay topic forgotten", without("KafkaTopic", "ordering.verdicts.replay"), "topic-missing"),
    Mutation(
        "topics by accident",
        in_("Kafka", "marktplatz", drop("spec", "kafka", "config", "auto.create.topics.enable")),
        "kafka-auto-create",
    ),
    Mutation(
        "commits that end with the letters",
        in_("Kafka", "marktplatz", put("spec", "kafka", "config", "offsets.retention.minutes", value=129600)),
        "kafka-offsets",
    ),
    Mutation("no authorization", in_("Kafka", "marktplatz", drop("spec", "kafka", "authorization")), "kafka-authorization"),
    Mutation(
        "listener for anybody",
        in_("Kafka", "marktplatz", drop("spec", "kafka", "listeners", 0, "authentication")),
        "kafka-listener",
    ),
    Mutation(
        "fewer copies by default",
        in_("Kafka", "marktplatz", put("spec", "kafka", "config", "default.replication.factor", value=1)),
        "kafka-replication",
    ),
    Mutation(
        "disks die with the pool",
        in_("KafkaNodePool", "broker", put("spec", "storage", "volumes", 0, "deleteClaim", value=True)),
        "kafka-delete-claim",
    ),
    Mutation(
        "wrong port of the brokers",
        in_(
            "ConfigMap",
            "platform",
            put("data", "KAFKA_BOOTSTRAP_SERVERS", value="marktplatz-kafka-bootstrap.marktplatz.svc:9092"),
        ),
        "kafka-address",
    ),
    Mutation(
        "Kafka without TLS",
        in_("ConfigMap", "platform", put("data", "KAFKA_SECURITY_PROTOCOL", value="PLAINTEXT")),
        "kafka-address",
    ),
    Mutation("alerts on brokers that nothing watches", without("PodMonitor", "kafka"), "monitor-kafka"),
    Mutation(
        "monitor in another namespace than the brokers",
        in_("PodMonitor", "kafka", put("metadata", "namespace", value="marktplatz-kafka")),
        "monitor-nobody",
    ),
    Mutation("brokers rolled at any hour", in_("Kafka", "marktplatz", drop("spec", "maintenanceTimeWindows")), "kafka-window"),
    Mutation("brokers rolled at any hour, said so", _window("* * * ? * *"), "kafka-window"),
    Mutation("window of a second", _window("0 0 2 ? * *"), "kafka-window"),
    Mutation("window as Unix writes it", _window("0 2 * * *"), "kafka-window"),
    Mutation("window by two days at once", _window("* * 0-1 * * *"), "kafka-window"),
    _balance("brokers that come stay empty", "Kafka", "marktplatz", drop(*_CONTROL, "autoRebalance", 0)),
    _balance(
        "balance by a pattern that is none",
        "Kafka",
        "marktplatz",
        put(*_CONTROL, "autoRebalance", 0, "template", "name", value="a"),
    ),
    _balance("Cruise Control of any size", "Kafka", "marktplatz", drop(*_CONTROL, "resources", "limits")),
    _balance("rebalance without Cruise Control", "Kafka", "marktplatz", drop(*_CONTROL)),
    _balance("pattern that moves at once", "KafkaRebalance", "marktplatz-rebalance", drop("metadata", "annotations", TEMPLATE)),
    _balance("pattern with a mode", "KafkaRebalance", "marktplatz-rebalance", put("spec", "mode", value="full")),
    _balance("Cruise Control over one broker", "KafkaNodePool", "broker", put("spec", "replicas", value=1)),
    Mutation(
        "Cruise Control larger than the quota",
        in_("Kafka", "marktplatz", put(*_CONTROL, "resources", "limits", "memory", value="64Gi")),
        "size-quota",
        "tests/everything",
    ),
)
