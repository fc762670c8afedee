"""Faults of scalers: targets, bounds, lags, and what KEDA reads and warns of."""

from __future__ import annotations

from deploy.checks.generic.objects import Document
from tests.deploy.manifests.faults import container, drop, get, in_, put, without
from tests.deploy.manifests.planting import Documents, Mutation

_SECRET = {"name": "NOTIFY_SMTP_USERNAME", "valueFrom": {"secretKeyRef": {"name": "notify-smtp", "key": "username"}}}


def _second_scaler(documents: Documents) -> None:
    documents.append(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "ordering-worker", "namespace": "marktplatz"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ordering-worker"},
                "minReplicas": 2,
                "maxReplicas": 4,
            },
        }
    )


def _by_variable(scaled: Document) -> None:
    for trigger in scaled["spec"]["triggers"]:
        del trigger["metadata"]["bootstrapServers"]
        trigger["metadata"]["bootstrapServersFromEnv"] = "KAFKA_BOOTSTRAP_SERVERS"


def _elsewhere(documents: Documents) -> None:
    settings = get(documents, "ConfigMap", "platform")["data"]
    settings["KAFKA_BOOTSTRAP_SERVERS"] = "marktplatz-kafka-bootstrap.elsewhere.svc:9093"


def _bare(scaled: Document) -> None:
    scaled["spec"]["triggers"][0]["metadata"]["bootstrapServers"] = "marktplatz-kafka-bootstrap:9093"


def _another_container(documents: Documents) -> None:
    """KEDA looks into the named container, not into the first one."""
    spec = get(documents, "Deployment", "ordering-worker")["spec"]["template"]["spec"]
    spec["containers"].append({**spec["containers"][0], "name": "other", "envFrom": [{"secretRef": {"name": "ordering-store"}}]})
    get(documents, "ScaledObject", "ordering-worker")["spec"]["scaleTargetRef"]["envSourceContainerName"] = "other"


FAULTS = (
    Mutation(
        "replicas where KEDA scales", in_("Deployment", "ordering-worker", put("spec", "replicas", value=2)), "scale-replicas"
    ),
    Mutation("neither replicas nor scaler", without("ScaledObject", "catalog-worker"), "scale-replicas"),
    Mutation("two scalers", _second_scaler, "scale-twice"),
    Mutation(
        "scales nobody",
        in_("ScaledObject", "ordering-worker", put("spec", "scaleTargetRef", "name", value="ordering")),
        "scale-target",
    ),
    Mutation(
        "more replicas than partitions",
        in_("ScaledObject", "ordering-worker", put("spec", "maxReplicaCount", value=13)),
        "scale-partitions",
    ),
    Mutation(
        "scales to nothing", in_("ScaledObject", "ordering-worker", put("spec", "minReplicaCount", value=0)), "scale-minimum"
    ),
    Mutation(
        "lag of another group",
        in_("ScaledObject", "ordering-worker", put("spec", "triggers", 0, "metadata", "consumerGroup", value="notify.dispatch")),
        "scale-trigger",
    ),
    Mutation("lag of a topic forgotten", in_("ScaledObject", "ordering-worker", drop("spec", "triggers", 0)), "scale-trigger"),
    Mutation(
        "lag of what is sent back forgotten",
        in_("ScaledObject", "ordering-worker", drop("spec", "triggers", -1)),
        "scale-trigger",
    ),
    Mutation(
        "lag counted from the end",
        in_("ScaledObject", "ordering-worker", put("spec", "triggers", 0, "metadata", "offsetResetPolicy", value="latest")),
        "scale-trigger",
    ),
    Mutation("address that KEDA cannot resolve", in_("ScaledObject", "ordering-worker", _bare), "scale-address"),
    Mutation("KEDA looks at another cluster than the processes", _elsewhere, "scale-address"),
    Mutation("address from the container's environment", in_("ScaledObject", "notify-worker", _by_variable), "scale-address"),
    Mutation("KEDA reads a password", container("notify-worker", lambda it: it["env"].append(_SECRET)), "scale-secret"),
    Mutation(
        "KEDA reads all of a secret",
        container("contracts-fitko", lambda it: it["envFrom"].append({"secretRef": {"name": "contracts-store"}})),
        "scale-secret",
    ),
    Mutation("KEDA reads the secrets of another container", _another_container, "scale-secret"),
    Mutation(
        "polling that never counts",
        in_("ScaledObject", "notify-worker", put("spec", "pollingInterval", value=15)),
        "scale-needless",
    ),
    Mutation(
        "cooling down that never counts",
        in_("ScaledObject", "contracts-fitko", put("spec", "cooldownPeriod", value=300)),
        "scale-needless",
    ),
)
