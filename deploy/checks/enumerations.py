"""Fields of built-in kinds that take one of a few words. The published schemas call them plain texts; the API server does not."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.objects import Finding, Objects, where

WORDS: dict[str, frozenset[str]] = {
    "protocol": frozenset({"TCP", "UDP", "SCTP"}),
    "imagePullPolicy": frozenset({"Always", "IfNotPresent", "Never"}),
    "restartPolicy": frozenset({"Always", "OnFailure", "Never"}),
    "dnsPolicy": frozenset({"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"}),
    "whenUnsatisfiable": frozenset({"DoNotSchedule", "ScheduleAnyway"}),
    "concurrencyPolicy": frozenset({"Allow", "Forbid", "Replace"}),
    "podManagementPolicy": frozenset({"OrderedReady", "Parallel"}),
    "unhealthyPodEvictionPolicy": frozenset({"IfHealthyBudget", "AlwaysAllow"}),
    "fsGroupChangePolicy": frozenset({"OnRootMismatch", "Always"}),
    "pathType": frozenset({"Exact", "Prefix", "ImplementationSpecific"}),
    "policyTypes": frozenset({"Ingress", "Egress"}),
    "accessModes": frozenset({"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"}),
    "operator": frozenset({"In", "NotIn", "Exists", "DoesNotExist"}),
    "scheme": frozenset({"HTTP", "HTTPS"}),
}
_API_GROUPS = frozenset({"v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "policy/v1", "autoscaling/v2"})
_FREE = frozenset({"data", "stringData", "labels", "annotations", "matchLabels"})


def check_words(objects: Objects) -> Iterator[Finding]:
    """Check every object of a built-in kind: ``word``."""
    for document in objects:
        if document.get("apiVersion") in _API_GROUPS:
            for path, value in _wrong(document, ""):
                yield Finding("word", where(document), f"{path.lstrip('.')} is '{value}', which Kubernetes does not know")


def _wrong(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name in WORDS:
                given = item if isinstance(item, list) else [item]
                yield from ((f"{path}.{name}", str(word)) for word in given if word not in WORDS[name])
            elif name not in _FREE:
                yield from _wrong(item, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _wrong(item, f"{path}.{index}")
