"""What stands between an overlay and a plain ``kubectl apply``: jobs that cannot be changed, numbers that would fall to one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.rollout import kubectl
from deploy.rollout.kubectl import Document, RolloutError

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
PAUSED = ("autoscaling.keda.sh/paused-replicas", "autoscaling.keda.sh/paused")
_SCALERS = {"ScaledObject": "minReplicaCount", "HorizontalPodAutoscaler": "minReplicas"}


@dataclass(slots=True)
class Plan:
    """What has to happen besides applying."""

    objects: list[Document]
    first: bool = False
    """Whether the namespace is not there yet."""
    jobs: list[Document] = field(default_factory=list)
    """Jobs to be replaced, as they are in the cluster."""
    handed_over: list[Document] = field(default_factory=list)
    """Deployments whose number of replicas goes to a scaler: what was last applied, without the number."""
    stopped: list[str] = field(default_factory=list)
    """Deployments that stand still and would be started."""

    @property
    def lasting(self) -> list[Document]:
        """All objects but the jobs, which the API server compares with nothing."""
        return [it for it in self.objects if it["kind"] != "Job"]


def plan(objects: list[Document]) -> Plan:
    """Compare an overlay with the cluster, without changing it. Raises RolloutError."""
    made = Plan(objects)
    if any(it["kind"] == "Namespace" and kubectl.get("namespace", name_of(it)) is None for it in objects):
        made.first = True
        return made
    for document in objects:
        if document["kind"] == "Job":
            made.jobs += _replaced(document)
        if document["kind"] == "Deployment":
            live = kubectl.get("deployment", name_of(document), namespace_of(document))
            made.handed_over += _handed_over(document, live)
            if live is not None and live["spec"]["replicas"] == 0 and document["spec"].get("replicas"):
                made.stopped.append(name_of(document))
    return made


def minimums(objects: Iterable[Document]) -> dict[tuple[str, str], int]:
    """Return the least replicas that a scaler of the overlay wants, by namespace and Deployment, where it is not paused."""
    found: dict[tuple[str, str], int] = {}
    for document in objects:
        if document["kind"] in _SCALERS:
            target = (namespace_of(document), document["spec"]["scaleTargetRef"]["name"])
            live = kubectl.get(document["kind"].lower(), name_of(document), namespace_of(document))
            if not (live and set(PAUSED) & set(live["metadata"].get("annotations") or {})):
                found[target] = document["spec"].get(_SCALERS[document["kind"]], 1)
    return found


def name_of(document: Document) -> str:
    """Return the name of an object."""
    return str(document["metadata"]["name"])


def namespace_of(document: Document) -> str:
    """Return the namespace of an object, empty where it has none."""
    return str(document["metadata"].get("namespace", ""))


def condition(document: Document, kind: str) -> bool:
    """Return whether an object reports a condition as true."""
    conditions: list[Mapping[str, Any]] = (document.get("status") or {}).get("conditions") or []
    return any(it["type"] == kind and it["status"] == "True" for it in conditions)


def _replaced(job: Document) -> list[Document]:
    """Return the job of the cluster that has to make way, if one has to. Raises RolloutError while it works."""
    live = kubectl.get("job", name_of(job), namespace_of(job))
    if live is None:
        return []
    failed = condition(live, "Failed")
    reason = kubectl.refuses(job)
    if reason and "immutable" not in reason:
        raise RolloutError(f"the API server refuses Job {name_of(job)}: {reason}")
    if not (reason or failed):
        return []
    if not (failed or condition(live, "Complete")):
        raise RolloutError(f"Job {name_of(job)} still runs and would have to be replaced; wait for its end, then repeat")
    return [live]


def _handed_over(document: Document, live: Document | None) -> list[Document]:
    """Return what was last applied without its replicas, where the overlay names none any more.

    kubectl takes away what it applied before and does not find any more, and the API server then puts one replica there.
    """
    recorded = ((live or {}).get("metadata", {}).get("annotations") or {}).get(LAST_APPLIED)
    if recorded is None or "replicas" in document["spec"]:
        return []
    applied: Document = json.loads(recorded)
    return [] if applied["spec"].pop("replicas", None) is None else [applied]
