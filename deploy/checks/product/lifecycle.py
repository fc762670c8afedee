"""How the product's processes start and end: what probes ask, how long a roll-out waits, how long a drain takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from deploy.checks.generic.environment import plain_values
from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, number, text
from deploy.checks.generic.pods import Workload, workloads
from deploy.checks.product.processes import is_ours
from shared.process.settings import ProcessSettings

PROBE_PATHS = {"livenessProbe": "/livez", "readinessProbe": "/readyz", "startupProbe": "/livez"}
"""Liveness asks the process only; readiness its store and broker."""

CLOSING = timedelta(seconds=10)
"""What remains after the drain for the consumers' groups, the producer and the store to close."""


def check_lifecycle(objects: Objects) -> Iterator[Finding]:
    """Check every workload of the product: ``volume-tmp``, ``probe-path``, ``rollout`` (how long it waits), ``drain``."""
    for workload in workloads(objects):
        for container in filter(is_ours, workload.containers):
            yield from _mounts(workload, container)
            if workload.serves:
                yield from _probes(workload, container)
            if workload.kind == "Deployment":
                yield from _ready(workload, container)
                yield from _drain(objects, workload, container)


def _mounts(workload: Workload, container: Document) -> Iterator[Finding]:
    """A process with a read-only root needs a place for temporary files."""
    mounts = {text(mount, "mountPath").rstrip("/") for mount in items(container, "volumeMounts")}
    if "/tmp" not in mounts:  # noqa: S108 - the path in the container
        yield Finding("volume-tmp", workload.where, f"container '{text(container, 'name')}' needs an emptyDir on /tmp")


def _probes(workload: Workload, container: Document) -> Iterator[Finding]:
    for kind, path in PROBE_PATHS.items():
        if mapping(container, kind) and text(container, kind, "httpGet", "path") != path:
            yield Finding("probe-path", workload.where, f"the {kind} must ask {path}")


def _ready(workload: Workload, container: Document) -> Iterator[Finding]:
    probe = mapping(container, "readinessProbe")
    lost = (number(probe, "periodSeconds") or 10) * (number(probe, "failureThreshold") or 3)
    if (number(workload.document, "spec", "minReadySeconds") or 0) < lost:
        message = (
            f"minReadySeconds must be at least {lost}, in which readiness is lost again: a broken version would go on rolling"
        )
        yield Finding("rollout", workload.where, message)


def _drain(objects: Objects, workload: Workload, container: Document) -> Iterator[Finding]:
    grace = number(workload.spec, "terminationGracePeriodSeconds") or 30
    pause = number(container, "lifecycle", "preStop", "sleep", "seconds")
    if pause is None:
        message = "needs a preStop pause (sleep), so that no request comes after the drain began"
        yield Finding("drain", workload.where, message)
        return
    drain = _duration(plain_values(objects, workload.namespace, container).get("MARKTPLATZ_DRAIN"))
    needed = timedelta(seconds=pause) + drain + CLOSING
    if timedelta(seconds=grace) < needed:
        message = f"terminationGracePeriodSeconds is {grace}, but pause, drain and closing take {needed.seconds}"
        yield Finding("drain", workload.where, message)


def _duration(given: str | None) -> timedelta:
    """Return the drain time that a setting gives, or the default; a text that is no duration is reported as a refused setting."""
    default: timedelta = ProcessSettings.model_fields["drain"].default
    try:
        return default if given is None else TypeAdapter(timedelta).validate_python(given)
    except ValidationError:
        return default
