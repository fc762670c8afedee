"""Faults of topics, users, rights and the cluster."""

from __future__ import annotations

from collections.abc import Callable

from deploy.checks.generic.objects import Document
from deploy.checks.product.kafka.balance import TEMPLATE
from tests.deploy.manifests.faults import Change, drop, in_, pod, put, with_, without
from tests.deploy.manifests.planting import Documents, Mutation

_ACLS = ("spec", "authorization", "acls")


def _right(kind: str, name: str, *operations: str) -> Change:
    """Return a change that gives a right."""
    return lambda user: user["spec"]["authorization"]["acls"].append(
        {"resource": {"type": kind, "name": name, "patternType": "literal"}, "operations": list(operations)}
    )


def _no_right(kind: str, name: str) -> Change:
    """Return a change that takes all rights on a resource."""

    def change(user: Document) -> None:
        acls = user["spec"]["authorization"]["acls"]
        user["spec"]["authorization"]["acls"] = [
            it for it in acls if (it["resource"]["type"], it["resource"].get("name")) != (kind, name)
        ]

    return change


def _no_operation(kind: str, name: str, operation: str) -> Change:
    """Return a change that takes one right on a resource."""

    def change(user: Document) -> None:
        for acl in user["spec"]["authorization"]["acls"]:
            if (acl["resource"]["type"], acl["resource"].get("name")) == (kind, name):
                acl["operations"].remove(operation)

    return change


def _user(name: str, operation: str = "", kind: str = "topic") -> Document:
    """Return a user as Strimzi knows it, with one right at most."""
    acls = [{"resource": {"type": kind}, "operations": [operation]}] if operation else []
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {"name": name, "namespace": "marktplatz", "labels": {"strimzi.io/cluster": "marktplatz"}},
        "spec": {
            "authentication": {"type": "tls"},
            "authorization": {"type": "simple", "acls": acls},
            "quotas": {"requestPercentage": 5},
        },
    }


_CONTROL = ("spec", "cruiseControl")


def _balance(name: str, kind: str, which: str, change: Change) -> Mutation:
    """Return a fault of Cruise Control, planted where it runs."""
    return Mutation(name, in_(kind, which, change), "kafka-balance", "tests/everything")


def _window(cron: str) -> Callable[[Documents], None]:
    return in_("Kafka", "marktplatz", put("spec", "maintenanceTimeWindows", value=[cron]))


def _with_secret(name: str, key: str) -> Change:
    """Return a change that mounts one file of a secret."""

    def change(spec: Document) -> None:
        spec["volumes"].append({"name": "kafka", "secret": {"secretName": name, "items": [{"key": key, "path": key}]}})
        spec["containers"][0]["volumeMounts"].append({"name": "kafka", "mountPath": "/etc/marktplatz/kafka", "readOnly": True})

    return change


