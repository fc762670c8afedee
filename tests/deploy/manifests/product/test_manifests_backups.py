"""What the component ``backup`` delivers holds the rules on backups, and every way out of them is caught there too."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest

from deploy.checks.generic.objects import Objects
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.product.backups import check_backups
from tests.deploy.manifests.faults import Change, drop, get, put

OVERLAY = "tests/everything"
DUMP, RESTORE = "mongodb-backup", "mongodb-restore"


@lru_cache(maxsize=1)
def everything() -> Objects:
    return render(DEPLOY / OVERLAY)


def codes(name: str, change: Callable[[Any], object]) -> set[str]:
    """Return what the rules find after a change of a CronJob's pod."""
    documents = copy.deepcopy(list(everything().documents))
    change(get(documents, "CronJob", name)["spec"]["jobTemplate"]["spec"]["template"]["spec"])
    assert documents != list(everything().documents)
    return {finding.code for finding in check_backups(Objects(OVERLAY, documents))}


def at(container: int, change: Change) -> Callable[[Any], object]:
    return lambda spec: change(spec["containers"][container])


def mounting(volume: str) -> Callable[[Any], object]:
    return lambda spec: spec["containers"][0]["volumeMounts"].append({"name": volume, "mountPath": "/there"})


def on_disk(spec: Any) -> None:
    del next(it for it in spec["volumes"] if it["name"] == "pipe")["emptyDir"]["medium"]


def test_as_it_is_delivered_every_rule_holds() -> None:
    assert list(check_backups(everything())) == []


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        (DUMP, mounting("backup"), "backup-plain"),
        (DUMP, mounting("tmp-seal"), "backup-plain"),
        (DUMP, on_disk, "backup-plain"),
        (DUMP, at(1, drop("envFrom", 0)), "backup-keys"),
        (DUMP, at(1, put("env", value=[{"name": "MARKTPLATZ_BACKUP_PLAIN", "value": "1"}])), "backup-keys"),
        (RESTORE, mounting("backup"), "backup-plain"),
        (RESTORE, on_disk, "backup-plain"),
    ],
    ids=["the claim", "a folder of the node", "the pipe on a disk", "no keys", "plain", "claim of a restore", "restore by disk"],
)
def test_a_way_past_the_encryption_is_a_fault(name: str, change: Callable[[Any], object], code: str) -> None:
    assert codes(name, change) == {code}
