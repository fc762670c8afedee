"""Where pods go: over nodes and, where an overlay uses zones, over zones; what holds data strictly, because it stays there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
from deploy.checks.generic.pods import selects, workloads

NODE, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
REVISION = "pod-template-hash"
STRICT = "DoNotSchedule"
"""Anything else is a wish: the scheduler drops it when it suits."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Pods that are spread together: those of a workload or of a node pool."""

    document: Document
    labels: Mapping[str, str]
    constraints: list[Document]
    replicas: int
    keeps_data: bool
    """Whether its pods stay for good where their volumes were made first."""

    def over(self, key: str) -> list[Document]:
        return [it for it in self.constraints if text(it, "topologyKey") == key]


def check_spread(objects: Objects) -> Iterator[Finding]:
    """Check every workload and node pool: ``spread``, ``spread-revision`` (roll-outs), ``spread-zones``."""
    groups = [*_workloads(objects), *_pools(objects)]
    zoned = any(group.over(ZONE) for group in groups) or any(_rack(kafka) for kafka in objects.of("Kafka"))
    for group in groups:
        yield from _nodes(group)
        yield from _counted(group, groups)
        if zoned:
            yield from _zones(group)
    for kafka in objects.of("Kafka") if zoned else ():
        brokers = sum(group.replicas for group in groups if _brokers_of(group, kafka))
        if brokers > 1 and _rack(kafka) != ZONE:
            message = f"rack must be {ZONE}: otherwise all copies of a partition may lie in one zone"
            yield Finding("spread-zones", where(kafka), message)


def _workloads(objects: Objects) -> Iterator[_Group]:
    for workload in workloads(objects):
        if workload.serves:
            claims = bool(items(workload.document, "spec", "volumeClaimTemplates"))
            replicas = number(workload.document, "spec", "replicas") or 1
            constraints = items(workload.spec, "topologySpreadConstraints")
            yield _Group(workload.document, workload.labels, constraints, replicas, claims)


def _pools(objects: Objects) -> Iterator[_Group]:
    for pool in objects.of("KafkaNodePool"):
        cluster = text(pool, "metadata", "labels", "strimzi.io/cluster")
        labels = {"strimzi.io/cluster": cluster, "strimzi.io/pool-name": name_of(pool), "strimzi.io/name": f"{cluster}-kafka"}
        constraints = items(pool, "spec", "template", "pod", "topologySpreadConstraints")
        yield _Group(pool, labels, constraints, number(pool, "spec", "replicas") or 1, keeps_data=True)


def _nodes(group: _Group) -> Iterator[Finding]:
    found = group.over(NODE)
    if not found:
        yield Finding("spread", where(group.document), f"must spread over nodes (topologyKey {NODE})")
    if group.document["kind"] == "KafkaNodePool" and not any(map(_is_strict, found)):
        message = f"must spread over nodes with {STRICT} and maxSkew 1: one node would take several copies of a partition"
        yield Finding("spread", where(group.document), message)


def _counted(group: _Group, groups: list[_Group]) -> Iterator[Finding]:
    """A constraint compares how many pods are where; it must count those of the group, and of their revision only."""
    for constraint in group.constraints:
        key = text(constraint, "topologyKey")
        if not _counts(constraint, group, group) or any(_counts(constraint, group, it) for it in groups if it is not group):
            yield Finding("spread", where(group.document), f"the spread over {key} counts other pods than its own")
        if group.document["kind"] == "Deployment" and REVISION not in texts(constraint, "matchLabelKeys"):
            message = f"the spread over {key} needs {REVISION} in matchLabelKeys: a roll-out would count the pods that it ends"
            yield Finding("spread-revision", where(group.document), message)


def _zones(group: _Group) -> Iterator[Finding]:
    found = group.over(ZONE)
    if group.replicas > 1 or group.document["kind"] == "Deployment":
        if not found:
            yield Finding("spread-zones", where(group.document), f"must spread over zones too (topologyKey {ZONE})")
        elif group.keeps_data and not any(map(_is_strict, found)):
            message = f"must spread over zones with {STRICT} and maxSkew 1: its volumes keep it where it is scheduled first"
            yield Finding("spread-zones", where(group.document), message)


def _is_strict(constraint: Document) -> bool:
    return text(constraint, "whenUnsatisfiable") == STRICT and number(constraint, "maxSkew") == 1


def _counts(constraint: Document, group: _Group, other: _Group) -> bool:
    """Return whether a constraint of one group counts the pods of another (or its own)."""
    selector = mapping(constraint, "labelSelector")
    if not selector or namespace_of(group.document) != namespace_of(other.document):
        return False
    same = (key for key in texts(constraint, "matchLabelKeys") if key in group.labels)
    return selects(selector, dict(other.labels)) and all(other.labels.get(key) == group.labels[key] for key in same)


def _rack(kafka: Document) -> str:
    return text(kafka, "spec", "kafka", "rack", "topologyKey")


def _brokers_of(group: _Group, kafka: Document) -> bool:
    return (
        group.document["kind"] == "KafkaNodePool"
        and group.labels["strimzi.io/cluster"] == name_of(kafka)
        and "broker" in texts(group.document, "spec", "roles")
    )
