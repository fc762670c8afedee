"""Waits until what was applied works: Kafka, migrations, processes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from deploy.rollout import kubectl
from deploy.rollout.kubectl import Document, RolloutError
from deploy.rollout.plan import condition, name_of, namespace_of

PAUSE = timedelta(seconds=3)
_KINDS = ("Kafka", "Job", "Deployment")

Clock = Callable[[], float]


def wait(objects: Iterable[Document], timeout: timedelta, clock: Clock = time.monotonic) -> None:
    """Wait for clusters, jobs and processes of an overlay. Raises RolloutError after ``timeout``, at once for a failed job."""
    waiting = [it for kind in _KINDS for it in objects if it["kind"] == kind]
    deadline, said = clock() + timeout.total_seconds(), ""
    while waiting:
        waiting = [it for it in waiting if not _done(it)]
        now = ", ".join(f"{it['kind']} {name_of(it)}" for it in waiting)
        if waiting and now != said:
            sys.stdout.write(f"waiting for {now}\n")
            sys.stdout.flush()
            said = now
        if waiting and clock() > deadline:
            raise RolloutError(f"after {timeout} still not ready: {now}; everything is applied, see the events and logs of these")
        if waiting:
            time.sleep(PAUSE.total_seconds())


def _done(document: Document) -> bool:
    live = kubectl.get(document["kind"].lower(), name_of(document), namespace_of(document))
    if live is None:
        if document["kind"] == "Job":  # removed after its end, when its time to live was over
            return True
        raise RolloutError(f"{document['kind']} {name_of(document)} is gone; somebody removed it")
    if document["kind"] == "Kafka":
        return condition(live, "Ready") and live["status"].get("observedGeneration") == live["metadata"].get("generation")
    if document["kind"] == "Job":
        if condition(live, "Failed"):
            message = f"Job {name_of(document)} failed: see kubectl logs job/{name_of(document)} and its runbook"
            raise RolloutError(message)
        return condition(live, "Complete")
    return _rolled_out(live)


def _rolled_out(deployment: Document) -> bool:
    """Return whether all pods are of the newest revision and available, and none of another is left."""
    replicas, status = deployment["spec"].get("replicas", 1), deployment.get("status") or {}
    return status.get("observedGeneration", 0) >= deployment["metadata"]["generation"] and all(
        (status.get(it) or 0) == replicas for it in ("replicas", "updatedReplicas", "availableReplicas")
    )