def _as(name: str) -> Change:
    """Return a change that mounts the certificate of another user."""

    def change(spec: Document) -> None:
        next(it for it in spec["volumes"] if it["name"] == "kafka-user")["secret"]["secretName"] = name

    return change


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
    Mutation(
        "right to read missing", in_("KafkaUser", "ordering-worker", _no_right("topic", "eligibility.verdict.v1")), "acl-missing"
    ),
    Mutation(
        "right to a group missing", in_("KafkaUser", "ordering-worker", _no_right("group", "ordering.verdicts")), "acl-missing"
    ),
    Mutation(
        "right to bury missing", in_("KafkaUser", "ordering-worker", _no_right("topic", "ordering.verdicts.dlq")), "acl-missing"
    ),
    Mutation("replay topic forgotten", without("KafkaTopic", "ordering.verdicts.replay"), "topic-missing"),
    Mutation(
        "right to what is sent back missing",
        in_("KafkaUser", "ordering-worker", _no_right("topic", "ordering.verdicts.replay")),
        "acl-missing",
    ),
    Mutation(
        "operators may write a public topic",
        in_("KafkaUser", "operations", _right("topic", "ordering.order.v1", "Write")),
        "acl-unused",
    ),
    Mutation("user of a process that only reads", with_(_user("contracts-api", "IdempotentWrite", "cluster")), "user-unused"),
    Mutation("user without rights for nobody", with_(_user("contracts-api")), "user-unused"),
    Mutation(
        "certificate for a process that only reads",
        pod("contracts-api", _with_secret("contracts-api", "user.crt")),
        "user-needless",
    ),
    Mutation(
        "authority of the brokers for a process that only reads",
        pod("contracts-api", _with_secret("marktplatz-cluster-ca-cert", "ca.crt")),
        "user-needless",
    ),
    Mutation(
        "certificate for the nightly backup",
        pod("recovery-backup", _with_secret("recovery", "user.crt"), "CronJob"),
        "user-needless",
    ),
    Mutation(
        "recovery cannot read a topic", in_("KafkaUser", "recovery", _no_right("topic", "ordering.order.v1")), "acl-missing"
    ),
    Mutation(
        "recovery cannot republish",
        in_("KafkaUser", "recovery", _no_operation("topic", "catalog.offering.v1", "Write")),
        "acl-missing",
    ),
    Mutation(
        "recovery cannot take a group back", in_("KafkaUser", "recovery", _no_right("group", "notify.dispatch")), "acl-missing"
    ),
    Mutation(
        "recovery does not count dead letters",
        in_("KafkaUser", "recovery", _no_right("topic", "ordering.verdicts.dlq")),
        "acl-missing",
    ),
    Mutation(
        "a drill cannot bury",
        in_("KafkaUser", "recovery", _no_operation("topic", "ordering.verdicts.dlq", "Write")),
        "acl-missing",
    ),
    Mutation("recovery may delete", in_("KafkaUser", "recovery", _right("topic", "ordering.order.v1", "Delete")), "acl-unused"),
    Mutation(
        "recovery may alter", in_("KafkaUser", "recovery", _right("topic", "ordering.order.v1", "AlterConfigs")), "acl-unused"
    ),
    Mutation(
        "recovery may read dead letters",
        in_("KafkaUser", "recovery", _right("topic", "ordering.verdicts.dlq", "Read")),
        "acl-unused",
    ),
    Mutation("recovery without an identity", without("KafkaUser", "recovery"), "user-missing"),
    Mutation("recovery as the operators' tool", pod("recovery", _as("operations"), "CronJob"), "user-shared"),
    Mutation(
        "right to the other channel",
        in_("KafkaUser", "contracts-fitko", _right("topic", "contracts.govdigital.request.v1", "Read")),
        "acl-unused",
    ),
    Mutation(
        "right to create", in_("KafkaUser", "ordering-worker", _right("topic", "ordering.order.v1", "Create")), "acl-unused"
    ),
    Mutation("KEDA may read", in_("KafkaUser", "keda", _right("topic", "ordering.order.v1", "Read")), "acl-unused"),
    Mutation("KEDA does not see a group", in_("KafkaUser", "keda", _no_right("group", "notify.dispatch")), "acl-missing"),
    Mutation("right given twice", in_("KafkaUser", "ordering-worker", _right("group", "ordering.verdicts", "Read")), "acl-twice"),
    Mutation("right denied", in_("KafkaUser", "ordering-worker", put(*_ACLS, 0, "type", value="deny")), "acl-deny"),
    Mutation(
        "rights by prefix",
        in_("KafkaUser", "ordering-worker", put(*_ACLS, 0, "resource", "patternType", value="prefix")),
        "acl-pattern",
    ),
    Mutation("all operations", in_("KafkaUser", "ordering-worker", put(*_ACLS, 0, "operations", value=["All"])), "acl-pattern"),
    Mutation("identity of another process", pod("contracts-fitko", _as("contracts-govdigital")), "user-shared"),
    Mutation("user forgotten", without("KafkaUser", "notify-worker"), "user-missing"),
    Mutation(
        "process without an identity",
        pod("notify-worker", lambda it: it["volumes"].remove(next(v for v in it["volumes"] if v["name"] == "kafka-user"))),
        "user-missing",
    ),
    Mutation(
        "user that nobody is",
        with_(
            {
                "apiVersion": "kafka.strimzi.io/v1",
                "kind": "KafkaUser",
                "metadata": {"name": "old", "namespace": "marktplatz", "labels": {"strimzi.io/cluster": "marktplatz"}},
                "spec": {
                    "authentication": {"type": "tls"},
                    "authorization": {
                        "type": "simple",
                        "acls": [{"resource": {"type": "topic", "name": "ordering.order.v1"}, "operations": ["Read"]}],
                    },
                    "quotas": {"requestPercentage": 5},
                },
            }
        ),
        "user-unused",
    ),
    Mutation(
        "password instead of certificate",
        in_("KafkaUser", "notify-worker", put("spec", "authentication", "type", value="scram-sha-512")),
        "user-authentication",
    ),
    Mutation("no quotas", in_("KafkaUser", "notify-worker", drop("spec", "quotas")), "user-quota"),
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
