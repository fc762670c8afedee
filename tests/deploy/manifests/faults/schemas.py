"""Faults of shape: fields, types, kinds, rules of custom resources, parameters of scalers."""

from __future__ import annotations

from tests.deploy.manifests.faults import container, drop, get, in_, put, with_
from tests.deploy.manifests.planting import Documents, Mutation


def _misspelt_probe(documents: Documents) -> None:
    found = get(documents, "Deployment", "catalog-api")["spec"]["template"]["spec"]["containers"][0]
    found["livenesProbe"] = found.pop("livenessProbe")


_TRIGGER = ("spec", "triggers", 0, "metadata")

FAULTS = (
    Mutation("misspelt container field", _misspelt_probe, "core-schema"),
    Mutation("boolean as text", container("catalog-api", put("tty", value="true")), "core-schema"),
    Mutation("port out of type", container("catalog-api", put("ports", 0, "containerPort", value="8080")), "core-schema"),
    Mutation(
        "protocol that does not exist",
        in_("NetworkPolicy", "catalog-api", put("spec", "egress", 0, "ports", 0, "protocol", value="TPC")),
        "word",
    ),
    Mutation("removed API version", in_("CronJob", "operations", put("apiVersion", value="batch/v1beta1")), "unknown-kind"),
    Mutation(
        "group of somebody else", in_("Deployment", "catalog-api", put("apiVersion", value="apps.example.org/v1")), "unknown-kind"
    ),
    Mutation(
        "misspelt kind", in_("PodDisruptionBudget", "catalog-api", put("kind", value="PodDisruptionBugdet")), "unknown-kind"
    ),
    Mutation(
        "old version of Strimzi",
        in_("KafkaTopic", "ordering.order.v1", put("apiVersion", value="kafka.strimzi.io/v1beta2")),
        "unknown-kind",
    ),
    Mutation("partitions as text", in_("KafkaTopic", "ordering.order.v1", put("spec", "partitions", value="12")), "crd-schema"),
    Mutation(
        "unknown operation in an ACL",
        in_("KafkaUser", "ordering-api", put("spec", "authorization", "acls", 0, "operations", 0, value="Reed")),
        "crd-schema",
    ),
    Mutation(
        "singular operation of old Strimzi",
        in_("KafkaUser", "ordering-api", put("spec", "authorization", "acls", 0, "operation", value="Read")),
        "crd-schema",
    ),
    Mutation("leftover ZooKeeper", in_("Kafka", "marktplatz", put("spec", "zookeeper", value={"replicas": 3})), "crd-schema"),
    Mutation(
        "misspelt field of a ServiceMonitor",
        in_("ServiceMonitor", "marktplatz", put("spec", "endpoints", 0, "intervall", value="30s")),
        "crd-schema",
    ),
    Mutation(
        "interval that is none",
        in_("ServiceMonitor", "marktplatz", put("spec", "endpoints", 0, "interval", value="half a minute")),
        "crd-schema",
    ),
    Mutation(
        "secret without its store", in_("ExternalSecret", "catalog-store", put("spec", "secretStoreReff", value={})), "crd-schema"
    ),
    Mutation(
        "validity without renewal (CEL)",
        in_("KafkaUser", "ordering-api", put("spec", "authentication", "validityDays", value=90)),
        "crd-rule",
    ),
    Mutation(
        "least above most (CEL)", in_("ScaledObject", "ordering-worker", put("spec", "minReplicaCount", value=9)), "crd-rule"
    ),
    Mutation(
        "scaler that KEDA has not",
        in_("ScaledObject", "ordering-worker", put("spec", "triggers", 0, "type", value="kafak")),
        "keda-type",
    ),
    Mutation(
        "misspelt trigger parameter",
        in_("ScaledObject", "ordering-worker", put(*_TRIGGER, "lagTreshold", value="100")),
        "keda-metadata",
    ),
    Mutation(
        "number where KEDA wants text",
        in_("ScaledObject", "ordering-worker", put(*_TRIGGER, "lagThreshold", value=100)),
        "crd-schema",
    ),
    Mutation(
        "value that KEDA does not allow",
        in_("ScaledObject", "ordering-worker", put(*_TRIGGER, "offsetResetPolicy", value="erliest")),
        "keda-metadata",
    ),
    Mutation(
        "trigger without its group", in_("ScaledObject", "ordering-worker", drop(*_TRIGGER, "consumerGroup")), "keda-metadata"
    ),
    Mutation(
        "trigger with a missing authentication",
        in_("ScaledObject", "ordering-worker", put("spec", "triggers", 0, "authenticationRef", "name", value="kafka-lags")),
        "keda-auth",
    ),
    Mutation(
        "parameter that no scaler takes",
        in_("TriggerAuthentication", "kafka-lag", put("spec", "secretTargetRef", 0, "parameter", value="caa")),
        "keda-auth",
    ),
    Mutation(
        "kind that nobody defines",
        with_({"apiVersion": "example.org/v1", "kind": "Gadget", "metadata": {"name": "a", "namespace": "marktplatz"}}),
        "unknown-kind",
    ),
)
