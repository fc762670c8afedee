"""What alerts, dashboards and runbooks ask of Prometheus, and what the code exposes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import REGISTRY

import services.catalog.feed.metrics
import services.catalog.portals.metrics
import services.contracts.metrics
import services.eligibility.recheck.metrics
import services.notify.metrics
import services.ordering.metrics
import services.portal.metrics
import shared.bus.metrics
import shared.http.keys
import shared.http.observe
import shared.process.metrics
from deploy.checks.generic.render import go_environment

ROOT = Path(__file__).parents[3]
ALERTS = ROOT / "deploy" / "components" / "alerts"
RUNBOOKS = ROOT / "docs" / "runbooks"
MEASURING = (
    services.catalog.feed.metrics,
    services.catalog.portals.metrics,
    services.contracts.metrics,
    services.eligibility.recheck.metrics,
    services.notify.metrics,
    services.ordering.metrics,
    services.portal.metrics,
    shared.bus.metrics,
    shared.http.keys,
    shared.http.observe,
    shared.process.metrics,
)
TARGET_LABELS = frozenset({"namespace", "job", "instance", "pod", "le"})
"""Labels that Prometheus itself adds to a series of ours."""

OF_THE_PLATFORM: dict[str, frozenset[str]] = {
    "kafka_controller_kafkacontroller_offlinepartitionscount": frozenset(),
    "kafka_server_replicamanager_underminisrpartitioncount": frozenset(),
    "kafka_server_replicamanager_underreplicatedpartitions": frozenset(),
    "strimzi_certificate_expiration_timestamp_ms": frozenset({"cluster", "type", "resource_namespace"}),
    "kubelet_volume_stats_available_bytes": frozenset({"persistentvolumeclaim"}),
    "kubelet_volume_stats_capacity_bytes": frozenset({"persistentvolumeclaim"}),
    "kube_cronjob_created": frozenset({"cronjob"}),
    "kube_cronjob_status_last_successful_time": frozenset({"cronjob"}),
    "kube_job_failed": frozenset({"job_name", "condition"}),
}
"""Series of others with their labels: brokers with Strimzi's metrics reporter, Strimzi's operator, kubelet, kube-state-metrics."""

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
_KEYWORDS = frozenset({"and", "or", "unless"})
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert or a recording rule, with the file that it stands in."""

    file: str
    body: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the alert, or of what is recorded."""
        return str(self.body.get("alert") or self.body["record"])


def read(file: Path) -> Any:
    """Return what a YAML file holds, read by the parser in C: it is ten times as fast."""
    return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@cache
def _specs() -> dict[str, Any]:
    return {file.name: read(file)["spec"] for file in sorted(ALERTS.glob("*.yaml")) if file.name != "kustomization.yaml"}


def rules() -> list[Rule]:
    """Return every rule of the component."""
    return [Rule(file, body) for file, spec in _specs().items() for group in spec["groups"] for body in group["rules"]]


def alerts() -> list[Rule]:
    """Return the alerts."""
    return [rule for rule in rules() if "alert" in rule.body]


def exported() -> dict[str, frozenset[str]]:
    """Return the series that the code exposes, with their own labels, and those of the platform that alerts go by."""
    found: dict[str, frozenset[str]] = {}
    for module in MEASURING:
        for metric in vars(module).values():
            if hasattr(metric, "_labelnames") and hasattr(metric, "describe"):
                for family in metric.describe():
                    for suffix in _SUFFIXES[family.type]:
                        found[family.name + suffix] = frozenset(metric._labelnames)
    own = {sample.name for family in REGISTRY.collect() for sample in family.samples if sample.name.startswith("process_")}
    return found | dict.fromkeys(own, frozenset()) | OF_THE_PLATFORM


def series(expr: str) -> dict[str, set[str]]:
    """Return the names of the series that an expression reads, each with the labels that it is selected by."""
    selected: dict[str, set[str]] = {}
    bare = re.sub(r'"[^"]*"|\'[^\']*\'', '""', expr)
    for name, matchers in re.findall(r"([A-Za-z_:][\w:]*)\{([^}]*)\}", bare):
        selected.setdefault(name, set()).update(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
    rest = re.sub(r"\[[^\]]*\]", "", _GROUPING.sub("", re.sub(r"\{[^}]*\}", "", bare)))
    for name in re.findall(r"[A-Za-z_:][\w:]*(?![\w:]*\s*\()", rest):
        if name not in _KEYWORDS:
            selected.setdefault(name, set())
    return selected


def grouped_by(expr: str) -> set[str]:
    """Return the labels that an expression groups or joins by."""
    return {label.strip() for labels in _GROUPING.findall(expr) for label in labels.split(",") if label.strip()}


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool. Fails if it is not there: what it would prove is not proven."""
    program = shutil.which("promtool")
    assert program is not None, "promtool is not on the PATH: install it (Debian: the package prometheus)"
    return subprocess.run([program, *arguments], env=go_environment(), capture_output=True, text=True, check=False, timeout=300)


def lay_out(folder: Path, changed: dict[str, Any] | None = None) -> Path:
    """Write rule files and unit tests as promtool reads them; ``changed`` replaces the spec of single files. Returns the tests."""
    for name, spec in (_specs() | (changed or {})).items():
        (folder / name).write_text(json.dumps(spec), encoding="utf-8")  # which is YAML
    return Path(shutil.copytree(ALERTS / "tests", folder / "tests"))
