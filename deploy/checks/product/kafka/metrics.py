"""Metrics of Kafka: who watches an installation watches its brokers, from the namespace that they are in."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import Document, Finding, Objects, mapping, name_of, namespace_of, where
from deploy.checks.generic.pods import selects, workloads


def check_kafka_metrics(objects: Objects) -> Iterator[Finding]:
    """Check PodMonitors: ``monitor-nobody`` (selects no pod), ``monitor-kafka`` (brokers without one)."""
    pods = [(pod.namespace, pod.labels) for pod in workloads(objects)]
    pods += [(namespace_of(kafka), broker_labels(kafka)) for kafka in objects.of("Kafka")]
    for monitor in objects.of("PodMonitor"):
        if not any(_watches(monitor, namespace, labels) for namespace, labels in pods):
            message = "selects no pod in its namespace: put it where the pods are (monitoring/kafka beside kafka-strimzi)"
            yield Finding("monitor-nobody", where(monitor), message)
    if is_watched(objects):
        for kafka in unwatched(objects):
            yield Finding("monitor-kafka", where(kafka), "no PodMonitor selects its brokers: take the component monitoring/kafka")


def is_watched(objects: Objects) -> bool:
    """Return whether anything here takes metrics or goes by them."""
    return bool(objects.of("ServiceMonitor", "PodMonitor", "PrometheusRule"))


def unwatched(objects: Objects) -> list[Document]:
    """Return the Kafka clusters that offer metrics and have no PodMonitor in their namespace that selects their brokers."""
    monitors = objects.of("PodMonitor")
    return [
        kafka
        for kafka in objects.of("Kafka")
        if mapping(kafka, "spec", "kafka", "metricsConfig")
        and not any(_watches(it, namespace_of(kafka), broker_labels(kafka)) for it in monitors)
    ]


def broker_labels(kafka: Document) -> dict[str, str]:
    """Return the labels by which Strimzi's documentation lets pods of brokers be selected."""
    cluster = name_of(kafka)
    return {"strimzi.io/cluster": cluster, "strimzi.io/kind": "Kafka", "strimzi.io/name": f"{cluster}-kafka"}


def _watches(monitor: Document, namespace: str, labels: dict[str, str]) -> bool:
    return namespace_of(monitor) == namespace and selects(mapping(monitor, "spec", "selector"), labels)
