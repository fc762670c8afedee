"""Alerts must state how bad, how long, what and where to read on, and must have been tried by promtool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.generic import alerts
from deploy.checks.generic.alerts import check_alert_files, check_alert_rules, discover
from deploy.checks.generic.objects import Objects

ALERT: dict[str, Any] = {
    "alert": "QueueStands",
    "expr": "queue_age_seconds > 60",
    "for": "5m",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "The queue stands.", "runbook_url": "https://docs.example/runbooks/QueueStands.md"},
}
TEST: dict[str, Any] = {
    "rule_files": ["rules.yaml"],
    "evaluation_interval": "1m",
    "tests": [
        {
            "interval": "1m",
            "input_series": [{"series": "queue_age_seconds", "values": "0+60x20"}],
            "alert_rule_test": [
                {"eval_time": "1m", "alertname": "QueueStands", "exp_alerts": []},
                {
                    "eval_time": "12m",
                    "alertname": "QueueStands",
                    "exp_alerts": [{"exp_labels": {"severity": "critical"}, "exp_annotations": ALERT["annotations"]}],
                },
            ],
        }
    ],
}


def rule(**changes: Any) -> dict[str, Any]:
    alert = {key: value for key, value in {**ALERT, **changes}.items() if value is not None}
    return {"kind": "PrometheusRule", "metadata": {"name": "a"}, "spec": {"groups": [{"name": "a", "rules": [alert]}]}}


def component(folder: Path, rules: dict[str, Any], test: dict[str, Any] | None = None) -> Path:
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    if test is not None:
        (folder / "rules.test.yaml").write_text(yaml.safe_dump(test), encoding="utf-8")
    return folder


@pytest.fixture
def _runbook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "QueueStands.md").write_text("# QueueStands\n", encoding="utf-8")
    monkeypatch.setattr(alerts, "RUNBOOKS", tmp_path)


@pytest.mark.usefixtures("_runbook")
def test_an_alert_that_says_everything_passes() -> None:
    assert list(check_alert_rules(Objects("a", [rule()]))) == []


@pytest.mark.usefixtures("_runbook")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"labels": {"severity": "bad"}}, "alert-severity"),
        ({"labels": None}, "alert-severity"),
        ({"for": None}, "alert-for"),
        ({"annotations": {"runbook_url": "https://docs.example/QueueStands.md"}}, "alert-text"),
        ({"annotations": {"summary": "a"}}, "alert-runbook"),
        ({"annotations": {"summary": "a", "runbook_url": "https://docs.example/Other.md"}}, "alert-runbook"),
    ],
)
def test_what_an_alert_does_not_say_is_reported(changes: dict[str, Any], code: str) -> None:
    assert [finding.code for finding in check_alert_rules(Objects("a", [rule(**changes)]))] == [code]


def test_an_alert_without_its_page_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(alerts, "RUNBOOKS", tmp_path)
    assert [finding.code for finding in check_alert_rules(Objects("a", [rule()]))] == ["alert-runbook"]


def test_rules_and_tests_are_found_and_run(tmp_path: Path) -> None:
    found = discover(component(tmp_path, rule(), TEST))
    assert [path.name for path in found.rules] == ["rules.yaml"]
    assert [path.name for path in found.tests] == ["rules.test.yaml"]
    assert [str(finding) for finding in check_alert_files(tmp_path)] == []


def test_an_alert_that_no_test_expects_is_reported(tmp_path: Path) -> None:
    assert [finding.code for finding in check_alert_files(component(tmp_path, rule()))] == ["alert-untested"]


def test_an_expression_that_is_none_is_reported(tmp_path: Path) -> None:
    codes = [finding.code for finding in check_alert_files(component(tmp_path, rule(expr="queue_age_seconds >"), TEST))]
    assert set(codes) == {"alert-promtool"}


def test_an_alert_that_fires_otherwise_than_its_test_says_is_reported(tmp_path: Path) -> None:
    codes = [finding.code for finding in check_alert_files(component(tmp_path, rule(expr="queue_age_seconds > 6000"), TEST))]
    assert codes == ["alert-promtool"]


def test_without_promtool_nothing_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ["install it" in finding.text for finding in check_alert_files(component(tmp_path, rule(), TEST))] == [True]
