"""The handbook's tables are current and complete; its YAML is YAML, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.generic.objects import Objects
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.product.processes import process_of
from deploy.checks.product.settings import all_settings, variables_of
from deploy.generate import handbook
from deploy.generate.handbook_cluster import image_table, network_table, secret_table, security_table, workload_table
from deploy.generate.handbook_settings import duration, settings_table, texts, variables
from shared.http import limits

PAGES = sorted(handbook.FOLDER.glob("*.md"))
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.fixture(scope="module")
def production() -> Objects:
    return render(DEPLOY / handbook.OVERLAY)


def rows(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_every_table_is_current(production: Objects) -> None:
    assert handbook.stale(handbook.FOLDER, production) == []


def test_every_setting_of_every_class_appears_once(production: Objects) -> None:
    shown = re.findall(r"^\| `([A-Z0-9_]+)` \|", settings_table(production), re.MULTILINE)
    named = [variable.name for variable in variables()]
    assert sorted(shown) == sorted(named)
    assert len(set(named)) == len(named) == sum(len(settings.model_fields) for settings in all_settings())
    assert set(named) <= {name for settings in all_settings() for name in variables_of(settings)}


def test_no_text_is_left_over_of_a_setting_or_secret_that_is_gone(production: Objects) -> None:
    assert texts()["einstellungen"].keys() == {variable.name for variable in variables()}
    read = {row[0].strip("`") for row in rows(secret_table(production))[2:]}
    optional = {
        "<kafka-user>",
        "marktplatz-tls",
        "mongodb",
        "mongodb-backup",
        "mongodb-restore",
    }  # of components that production does not take
    assert texts()["secrets"].keys() - optional <= read


def test_a_setting_without_a_german_text_is_refused(production: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    found = texts()
    del found["einstellungen"]["KAFKA_LINGER"]
    monkeypatch.setattr("deploy.generate.handbook_settings.texts", lambda: found)
    with pytest.raises(KeyError, match="KAFKA_LINGER"):
        settings_table(production)


def test_every_workload_has_its_rows(production: Objects) -> None:
    names = {document["metadata"]["name"] for document in production.of("Deployment", "Job", "CronJob", "StatefulSet")}
    for table in (workload_table(production), security_table(production)):
        assert {row[0].strip("`") for row in rows(table)[2:]} == names


def test_every_network_policy_and_every_secret_of_a_pod_is_named(production: Objects) -> None:
    policies = {document["metadata"]["name"] for document in production.of("NetworkPolicy")}
    assert {row[0].strip("`") for row in rows(network_table(production))[2:]} == policies
    mounted = set(re.findall(r"secretName: ([a-z0-9-]+)", yaml.dump_all(production.documents)))
    assert mounted <= {row[0].strip("`") for row in rows(secret_table(production))[2:]}


def test_the_security_table_shows_what_is_wrong(production: Objects) -> None:
    documents: list[dict[str, Any]] = yaml.safe_load(yaml.dump(list(production.of("Deployment"))[:1]))
    container = documents[0]["spec"]["template"]["spec"]["containers"][0]
    container["securityContext"] = {"readOnlyRootFilesystem": False, "allowPrivilegeEscalation": True, "runAsUser": 0}
    (row,) = rows(security_table(Objects("planted", documents)))[2:]
    assert row[2].startswith("0:")
    assert row[4:7] == ["nein", "ja", "-"]


def test_an_image_without_a_digest_is_shown_without_one() -> None:
    pod = {"spec": {"template": {"spec": {"containers": [{"image": "registry.example/a/b:1.2"}]}}}}
    table = image_table(Objects("planted", [{"kind": "Deployment", "metadata": {"name": "x"}} | pod]))
    assert rows(table)[2:] == [["`registry.example/a/b`", "1.2", "-", "`x`"]]


def test_a_page_that_was_edited_is_named_and_mended(tmp_path: Path, production: Objects) -> None:
    for page in PAGES:
        (tmp_path / page.name).write_text(page.read_text("utf-8"), "utf-8")
    edited = tmp_path / "konfiguration.md"
    edited.write_text(edited.read_text("utf-8").replace("`PT25S`", "`PT99S`", 1), "utf-8")
    assert handbook.stale(tmp_path, production) == ["konfiguration.md"]
    assert handbook.write(tmp_path, production) == ["konfiguration.md"]
    assert handbook.stale(tmp_path, production) == []
    edited.unlink()
    with pytest.raises(handbook.HandbookError, match="einstellungen"):
        handbook.stale(tmp_path, production)


def test_a_table_that_does_not_exist_is_refused(tmp_path: Path, production: Objects) -> None:
    (tmp_path / "x.md").write_text("<!-- erzeugt: wetter -->\n<!-- ende: wetter -->\n", "utf-8")
    with pytest.raises(handbook.HandbookError, match="wetter"):
        handbook.pages(tmp_path, production)


@every_page
def test_the_yaml_of_a_page_is_yaml_and_its_containers_run_commands_that_exist(page: Path) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for document in yaml.safe_load_all(block):
            for container in document.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
                assert process_of(container).command


COMMANDS = [
    (page.name, command)
    for page in PAGES
    for command in re.findall(r"`?(?:^|`|; |\| )marktplatz ([a-z][^`\n#;]*)", page.read_text("utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[f"{page}: {command}" for page, command in COMMANDS])
def test_every_command_of_the_handbook_is_one(page: str, command: str) -> None:
    words = command.split()
    if words in (["restore"], ["backup"]):
        words.append("FOLDER")
    assert process_of({"args": words}).command, page


def test_the_handbook_names_commands_at_all() -> None:
    assert len(COMMANDS) > 10


@every_page
def test_every_link_between_pages_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


@every_page
def test_every_command_line_tool_call_of_python_names_a_module_that_exists(page: Path) -> None:
    for module in re.findall(r"python3? -m ([a-z_.]+)", page.read_text("utf-8")):
        assert (DEPLOY.parent / f"{module.replace('.', '/')}.py").exists() or (DEPLOY.parent / module.replace(".", "/")).is_dir()


def test_durations_are_written_as_they_are_read() -> None:
    from datetime import timedelta  # noqa: PLC0415 - only here

    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    for value in (
        timedelta(days=730),
        timedelta(minutes=10),
        timedelta(milliseconds=2),
        timedelta(seconds=90),
        timedelta(hours=2),
    ):
        assert TypeAdapter(timedelta).validate_python(duration(value)) == value


def test_the_steps_by_hand_delete_jobs_before_anything_compares_or_changes_them() -> None:
    page = (handbook.FOLDER / "upgrade.md").read_text(encoding="utf-8")
    steps = [
        "logs -l app.kubernetes.io/component=migration",
        "delete job",
        "kubectl diff",
        "kubectl apply",
        "wait job",
        "rollout status",
    ]
    [block] = [it for it in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "kubectl apply" in it]
    found = [block.index(step) for step in steps]
    assert found == sorted(found)
    assert "kubectl diff" not in page.partition(block)[2]


def test_what_a_way_in_may_bound_bodies_to_lets_every_file_through() -> None:
    page = (handbook.FOLDER / "eingang.md").read_text(encoding="utf-8")
    units = {"": 1, "m": 1024**2, "Mi": 1024**2}
    bounds = re.findall(r"`(?:requestBuffer\.limit|body\.maxSize|buffering\.maxRequestBodyBytes): (\d+)(Mi|m|)`", page)
    assert len(bounds) == 3
    assert {limits.UPLOAD_FORM_BYTES <= int(number) * units[unit] < 2 * limits.UPLOAD_FORM_BYTES for number, unit in bounds} == {
        True
    }


def test_a_restore_applies_topics_and_nothing_that_would_start(production: Objects) -> None:
    page = (handbook.FOLDER / "sicherung.md").read_text(encoding="utf-8")
    applied = [line for line in page.splitlines() if "apply -k" in line]
    assert applied
    assert all(line.endswith("-l $TOPICS") for line in applied)
    [selector] = re.findall(r"TOPICS=(\S+)", page)
    labels = dict(it.split("=") for it in selector.split(","))
    chosen = [it for it in production if labels.items() <= it["metadata"].get("labels", {}).items()]
    assert {it["kind"] for it in chosen} == {"KafkaTopic"}
    assert len(chosen) == len(production.of("KafkaTopic"))


@pytest.mark.parametrize("component", ["hpa", "keda"])
def test_who_takes_a_scaler_reads_that_the_number_must_be_handed_over(component: str) -> None:
    assert "betrieb.md#einen-skalierer-aufnehmen" in (DEPLOY / "components" / component / "README.md").read_text(encoding="utf-8")
    section = (handbook.FOLDER / "betrieb.md").read_text(encoding="utf-8").partition("### Einen Skalierer aufnehmen")[2]
    steps = ["view-last-applied", "del(.spec.replicas)", "set-last-applied", "--server-side", "wait kafka/marktplatz"]
    found = [section.index(step) for step in steps]
    assert found == sorted(found)
