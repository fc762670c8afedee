"""Backups: what is read from a database lies on no volume in plain text."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.environment import plain_values
from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, text
from deploy.checks.generic.pods import Workload, workloads
from deploy.checks.product.processes import ArgumentsError, is_ours, process_of
from deploy.checks.product.secrets import declared_secrets

RECIPIENTS, PLAIN = "MARKTPLATZ_BACKUP_RECIPIENTS", "MARKTPLATZ_BACKUP_PLAIN"
ENCRYPTING = frozenset({"backup", "seal"})
"""Commands that encrypt what they write, for the recipients."""
_NO = frozenset({"", "0", "false", "no", "off", "f", "n"})


def check_backups(objects: Objects) -> Iterator[Finding]:
    """Check every job: ``backup-plain`` for a tool that may write elsewhere than to memory, ``backup-keys`` for ours."""
    for workload in workloads(objects):
        if workload.serves:
            continue
        lasting = {text(it, "name") for it in items(workload.spec, "volumes") if _lasts(it)}
        tool = next((it for it in workload.all_containers if not is_ours(it) and _reads_database(workload, it)), None)
        for container in workload.all_containers:
            written = sorted(lasting & _written(container))
            if is_ours(container):
                yield from _keys(objects, workload, container) if written else ()
            elif tool is not None and written:
                message = (
                    f"'{text(container, 'name')}' may write to {', '.join(written)} where '{text(tool, 'name')}' reads a "
                    "database: only the product encrypts; beside it are memory (emptyDir, medium Memory) and pipes to 'seal'"
                )
                yield Finding("backup-plain", workload.where, message)


def _keys(objects: Objects, workload: Workload, container: Document) -> Iterator[Finding]:
    try:
        process = process_of(container)
    except ArgumentsError:  # reported by the check of settings
        return
    if process.command not in ENCRYPTING and not process.all_stores:
        return
    values = plain_values(objects, workload.namespace, container)
    if not values.get(RECIPIENTS, "").strip():
        yield Finding("backup-keys", workload.where, f"without {RECIPIENTS} (ConfigMap 'backup-keys') no backup is encrypted")
    if values.get(PLAIN, "").strip().lower() not in _NO:
        yield Finding("backup-keys", workload.where, f"{PLAIN} allows backups in plain text")


def _lasts(volume: Document) -> bool:
    """Return whether what is written to a volume may reach a disk."""
    if "emptyDir" in volume:
        return text(volume, "emptyDir", "medium") != "Memory"
    return not volume.keys() & {"configMap", "secret", "downwardAPI", "projected"}


def _written(container: Document) -> set[str]:
    mounts = [*items(container, "volumeMounts"), *items(container, "volumeDevices")]
    return {text(it, "name") for it in mounts if not it.get("readOnly")}


def _reads_database(workload: Workload, container: Document) -> bool:
    """Return whether a container is given the address of a database, which holds its password."""
    addresses = {row.name for row in declared_secrets().values() if row.keys == {"url"}}
    mounted = {text(it, "name") for it in items(container, "volumeMounts")}
    volumes = [it for it in items(workload.spec, "volumes") if text(it, "name") in mounted]
    given = {text(it, "valueFrom", "secretKeyRef", "name") for it in items(container, "env")}
    given |= {text(it, "secretRef", "name") for it in items(container, "envFrom")}
    for volume in volumes:
        sources = (volume, *items(volume, "projected", "sources"))
        given |= {text(mapping(it, "secret"), key) for it in sources for key in ("secretName", "name")}
    return bool(addresses & given)
