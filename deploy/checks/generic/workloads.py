"""How workloads are run: accounts, selectors, ports, probes, disruption, roll-out, sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from deploy.checks.generic.objects import Finding, Objects, kind_of, mapping, name_of, namespace_of, number, text, where
from deploy.checks.generic.pods import Workload, selects, workloads
from deploy.checks.generic.quantities import quantity

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HASHED = re.compile(r"-[2456789bcdfghkmt]{10}$")
"""What kustomize puts behind the name of a ConfigMap that it generates: a hash of the content."""


def check_workloads(objects: Objects) -> Iterator[Finding]:
    """Run every rule over every workload and what belongs to it."""
    owners: dict[tuple[str, str], str] = {}
    for workload in workloads(objects):
        yield from _account(objects, workload, owners)
        yield from _selector(workload)
        yield from _sizes(workload)
        if workload.serves:
            yield from _disruption(objects, workload)
            yield from _probes(workload)
        if workload.kind == "Deployment":
            yield from _rollout(workload)
        if workload.kind in ("Job", "CronJob"):
            yield from _job(workload)
        if workload.kind == "Job":
            yield from _unchanging(workload)
    yield from _names(objects)


def _account(objects: Objects, workload: Workload, owners: dict[tuple[str, str], str]) -> Iterator[Finding]:
    name = text(workload.spec, "serviceAccountName")
    if name in ("", "default"):
        yield Finding("account-missing", workload.where, "needs a ServiceAccount of its own")
        return
    if objects.find("ServiceAccount", workload.namespace, name) is None:
        yield Finding("account-missing", workload.where, f"there is no ServiceAccount '{name}'")
    other = owners.setdefault((workload.namespace, name), workload.where)
    if other != workload.where:
        yield Finding("account-shared", workload.where, f"the ServiceAccount '{name}' also belongs to {other}")


def _selector(workload: Workload) -> Iterator[Finding]:
    if workload.kind in ("Deployment", "StatefulSet", "DaemonSet") and not selects(
        mapping(workload.document, "spec", "selector"), workload.labels
    ):
        yield Finding("selector", workload.where, "the selector does not match the labels of its own pods")


def _sizes(workload: Workload) -> Iterator[Finding]:
    for container in workload.all_containers:
        name = text(container, "name")
        requests, limits = mapping(container, "resources", "requests"), mapping(container, "resources", "limits")
        for resource in ("cpu", "memory"):
            if resource not in requests:
                yield Finding("size-request", workload.where, f"container '{name}' needs a {resource} request")
        if "memory" not in limits:
            yield Finding("size-limit", workload.where, f"container '{name}' needs a memory limit")
        for resource, value in requests.items():
            asked, bound = quantity(value), quantity(limits.get(resource, value))
            if asked is not None and bound is not None and asked > bound:
                yield Finding(
                    "size-limit",
                    workload.where,
                    f"container '{name}' asks for {value} of {resource}, above its limit {limits[resource]}",
                )


def _disruption(objects: Objects, workload: Workload) -> Iterator[Finding]:
    budgets = [
        budget
        for budget in objects.of("PodDisruptionBudget")
        if namespace_of(budget) == workload.namespace and selects(mapping(budget, "spec", "selector"), workload.labels)
    ]
    if len(budgets) != 1:
        yield Finding("budget", workload.where, f"needs exactly one PodDisruptionBudget, has {len(budgets)}")
    for budget in budgets:
        if mapping(budget, "spec").get("maxUnavailable") in (None, 0, "0%"):
            yield Finding(
                "budget", where(budget), "would block the drain of a node: set maxUnavailable to 1 or more, and no minAvailable"
            )
        if text(budget, "spec", "unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield Finding(
                "budget",
                where(budget),
                "unhealthyPodEvictionPolicy must be AlwaysAllow, so that a broken pod does not block a drain",
            )


def _probes(workload: Workload) -> Iterator[Finding]:
    for container in workload.containers:
        for kind in PROBES:
            probe = mapping(container, kind)
            if not probe:
                yield Finding("probe-missing", workload.where, f"container '{text(container, 'name')}' needs a {kind}")
                continue
            action = mapping(probe, "httpGet") or mapping(probe, "tcpSocket")
            port = action.get("port")
            if action and (not isinstance(port, str | int) or workload.port(port) is None):
                yield Finding("probe-port", workload.where, f"the {kind} asks port {port!r}, which no container names")


def _rollout(workload: Workload) -> Iterator[Finding]:
    rolling = mapping(workload.document, "spec", "strategy", "rollingUpdate")
    if text(workload.document, "spec", "strategy", "type") != "RollingUpdate" or rolling.get("maxUnavailable") not in (0, "0%"):
        yield Finding("rollout", workload.where, "must roll with maxUnavailable 0: no version change takes capacity away")


def _job(workload: Workload) -> Iterator[Finding]:
    spec = (
        mapping(workload.document, "spec")
        if workload.kind == "Job"
        else mapping(workload.document, "spec", "jobTemplate", "spec")
    )
    if number(spec, "activeDeadlineSeconds") is None:
        yield Finding("job", workload.where, "needs activeDeadlineSeconds: a job that hangs must not block an upgrade for ever")
    if workload.kind == "Job" and (number(spec, "ttlSecondsAfterFinished") or 0) < timedelta(days=7).total_seconds():
        yield Finding(
            "job", workload.where, "ttlSecondsAfterFinished must be seven days: its log is the only record of what it did"
        )
    if text(workload.spec, "restartPolicy") not in ("Never", "OnFailure"):
        yield Finding("job", workload.where, "restartPolicy must be Never or OnFailure")


def _unchanging(workload: Workload) -> Iterator[Finding]:
    """A Job cannot be changed, so it must not name what has another name after every change of a setting."""
    for name in sorted(filter(_HASHED.search, workload.config_maps)):
        message = f"reads the ConfigMap '{name}', whose name changes with its content: give it one with disableNameSuffixHash"
        yield Finding("job-settings", workload.where, message)


def _names(objects: Objects) -> Iterator[Finding]:
    seen: set[tuple[str, str, str]] = set()
    for document in objects:
        key = (kind_of(document), namespace_of(document), name_of(document))
        if key in seen:
            yield Finding("name-twice", where(document), "is rendered twice")
        seen.add(key)
