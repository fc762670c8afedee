"""Alerts: what every rule must state, and promtool over the component ``deploy/components/alerts``.

The component holds PrometheusRule files and, in any folder below, promtool unit tests (files with a list ``tests``). Tests name
rule files by their path in the component; they see the groups of the PrometheusRule in place of the object.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, text, where
from deploy.checks.generic.render import DEPLOY, go_environment, read_yaml

COMPONENT = DEPLOY / "components" / "alerts"
RUNBOOKS = DEPLOY.parent / "docs" / "runbooks"
SEVERITIES = frozenset({"critical", "warning", "info"})
TIMEOUT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class AlertFiles:
    """The files of the component, by path inside of it."""

    rules: dict[Path, Document]
    tests: dict[Path, Document]


def discover(component: Path = COMPONENT) -> AlertFiles:
    """Return the rules and unit tests below a folder; none where there is no such folder."""
    rules: dict[Path, Document] = {}
    tests: dict[Path, Document] = {}
    for file in sorted([*component.rglob("*.yaml"), *component.rglob("*.yml")]):
        for document in read_yaml(file.read_text(encoding="utf-8")):
            if document.get("kind") == "PrometheusRule":
                rules[file.relative_to(component)] = document
            elif isinstance(document.get("tests"), list):
                tests[file.relative_to(component)] = document
    return AlertFiles(rules, tests)


def check_alert_rules(objects: Objects) -> Iterator[Finding]:
    """Check the alerts of an overlay: ``alert-severity``, ``alert-for``, ``alert-text``, ``alert-runbook``."""
    for rule in objects.of("PrometheusRule"):
        for alert in (it for group in items(rule, "spec", "groups") for it in items(group, "rules") if it.get("alert")):
            name = text(alert, "alert")
            if text(alert, "labels", "severity") not in SEVERITIES:
                yield Finding("alert-severity", where(rule), f"{name} needs a severity: {', '.join(sorted(SEVERITIES))}")
            if not text(alert, "for"):
                yield Finding("alert-for", where(rule), f"{name} needs 'for': a moment is no incident")
            if not text(alert, "annotations", "summary"):
                yield Finding("alert-text", where(rule), f"{name} needs a summary")
            page = RUNBOOKS / f"{name}.md"
            if not text(alert, "annotations", "runbook_url").rstrip("/").removesuffix(".md").endswith(name) or not page.is_file():
                yield Finding(
                    "alert-runbook",
                    where(rule),
                    f"{name} needs a runbook_url that ends in its name, and {page.name} in docs/runbooks",
                )


def check_alert_files(component: Path = COMPONENT) -> Iterator[Finding]:
    """Check the component as a whole: ``alert-promtool`` for rules and unit tests, ``alert-untested`` for alerts without one."""
    found = discover(component)
    if not found.rules:
        return
    tested = {
        text(it, "alertname")
        for document in found.tests.values()
        for test in items(document, "tests")
        for it in items(test, "alert_rule_test")
        if items(it, "exp_alerts")  # a test that it stays silent proves no alert
    }
    for path, rule in found.rules.items():
        for name in (
            text(it, "alert") for group in items(rule, "spec", "groups") for it in items(group, "rules") if it.get("alert")
        ):
            if name not in tested:
                yield Finding("alert-untested", path.as_posix(), f"no unit test expects {name}")
    yield from _promtool(found)


def _promtool(found: AlertFiles) -> Iterator[Finding]:
    promtool = shutil.which("promtool")
    if promtool is None:
        yield Finding(
            "alert-promtool",
            "deploy/components/alerts",
            "promtool is not on the PATH: install it (Debian: the package prometheus)",
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        for path, document in found.rules.items():
            _write(Path(folder) / path, mapping(document, "spec"))
        for path, document in found.tests.items():
            _write(Path(folder) / path, document)
        for command, paths in (("check", found.rules), ("test", found.tests)):
            for path in paths:
                done = subprocess.run(  # noqa: S603 - a fixed command
                    [promtool, command, "rules", str(Path(folder) / path)],
                    env=go_environment(),
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=TIMEOUT_SECONDS,
                )
                if done.returncode:
                    yield Finding(
                        "alert-promtool", path.as_posix(), (done.stderr + done.stdout).replace(folder, "").strip()[:600]
                    )


def _write(path: Path, document: Document) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False, width=1000), encoding="utf-8")
