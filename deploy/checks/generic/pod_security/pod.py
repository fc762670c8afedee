"""A pod as the Pod Security Standards look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.checks.generic.objects import Document, items, mapping, text, without_nulls


@dataclass(frozen=True, slots=True)
class Pod:
    """Annotations and spec of a pod, without fields that are null: to the API server they are not there."""

    annotations: Mapping[str, Any]
    spec: Document

    @classmethod
    def of(cls, template: Document) -> Pod:
        """Return the pod of a template, or of an object of the kind Pod."""
        whole = without_nulls(template)
        return cls(mapping(whole, "metadata", "annotations"), mapping(whole, "spec"))

    @property
    def context(self) -> Document:
        """Security context of the pod itself."""
        return mapping(self.spec, "securityContext")

    @property
    def containers(self) -> list[Document]:
        """Its init, main and ephemeral containers."""
        return [item for kind in ("initContainers", "containers", "ephemeralContainers") for item in items(self.spec, kind)]

    @property
    def contexts(self) -> list[tuple[str, Document]]:
        """The security contexts of the pod and of each container, with who has them."""
        return [("the pod", self.context), *((named(it), mapping(it, "securityContext")) for it in self.containers)]

    @property
    def on_windows(self) -> bool:
        """Whether it names Windows as its operating system: the API server refuses fields of Linux in it."""
        return text(self.spec, "os", "name") == "windows"

    @property
    def own_users(self) -> bool:
        """Whether it runs in a user namespace, where root is nobody on the node."""
        return self.spec.get("hostUsers") is False


def named(container: Document) -> str:
    """Return how messages name a container."""
    return f"container '{text(container, 'name')}'"
