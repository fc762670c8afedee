"""Who keeps running when room is short: what holds data before contracts, contracts before all other processes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from deploy.checks.generic.objects import Document, Finding, Objects, name_of, number, text, where
from deploy.checks.generic.pods import Workload, workloads
from deploy.checks.generic.render import DEPLOY, read_yaml
from deploy.checks.product.processes import ArgumentsError, is_ours, process_of
from marktplatz.assembly import ServiceName

CLASSES = DEPLOY / "components" / "priority" / "classes" / "priorityclasses.yaml"
"""Classes that the owner of the cluster makes where an overlay only uses them."""

DATA, CONTRACTS, REST = 2, 1, 0
_NAMES = {DATA: "what holds data", CONTRACTS: "contracts"}


def check_priorities(objects: Objects) -> Iterator[Finding]:
    """Check pods with a class and, where any has one, the order: ``priority-class``, ``priority-order``, ``priority-default``."""
    values = delivered() | {name_of(it): number(it, "value") or 0 for it in objects.of("PriorityClass")}
    for made in objects.of("PriorityClass"):
        if made.get("globalDefault"):
            yield Finding("priority-default", where(made), "must not be the default of everybody's pods in the cluster")
    pods = list(_pods(objects))
    for by, _, name in pods:
        if name and name not in values:
            yield Finding("priority-class", by, f"there is no PriorityClass '{name}': the pods would not be made")
    if not any(name for _, _, name in pods):
        return
    for level in (DATA, CONTRACTS):
        below = max((values.get(name, 0) for _, other, name in pods if other < level), default=None)
        for by, own, name in pods:
            if own == level and below is not None and values.get(name, 0) <= below:
                yield Finding(
                    "priority-order", by, f"must come before others: {_NAMES[level]} has {values.get(name, 0)}, they {below}"
                )


@lru_cache(maxsize=1)
def delivered(path: Path = CLASSES) -> dict[str, int]:
    """Return the values of the delivered classes by name."""
    return {name_of(it): number(it, "value") or 0 for it in read_yaml(path.read_text(encoding="utf-8"))}


def _pods(objects: Objects) -> Iterator[tuple[str, int, str]]:
    """Yield what runs for good: who makes the pods, their level and the name of their class."""
    for pool in objects.of("KafkaNodePool"):
        yield where(pool), DATA, text(pool, "spec", "template", "pod", "priorityClassName")
    for workload in workloads(objects):
        if workload.serves:
            yield workload.where, _level(workload), text(workload.spec, "priorityClassName")


def _level(workload: Workload) -> int:
    if workload.kind == "StatefulSet":
        return DATA
    return CONTRACTS if any(_of_contracts(it) for it in workload.containers if is_ours(it)) else REST


def _of_contracts(container: Document) -> bool:
    try:
        return process_of(container).service == ServiceName.CONTRACTS
    except ArgumentsError:  # reported as such
        return False
