"""Namespaces: what an overlay brings lies in its namespaces."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.core_schemas import is_core
from deploy.checks.generic.objects import CLUSTER_SCOPED, Finding, Objects, kind_of, name_of, namespace_of, where


def check_namespaces(objects: Objects) -> Iterator[Finding]:
    """Check that each object of a built-in kind lies in a namespace of the overlay, if it brings any: ``namespace-missing``.

    Custom resources may be for operators elsewhere, such as a Gateway.
    """
    brought = {name_of(it) for it in objects.of("Namespace")}
    for document in filter(is_core, objects if brought else ()):
        if kind_of(document) not in CLUSTER_SCOPED and namespace_of(document) not in brought:
            message = f"there is no namespace '{namespace_of(document)}', only {', '.join(sorted(brought))}"
            yield Finding("namespace-missing", where(document), message)
