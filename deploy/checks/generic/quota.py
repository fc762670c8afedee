"""What a namespace may use, against everything that may run in it at once: all replicas, surge, drain, jobs, Kafka's pods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from deploy.checks.generic.images import INSTALLED
from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, namespace_of, number, text, texts, where
from deploy.checks.generic.pods import Workload, workloads
from deploy.checks.generic.quantities import quantity

SLACK = Decimal("1.5")
"""How many times the peak a quota may be: one that is far above bounds nothing."""
SPARE: Mapping[str, Decimal] = {
    "pods": Decimal(10),
    "persistentvolumeclaims": Decimal(10),
    "requests.cpu": Decimal(2),
    "requests.memory": Decimal(4 * 1024**3),
    "limits.memory": Decimal(4 * 1024**3),
    "requests.storage": Decimal(100 * 1024**3),
}
"""What may come on top: jobs by hand, what somebody tries out."""

LEAVING = 1
"""Pods of a Deployment that still drain while the next one of a roll-out starts."""

PODS, CLAIMS, STORAGE = "pods", "persistentvolumeclaims", "requests.storage"
Amounts = Mapping[str, Decimal]


@dataclass(slots=True)
class Needs:
    """What some pods and claims add up to, by the names that a ResourceQuota uses."""

    total: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def pods(self, count: int, one: Amounts) -> None:
        """Add ``count`` equal pods."""
        self.total[PODS] += count
        for name, amount in one.items():
            self.total[name] += count * amount

    def claims(self, count: int, size: str) -> None:
        """Add ``count`` claims of one size."""
        self.total[CLAIMS] += count
        self.total[STORAGE] += count * (quantity(size) or Decimal(0))


def check_quota(objects: Objects) -> Iterator[Finding]:
    """Check that everything fits into each ResourceQuota, even while all Deployments roll at their most replicas.

    Codes: ``size-quota`` where it does not, ``size-slack`` where much more would fit into that of what operators copy or apply.
    """
    for quota in objects.of("ResourceQuota"):
        needed = needs(objects, namespace_of(quota)).total
        for name, given in mapping(quota, "spec", "hard").items():
            most, need = quantity(given), needed.get(name, Decimal(0))
            bound = need * SLACK + SPARE.get(name, Decimal(0))
            if most is not None and name in SPARE and most > bound and objects.overlay.startswith(INSTALLED):
                message = (
                    f"{name} is {given}, but no more than {_readable(name, need)} is needed: {_readable(name, bound)} at most"
                )
                yield Finding("size-slack", where(quota), message)
            if most is not None and need > most:
                yield Finding("size-quota", where(quota), f"{name} is {given}, but {_readable(name, need)} may be needed at once")


def needs(objects: Objects, namespace: str) -> Needs:
    """Return what the pods of a namespace may need at most, and their claims."""
    found = Needs()
    defaults = _defaults(objects, namespace)
    most = {
        (text(it, "spec", "scaleTargetRef", "name")): _most(it) for it in objects.of("ScaledObject", "HorizontalPodAutoscaler")
    }
    for workload in workloads(objects):
        if workload.namespace == namespace:
            found.pods(_count(workload, most), _pod(workload.spec, defaults))
            for claim in items(workload.document, "spec", "volumeClaimTemplates"):
                size = text(mapping(claim, "spec", "resources", "requests"), "storage")
                found.claims(number(workload.document, "spec", "replicas") or 1, size)
    for claim in _in(objects, namespace, "PersistentVolumeClaim"):
        found.claims(1, text(mapping(claim, "spec", "resources", "requests"), "storage"))
    for pool in _in(objects, namespace, "KafkaNodePool"):
        replicas = number(pool, "spec", "replicas") or 1
        found.pods(replicas, _container(pool["spec"], defaults))
        for volume in items(pool, "spec", "storage", "volumes"):
            found.claims(replicas, text(volume, "size"))
    for kafka in _in(objects, namespace, "Kafka"):
        _helpers(kafka, found, defaults)
        _balancers(objects, kafka, found)
    return found


def _in(objects: Objects, namespace: str, kind: str) -> list[Document]:
    return [document for document in objects.of(kind) if namespace_of(document) == namespace]


def _helpers(kafka: Document, found: Needs, defaults: Document) -> None:
    """Add Strimzi's own pods: the operators of topics and users in one, exporter, Cruise Control; each rolls with one more."""
    operators = [mapping(kafka, "spec", "entityOperator", name) for name in ("topicOperator", "userOperator")]
    if given := [it for it in operators if it]:
        found.pods(2, _sum([_container(it, defaults) for it in given]))
    for part in ("kafkaExporter", "cruiseControl"):
        if part in mapping(kafka, "spec"):
            found.pods(2, _container(mapping(kafka, "spec", part), defaults))


def _balancers(objects: Objects, kafka: Document, found: Needs) -> None:
    """Add what Strimzi makes for a listener of type loadbalancer: one for the first contact, one per broker, each with a port."""
    pools = _in(objects, namespace_of(kafka), "KafkaNodePool")
    brokers = sum(number(it, "spec", "replicas") or 1 for it in pools if "broker" in texts(it, "spec", "roles"))
    for listener in items(kafka, "spec", "kafka", "listeners"):
        if text(listener, "type") == "loadbalancer":
            for name in ("services.loadbalancers", "services.nodeports"):
                found.total[name] += 1 + brokers


def _count(workload: Workload, most: Mapping[str, int]) -> int:
    if workload.kind != "Deployment":
        return number(workload.document, "spec", "replicas") or 1
    replicas = most.get(workload.name) or number(workload.document, "spec", "replicas") or 1
    surge = number(workload.document, "spec", "strategy", "rollingUpdate", "maxSurge") or 0
    return replicas + surge + LEAVING


def _most(scaler: Document) -> int:
    field_ = "maxReplicaCount" if scaler["kind"] == "ScaledObject" else "maxReplicas"
    return number(scaler, "spec", field_) or 100


def _pod(spec: Document, defaults: Document) -> Amounts:
    """Return what a pod counts for: its containers together, or an init container that needs more than they do."""
    together = dict(_sum([_container(it, defaults) for it in items(spec, "containers")]))
    for first in items(spec, "initContainers"):
        for name, amount in _container(first, defaults).items():
            together[name] = max(together.get(name, Decimal(0)), amount)
    return together


def _container(container: Document, defaults: Document) -> Amounts:
    found: dict[str, Decimal] = {}
    for kind, fallback in (("requests", "defaultRequest"), ("limits", "default")):
        given = {**mapping(defaults, fallback), **mapping(container, "resources", kind)}
        for resource, amount in given.items():
            found[f"{kind}.{resource}"] = quantity(amount) or Decimal(0)
    return found


def _sum(parts: list[Amounts]) -> Amounts:
    total: dict[str, Decimal] = defaultdict(Decimal)
    for part in parts:
        for name, amount in part.items():
            total[name] += amount
    return total


def _defaults(objects: Objects, namespace: str) -> Document:
    """Return what the namespace's LimitRange gives a container that names no sizes."""
    for limits in objects.of("LimitRange"):
        if namespace_of(limits) == namespace:
            return next((it for it in items(limits, "spec", "limits") if text(it, "type") == "Container"), {})
    return {}


def _readable(name: str, amount: Decimal) -> str:
    if name.endswith((".memory", ".storage")):
        return f"{amount / 1024**3:.1f}Gi"
    return f"{amount.normalize():f}"
