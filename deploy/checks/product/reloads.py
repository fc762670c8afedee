"""Restarts by Reloader when a secret changes: each Deployment lists what it reads once, and nothing that it rereads."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import Finding, Objects, mapping
from deploy.checks.generic.pods import workloads
from deploy.checks.product.secrets import declared_secrets, readings

RELOAD = "secret.reloader.stakater.com/reload"
RENEWED = frozenset({"KafkaUser", "Strimzi"})
"""Makers of secrets that a process looks at again and again (``KAFKA_RENEW_EVERY``)."""


def check_reloads(objects: Objects) -> Iterator[Finding]:
    """Check the lists wherever one Deployment has one: ``reload-missing``, ``reload-needless``."""
    deployments = [it for it in workloads(objects) if it.kind == "Deployment"]
    listed = {it.where: _listed(mapping(it.document, "metadata", "annotations")) for it in deployments}
    if not any(listed.values()):
        return
    read: dict[str, set[str]] = {}
    for reading in readings(objects):
        if not _renewed(objects, reading.namespace, reading.secret):
            read.setdefault(reading.by, set()).add(reading.secret)
    for workload in deployments:
        needed, given = read.get(workload.where, set()), listed[workload.where]
        for secret in sorted(needed - given):
            yield Finding("reload-missing", workload.where, f"a change of '{secret}' would not restart it: add it to {RELOAD}")
        for secret in sorted(
            it for it in given - needed if _renewed(objects, workload.namespace, it) or it not in declared_secrets()
        ):
            yield Finding("reload-needless", workload.where, f"'{secret}' is renewed without a restart, or nobody makes it")


def _listed(annotations: dict[str, object]) -> set[str]:
    return {name.strip() for name in str(annotations.get(RELOAD) or "").split(",")} - {""}


def _renewed(objects: Objects, namespace: str, secret: str) -> bool:
    row = declared_secrets().get(secret)
    return objects.find("KafkaUser", namespace, secret) is not None or (row is not None and row.made_by in RENEWED)
