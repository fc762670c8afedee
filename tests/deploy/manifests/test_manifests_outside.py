"""The handbook's commands bring portals and partners in and out of an operator's overlay, and name what is there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.checks.generic.objects import Objects, items, mapping, name_of, text
from deploy.checks.generic.pods import selects
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.suite import check
from deploy.generate.outside import main

PAGE = DEPLOY.parent / "docs" / "betrieb" / "anbinden.md"
PARTS = ("base", "components", "overlays", "release")
OVERLAY = "deploy/overlays/hier"
GENERATE = "python -m deploy.generate.outside "


def commands(heading: str) -> list[str]:
    """Return the commands of the blocks below a heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as an operator has it, with a copy of the example that knows nobody outside, as working folder."""
    for part in PARTS:
        shutil.copytree(DEPLOY / part, tmp_path / "deploy" / part)
    hier = tmp_path / OVERLAY
    shutil.copytree(DEPLOY / "overlays" / "example-outside", hier)
    shutil.rmtree(hier / "outside")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(lines: list[str]) -> None:
    """Run those of the commands that write manifests."""
    ran = [main(line.removeprefix(GENERATE).split()) for line in lines if line.startswith(GENERATE)]
    assert ran
    assert set(ran) == {0}


def rendered(project: Path) -> Objects:
    return render(project / OVERLAY, project / "deploy")


def chosen(objects: Objects, label: str) -> set[tuple[str, str]]:
    """Return kind and name of the Kafka users and topics that a label selects."""
    key, _, value = label.partition("=")
    found: dict[str, Any] = {"matchLabels": {key: value}}
    return {
        (it["kind"], name_of(it))
        for it in objects.of("KafkaUser", "KafkaTopic")
        if selects(found, {name: str(label) for name, label in mapping(it, "metadata", "labels").items()})
    }


def test_two_commands_each_bring_a_portal_and_a_partner_in(project: Path) -> None:
    lines = commands("Aufnehmen")
    assert [line.split()[0] for line in lines] == ["python", "deploy/release/apply"] * 2
    assert {line for line in lines if not line.startswith(GENERATE)} == {f"deploy/release/apply {OVERLAY}"}
    assert (DEPLOY / "release" / "apply").exists()
    run(lines)
    objects = rendered(project)
    assert check(objects) == []
    users = {name_of(it): text(it, "spec", "authentication", "type") for it in objects.of("KafkaUser")}
    assert users["portal-nord"] == "tls"
    assert users["fachverfahren-sued"] == "scram-sha-512"


def test_what_is_handed_over_lies_where_the_page_says(project: Path) -> None:
    run(commands("Aufnehmen"))
    objects = rendered(project)
    users = {name_of(it): text(it, "spec", "authentication", "type") for it in objects.of("KafkaUser")}
    [kafka] = objects.of("Kafka")
    keys = {"tls": {"user.crt", "user.key"}, "scram-sha-512": {"password"}}
    fetched: dict[str, set[str]] = {}
    for line in commands("Übergeben"):
        if found := re.search(r"get secret (\S+) -o jsonpath='\{\.data\.(\S+?)\}'", line):
            fetched.setdefault(found[1], set()).add(found[2].replace("\\", ""))
        elif found := re.search(r"get kafka (\S+) .*@\.name==\"(\w+)\"", line):
            assert found[1] == name_of(kafka)
            assert found[2] in {text(it, "name") for it in items(kafka, "spec", "kafka", "listeners")}
        else:
            assert set(re.findall(r"kafkauser/(\S+)", line)) == {"portal-nord", "fachverfahren-sued"}
    assert fetched.pop(f"{name_of(kafka)}-cluster-ca-cert") == {"ca.crt"}
    assert fetched == {name: keys[users[name]] for name in ("portal-nord", "fachverfahren-sued")}


def test_two_commands_bring_a_partner_out_and_nobody_else(project: Path) -> None:
    run(commands("Aufnehmen"))
    before = rendered(project)
    remove, delete = commands("Abmelden")
    found = re.fullmatch(r'kubectl -n "\$NS" delete kafkauser,kafkatopic -l (\S+)', delete)
    assert found is not None
    gone = chosen(before, found[1])
    assert gone == {
        ("KafkaUser", "fachverfahren-sued"),
        ("KafkaTopic", "partner.fachverfahren-sued.orders.v1"),
        ("KafkaTopic", "partner.fachverfahren-sued.receipts.v1"),
    }
    run([remove])
    after = rendered(project)
    assert {(it["kind"], name_of(it)) for it in before} - {(it["kind"], name_of(it)) for it in after} == gone
    assert "fachverfahren-sued" not in str(list(after))
    assert check(after) == []


def test_the_page_finds_everybody_outside_by_one_label(project: Path) -> None:
    run(commands("Aufnehmen"))
    parts = {text(it, "metadata", "labels", "app.kubernetes.io/component") for it in rendered(project).of("KafkaUser")}
    assert {"portal", "partner"} <= parts
    assert "app.kubernetes.io/component in (portal, partner)" in PAGE.read_text(encoding="utf-8")
