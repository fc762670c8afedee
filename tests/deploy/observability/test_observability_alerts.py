"""Every alert states what it must, has a runbook, and fires when and only when it should."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.generate.deployments import DEPLOYMENTS
from marktplatz.assembly import SITES, RoleName
from shared.messages.values import Channel
from shared.topics import contract_group
from tests.deploy.observability.promql import ALERTS, RUNBOOKS, Rule, alerts, lay_out, promtool, read, rules

EVERY_ALERT = pytest.mark.parametrize("alert", alerts(), ids=lambda rule: rule.name)
NAMES = sorted({rule.name for rule in alerts()})
SECTIONS = ["Symptom", "Bedeutung", "Handeln oder nicht", "Reichweite", "Diagnose", "Behebung", "Rückweg", "Prüfen"]
TEST_FILES = sorted((ALERTS / "tests").glob("*.yaml"))


@cache
def unit_tests() -> list[dict[str, Any]]:
    return [check for file in TEST_FILES for test in read(file)["tests"] for check in test["alert_rule_test"]]


def body(name: str) -> str:
    return "\n".join(rule.body["expr"] for rule in alerts() if rule.name == name)


def test_rules_are_valid(tmp_path: Path) -> None:
    lay_out(tmp_path)
    done = promtool("check", "rules", *(str(file) for file in sorted(tmp_path.glob("*.yaml"))))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.stem)
def test_alerts_fire_and_keep_silent_as_their_unit_tests_say(file: Path, tmp_path: Path) -> None:
    done = promtool("test", "rules", str(lay_out(tmp_path) / file.name))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_is_seen_firing_and_seen_silent(name: str) -> None:
    expected = [bool(check["exp_alerts"]) for check in unit_tests() if check["alertname"] == name]
    assert True in expected
    assert False in expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", [{"expr": "vector(1) > 2"}, {"for": "30d"}, {"labels": {"severity": "info"}}], ids=str)
def test_the_unit_tests_notice_a_broken_alert(name: str, change: dict[str, Any], tmp_path: Path) -> None:
    (file,) = {rule.file for rule in alerts() if rule.name == name}
    alone = [{**rule.body, **change} for rule in alerts() if rule.name == name]
    tests = lay_out(tmp_path, {file: {"groups": [{"name": name, "rules": alone}]}})
    only_firing(name, tests / file)
    done = promtool("test", "rules", str(tests / file))
    assert done.returncode != 0
    assert f"alertname: {name}, time: " in done.stdout + done.stderr


def only_firing(name: str, file: Path) -> None:
    """Leave of a file of unit tests where one alert fires soonest, as a broken one does not: promtool takes seconds for the rest."""
    content = read(file)
    firing = [
        (minutes(check["eval_time"]), {**test, "alert_rule_test": [check]})
        for test in content["tests"]
        for check in test["alert_rule_test"]
        if check["alertname"] == name and check["exp_alerts"]
    ]
    _, soonest = min(firing, key=lambda it: it[0])
    file.write_text(json.dumps({**content, "tests": [soonest]}), encoding="utf-8")


def minutes(duration: str) -> int:
    return int(duration[:-1]) * {"m": 1, "h": 60}[duration[-1]]


@EVERY_ALERT
def test_an_alert_says_how_grave_it_is_what_is_wrong_and_where_to_read_on(alert: Rule) -> None:
    assert alert.name.startswith("Marktplatz")
    assert alert.body["labels"]["severity"] in {"critical", "warning"}
    assert set(alert.body["annotations"]) == {"summary", "description", "runbook_url"}
    assert len(alert.body["annotations"]["summary"]) <= 80
    assert alert.body["annotations"]["runbook_url"] == f"https://marktplatz.example/runbooks/{alert.name}.md"


@EVERY_ALERT
def test_an_alert_waits_five_minutes_at_least(alert: Rule) -> None:
    minutes = re.fullmatch(r"(\d+)m", alert.body["for"])
    assert minutes is not None
    assert int(minutes[1]) >= 5


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    assert sorted(page.stem for page in RUNBOOKS.glob("*.md") if page.stem != "README") == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_runbook_has_all_its_sections(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS
    assert all(part.strip() for part in parts[2::2])
    assert "```sh\n" in parts[2 + 2 * SECTIONS.index("Diagnose")]


def test_every_process_is_missed_when_it_is_gone() -> None:
    missed = set(
        re.findall(
            r'unless on \(namespace\) marktplatz_ready\{job="([\w-]+)", check="started"\}', body("MarktplatzProcessMissing")
        )
    )
    assert missed == {process.name for process in DEPLOYMENTS if process.channel is None} | set(SITES)
    processors = set(re.findall(r'group="([\w.]+)"', body("MarktplatzContractProcessorDown")))
    assert processors == {contract_group(channel) for channel in Channel}
    channels = {rule.body["labels"]["channel"] for rule in alerts() if rule.name == "MarktplatzContractProcessorDown"}
    assert channels == {channel.value for channel in Channel}


def test_the_http_rules_select_the_apis_and_the_portal_and_nothing_else() -> None:
    selectors = {match for rule in rules() for match in re.findall(r'\bjob=~"([^"]+)"', rule.body["expr"])}
    (selector,) = selectors
    assert {name for name in (*(process.name for process in DEPLOYMENTS), *SITES) if re.fullmatch(selector, name)} == {
        *(process.name for process in DEPLOYMENTS if process.role is RoleName.API),
        *SITES,
    }


def test_the_component_renders_and_its_runbook_links_are_changed_as_the_readme_says(tmp_path: Path) -> None:
    (snippet,) = re.findall(r"```yaml\n(.*?)```", (ALERTS / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    overlay = tmp_path / "deploy" / "overlays" / "mine"
    overlay.mkdir(parents=True)
    (tmp_path / "deploy" / "components").symlink_to(ALERTS.parent)
    kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\ncomponents: [../../components/alerts]\n"
    (overlay / "kustomization.yaml").write_text(kustomization + snippet, encoding="utf-8")
    done = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=True, timeout=300)
    rendered = [
        document for document in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if document["kind"] == "PrometheusRule"
    ]
    assert len(rendered) == len({rule.file for rule in rules()})
    links = [
        rule["annotations"]["runbook_url"]
        for document in rendered
        for group in document["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert sorted(links) == sorted(f"https://handbuch.rechenzentrum.example/runbooks/{rule.name}.md" for rule in alerts())
