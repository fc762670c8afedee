"""Workloads of an overlay: what creates pods, and with which containers, labels and ports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.checks.generic.objects import (
    Document,
    Objects,
    items,
    kind_of,
    mapping,
    name_of,
    namespace_of,
    number,
    text,
    texts,
    where,
)

_TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True, slots=True)
class Workload:
    """An object that makes pods, with the template of its pods."""

    document: Document
    template: Document

    @property
    def kind(self) -> str:
        """Kind of the object that makes the pods."""
        return kind_of(self.document)

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.document)

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return namespace_of(self.document)

    @property
    def where(self) -> str:
        """How messages name it."""
        return where(self.document)

    @property
    def spec(self) -> Document:
        """Spec of its pods."""
        return mapping(self.template, "spec")

    @property
    def labels(self) -> dict[str, str]:
        """Labels of its pods."""
        return {key: str(value) for key, value in mapping(self.template, "metadata", "labels").items()}

    @property
    def containers(self) -> list[Document]:
        """Its main containers."""
        return items(self.spec, "containers")

    @property
    def all_containers(self) -> list[Document]:
        """Its containers with init and ephemeral ones."""
        return [*items(self.spec, "initContainers"), *self.containers, *items(self.spec, "ephemeralContainers")]

    @property
    def config_maps(self) -> set[str]:
        """Names of the ConfigMaps that its pods read."""
        volumes = items(self.spec, "volumes")
        sources = [*volumes, *(source for volume in volumes for source in items(volume, "projected", "sources"))]
        found = {text(source, "configMap", "name") for source in sources}
        for container in self.all_containers:
            found |= {text(source, "configMapRef", "name") for source in items(container, "envFrom")}
            found |= {text(variable, "valueFrom", "configMapKeyRef", "name") for variable in items(container, "env")}
        return found - {""}

    @property
    def serves(self) -> bool:
        """Whether it runs for good, as opposed to a job."""
        return self.kind not in ("Job", "CronJob")

    def port(self, name_or_number: str | int) -> int | None:
        """Return the number of a container port by its name; a number stands for itself only if a container names it."""
        for container in self.all_containers:
            for port in items(container, "ports"):
                if name_or_number in (port.get("name"), port.get("containerPort")):
                    return number(port, "containerPort")
        return None


def workloads(objects: Objects) -> Iterator[Workload]:
    """Return every workload of an overlay."""
    for kind, path in _TEMPLATES.items():
        for document in objects.of(kind):
            yield Workload(document, mapping(document, *path))


def selects(selector: Document, labels: dict[str, str]) -> bool:
    """Return whether a LabelSelector matches labels. An empty selector matches everything."""
    for key, value in mapping(selector, "matchLabels").items():
        if labels.get(key) != value:
            return False
    return all(_holds(expression, labels) for expression in items(selector, "matchExpressions"))


def _holds(expression: Document, labels: dict[str, str]) -> bool:
    key, operator = text(expression, "key"), text(expression, "operator")
    values = texts(expression, "values")
    match operator:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False  # an operator that there is not, reported as such
