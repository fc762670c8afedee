"""KEDA's ScaledObjects (keda.sh/v1alpha1): every consuming process grows with the lag of its groups, as far as partitions go."""

from __future__ import annotations

from typing import Any

from deploy.generate.deployments import DEPLOYMENTS, Deployment
from shared.principals import SCALED
from shared.topics import read_by

Manifest = dict[str, Any]

AUTHENTICATION = "kafka-lag"
SMALLEST = 2
"""Two replicas survive the loss of a node."""
LARGEST = 6
BATCH_RECORDS = 500
BOOTSTRAP_SERVERS = "of-the-config-map-platform"
CONTRACT_RECORDS = 100
"""A contract is awaited by people: processors grow earlier."""


def scaled_object(deployment: Deployment) -> Manifest:
    """Return the ScaledObject of a process that consumes; a group whose topics have one partition each triggers nothing."""
    threshold = BATCH_RECORDS if deployment.channel is None else CONTRACT_RECORDS
    groups = [group for group in deployment.groups if group in SCALED]
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {
            "name": deployment.name,
            "labels": {"app.kubernetes.io/name": deployment.name, "app.kubernetes.io/part-of": "efa-marktplatz"},
        },
        "spec": {
            "scaleTargetRef": {"name": deployment.name},
            "minReplicaCount": SMALLEST,
            "maxReplicaCount": min(LARGEST, deployment.useful_replicas),
            "fallback": {"failureThreshold": 4, "replicas": SMALLEST, "behavior": "currentReplicasIfHigher"},
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}}}},
            "triggers": [_trigger(group, topic.name, threshold) for group in groups for topic in read_by(group)],
        },
    }


def scaled_objects() -> list[Manifest]:
    """Return the ScaledObjects of the processes that have partitions for more than the smallest number of replicas."""
    return [scaled_object(deployment) for deployment in DEPLOYMENTS if deployment.useful_replicas > SMALLEST]


def _trigger(group: str, topic: str, threshold: int) -> Manifest:
    return {
        "type": "kafka",
        "metadata": {
            # A placeholder: 'replacements' put the address there that the processes have (ConfigMap 'platform').
            "bootstrapServers": BOOTSTRAP_SERVERS,
            "consumerGroup": group,
            "topic": topic,
            "lagThreshold": str(threshold),
            "offsetResetPolicy": "earliest",
            "allowIdleConsumers": "false",
            "version": "3.9.0",
            "tls": "enable",
        },
        "authenticationRef": {"name": AUTHENTICATION},
    }
