"""Every workload against *restricted* in all supported versions of Kubernetes, and what is asked beyond it."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.core_schemas import MINORS
from deploy.checks.generic.objects import Document, Finding, Objects, mapping, where
from deploy.checks.generic.pod_security.beyond import beyond, token_mounts
from deploy.checks.generic.pod_security.pod import Pod
from deploy.checks.generic.pod_security.standard import Level, faults_anywhere
from deploy.checks.generic.pods import workloads

MODES = ("enforce", "audit", "warn")


def check_pod_security(objects: Objects) -> Iterator[Finding]:
    """Check every workload and the labels of the namespaces; codes begin with ``pss-``, or stand in ``beyond``."""
    for workload in workloads(objects):
        pod = Pod.of(workload.template)
        found = [*faults_anywhere(pod, Level.RESTRICTED, MINORS), *beyond(pod), *token_mounts(objects, workload)]
        yield from (Finding(code, workload.where, message) for code, message in found)
    for namespace in objects.of("Namespace"):
        yield from _enforcement(namespace)


def _enforcement(namespace: Document) -> Iterator[Finding]:
    """Ask for the standard on the namespace, in a pinned version."""
    labels = mapping(namespace, "metadata", "labels")
    for mode in MODES:
        label = f"pod-security.kubernetes.io/{mode}"
        if labels.get(label) != Level.RESTRICTED.value:
            yield Finding("pss-namespace", where(namespace), f"{label} must be '{Level.RESTRICTED.value}'")
        if str(labels.get(f"{label}-version", "")).removeprefix("v") not in MINORS:
            message = f"{label}-version must be pinned to one of v{', v'.join(MINORS)}: an upgrade must not change rules"
            yield Finding("pss-namespace", where(namespace), message)
