"""KEDA's ScaledObjects (keda.sh/v1alpha1): every consuming process grows with the lag of its groups, as far as partitions go."""

from __future__ import annotations

from typing import Any

from deploy.generate.processes import PROCESSES, Process
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


def scaled_object(process: Process) -> Manifest:
    """Return the ScaledObject of a process that consumes."""
    threshold = BATCH_RECORDS if process.channel is None else CONTRACT_RECORDS
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {
            "name": process.name,
            "labels": {"app.kubernetes.io/name": process.name, "app.kubernetes.io/part-of": "efa-marktplatz"},
        },
        "spec": {
            "scaleTargetRef": {"name": process.name},
            "minReplicaCount": SMALLEST,
            "maxReplicaCount": min(LARGEST, process.useful_replicas),
            "fallback": {"failureThreshold": 4, "replicas": SMALLEST, "behavior": "currentReplicasIfHigher"},
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}}}},
            "triggers": [_trigger(group, topic.name, threshold) for group in process.groups for topic in read_by(group)],
        },
    }


def scaled_objects() -> list[Manifest]:
    """Return the ScaledObjects of all processes that consume."""
    return [scaled_object(process) for process in PROCESSES if process.groups]


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
