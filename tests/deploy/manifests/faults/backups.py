"""Faults of what copies databases."""

from __future__ import annotations

from typing import Any

from deploy.checks.generic.objects import Document
from tests.deploy.manifests.faults import container, drop, in_, pod, put, with_
from tests.deploy.manifests.planting import Mutation

JOB = "recovery-backup"
MONGODUMP: dict[str, Any] = {
    "name": "mongodump",
    "image": "mongo:8.0",
    "command": ["mongodump", "--archive=/sicherung/dump"],
    "env": [{"name": "URL", "valueFrom": {"secretKeyRef": {"name": "catalog-store", "key": "url"}}}],
    "volumeMounts": [{"name": "backups", "mountPath": "/sicherung"}],
}
LS: dict[str, Any] = {"name": "ls", "image": "mongo:8.0", "volumeMounts": [{"name": "backups", "mountPath": "/sicherung"}]}


def _beside(spec: Document, *containers: Document, first: bool = False) -> None:
    spec.setdefault("initContainers" if first else "containers", []).extend(containers)


def _on_the_node(spec: Document) -> None:
    spec["volumes"].append({"name": "pipe", "emptyDir": {"sizeLimit": "1Mi"}})
    _beside(spec, {**MONGODUMP, "volumeMounts": [{"name": "pipe", "mountPath": "/pipe"}]})


def _in_two_steps(spec: Document) -> None:
    spec["volumes"].append({"name": "pipe", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}})
    _beside(spec, {**MONGODUMP, "volumeMounts": [{"name": "pipe", "mountPath": "/pipe"}]}, LS)


def _by_file(spec: Document) -> None:
    spec["volumes"].append({"name": "address", "secret": {"secretName": "catalog-store"}})
    mounts = [*MONGODUMP["volumeMounts"], {"name": "address", "mountPath": "/address", "readOnly": True}]
    _beside(spec, {**MONGODUMP, "env": [], "volumeMounts": mounts})


def _job_of_its_own() -> Document:
    """Return a CronJob that dumps straight onto a volume."""
    spec = {"containers": [MONGODUMP], "volumes": [{"name": "backups", "persistentVolumeClaim": {"claimName": "recovery"}}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "dump", "namespace": "marktplatz"},
        "spec": {"schedule": "15 1 * * *", "jobTemplate": {"spec": {"template": {"spec": spec}}}},
    }


FAULTS = (
    Mutation("dump straight onto a volume", with_(_job_of_its_own()), "backup-plain"),
    Mutation("dump beside an encrypted backup", pod(JOB, lambda it: _beside(it, MONGODUMP), "CronJob"), "backup-plain"),
    Mutation("dump before a backup", pod(JOB, lambda it: _beside(it, MONGODUMP, first=True), "CronJob"), "backup-plain"),
    Mutation("dump by a tool that another writes down", pod(JOB, _in_two_steps, "CronJob"), "backup-plain"),
    Mutation("dump into a folder on the node's disk", pod(JOB, _on_the_node, "CronJob"), "backup-plain"),
    Mutation("dump by a tool that has the password by file", pod(JOB, _by_file, "CronJob"), "backup-plain"),
    Mutation("backup without the ConfigMap of the keys", container(JOB, drop("envFrom", 2), "CronJob"), "backup-keys"),
    Mutation(
        "backup for no key",
        in_("ConfigMap", "backup-keys", put("data", "MARKTPLATZ_BACKUP_RECIPIENTS", value=" ")),
        "backup-keys",
    ),
    Mutation(
        "backup that may be plain",
        in_("ConfigMap", "backup-keys", put("data", "MARKTPLATZ_BACKUP_PLAIN", value="true")),
        "backup-keys",
    ),
)
