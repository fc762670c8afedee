"""How workloads are run: accounts, selectors, ports, probes, disruption, drain, sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from deploy.checks.generic.environment import plain_values
from deploy.checks.generic.objects import Finding, Objects, items, kind_of, mapping, name_of, namespace_of, number, text, where
from deploy.checks.generic.pods import Workload, selects, workloads
from deploy.checks.generic.quantities import quantity
from deploy.checks.product.processes import is_ours
from shared.process.settings import ProcessSettings

LIVENESS, READINESS, STARTUP = "livenessProbe", "readinessProbe", "startupProbe"
PROBE_PATHS = {LIVENESS: "/livez", READINESS: "/readyz", STARTUP: "/livez"}
"""Liveness asks the process only; readiness its store and broker."""

CLOSING = timedelta(seconds=10)
"""What remains after the drain for the consumers' groups, the producer and the store to close."""

_HASHED = re.compile(r"-[2456789bcdfghkmt]{10}$")
"""What kustomize puts behind the name of a ConfigMap that it generates: a hash of the content."""


def check_workloads(objects: Objects) -> Iterator[Finding]:
    """Run every rule over every workload and what belongs to it."""
    owners: dict[tuple[str, str], str] = {}
    for workload in workloads(objects):
        yield from _account(objects, workload, owners)
        yield from _selector(workload)
        yield from _sizes(workload)
        yield from _mounts(workload)
        if workload.serves:
            yield from _disruption(objects, workload)
            yield from _probes(workload)
        if workload.kind == "Deployment":
            yield from _rollout(workload)
            yield from _drain(objects, workload)
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


def _mounts(workload: Workload) -> Iterator[Finding]:
    """A process with a read-only root needs a place for temporary files."""
    for container in workload.containers:
        mounts = {text(mount, "mountPath").rstrip("/") for mount in items(container, "volumeMounts")}
        if is_ours(container) and "/tmp" not in mounts:  # noqa: S108 - the path in the container
            yield Finding("volume-tmp", workload.where, f"container '{text(container, 'name')}' needs an emptyDir on /tmp")


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
        for kind, path in PROBE_PATHS.items():
            probe = mapping(container, kind)
            if not probe:
                yield Finding("probe-missing", workload.where, f"container '{text(container, 'name')}' needs a {kind}")
                continue
            action = mapping(probe, "httpGet") or mapping(probe, "tcpSocket")
            port = action.get("port")
            if action and (not isinstance(port, str | int) or workload.port(port) is None):
                yield Finding("probe-port", workload.where, f"the {kind} asks port {port!r}, which no container names")
            if is_ours(container) and text(probe, "httpGet", "path") != path:
                yield Finding("probe-path", workload.where, f"the {kind} must ask {path}")


def _rollout(workload: Workload) -> Iterator[Finding]:
    rolling = mapping(workload.document, "spec", "strategy", "rollingUpdate")
    if text(workload.document, "spec", "strategy", "type") != "RollingUpdate" or rolling.get("maxUnavailable") not in (0, "0%"):
        yield Finding("rollout", workload.where, "must roll with maxUnavailable 0: no version change takes capacity away")
    for probe in (mapping(container, "readinessProbe") for container in workload.containers if is_ours(container)):
        lost = (number(probe, "periodSeconds") or 10) * (number(probe, "failureThreshold") or 3)
        if (number(workload.document, "spec", "minReadySeconds") or 0) < lost:
            message = (
                f"minReadySeconds must be at least {lost}, in which readiness is lost again: a broken version would go on rolling"
            )
            yield Finding("rollout", workload.where, message)


def _drain(objects: Objects, workload: Workload) -> Iterator[Finding]:
    grace = number(workload.spec, "terminationGracePeriodSeconds") or 30
    for container in workload.containers:
        if not is_ours(container):
            continue
        pause = number(container, "lifecycle", "preStop", "sleep", "seconds")
        if pause is None:
            yield Finding(
                "drain", workload.where, "needs a preStop pause (sleep), so that no request comes after the drain began"
            )
            continue
        drain = _duration(plain_values(objects, workload.namespace, container).get("MARKTPLATZ_DRAIN"))
        needed = timedelta(seconds=pause) + drain + CLOSING
        if timedelta(seconds=grace) < needed:
            yield Finding(
                "drain",
                workload.where,
                f"terminationGracePeriodSeconds is {grace}, but pause, drain and closing take {needed.seconds}",
            )


def _duration(given: str | None) -> timedelta:
    """Return the drain time that a setting gives, or the default; a text that is no duration is reported as a refused setting."""
    default: timedelta = ProcessSettings.model_fields["drain"].default
    try:
        return default if given is None else TypeAdapter(timedelta).validate_python(given)
    except ValidationError:
        return default


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
