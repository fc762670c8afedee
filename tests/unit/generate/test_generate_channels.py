"""What exists once per channel is written from the list of channels; what is out of date is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from deploy.generate import channels as generator
from deploy.generate.deployments import DEPLOYMENTS
from marktplatz.assembly import BUILDERS, SITES
from shared.messages.values import Channel


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    """Return a copy of the generated files."""
    for name in generator.files():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(generator.DEPLOY / name, tmp_path / name)
    return tmp_path


def test_the_files_are_up_to_date() -> None:
    assert generator.stale() == []


def test_each_channel_has_a_processor_of_its_own() -> None:
    for channel in Channel:
        text = generator.files()[f"{generator.PROCESSORS}/{channel.value}.yaml"]
        objects = list(yaml.safe_load_all(text))
        assert {it["metadata"]["name"] for it in objects} == {f"contracts-{channel.value}"}
        (deployment,) = [it for it in objects if it["kind"] == "Deployment"]
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["args"] == ["run", "contracts", "worker", "--channel", channel.value]
        assert "CHANNEL" not in text


def test_each_processor_is_missed_by_an_alert_of_its_own_that_the_unit_tests_see_firing() -> None:
    files = generator.files()
    (group,) = yaml.safe_load(files[generator.ALERTS])["spec"]["groups"]
    assert [rule["labels"]["channel"] for rule in group["rules"]] == [channel.value for channel in Channel]
    tests = yaml.safe_load(files[generator.ALERT_TESTS])["tests"]
    fired = [
        alert["exp_labels"]["channel"] for test in tests for check in test["alert_rule_test"] for alert in check["exp_alerts"]
    ]
    assert set(fired) == {channel.value for channel in Channel}


def test_flux_waits_for_every_migration_and_every_deployment() -> None:
    checks = yaml.safe_load(generator.files()[generator.FLUX])["spec"]["healthChecks"]
    names = {(check["kind"], check["name"]) for check in checks}
    assert names == {("Job", f"{name.value}-migrate") for name in BUILDERS} | {
        ("Deployment", name) for name in (*(it.name for it in DEPLOYMENTS), *SITES)
    }


def test_a_missing_a_changed_and_a_left_over_file_are_named_and_mended(deploy: Path) -> None:
    missing, changed = (deploy / generator.PROCESSORS / f"{channel.value}.yaml" for channel in list(Channel)[:2])
    missing.unlink()
    changed.write_text(changed.read_text(encoding="utf-8").replace("replicas: 2", "replicas: 3"), encoding="utf-8")
    left_over = deploy / generator.PROCESSORS / "former.yaml"
    left_over.write_text("kind: Deployment\n", encoding="utf-8")
    flux = deploy / generator.FLUX
    flux.write_text(flux.read_text(encoding="utf-8").replace("name: contracts-fitko", "name: contracts-former"), encoding="utf-8")
    wrong = sorted(str(file.relative_to(deploy)) for file in (missing, changed, left_over, flux))
    assert generator.stale(deploy) == wrong
    assert generator.write(deploy) == wrong
    assert generator.stale(deploy) == []
    assert not left_over.exists()
    assert missing.exists()


@pytest.mark.parametrize("read", [generator.awaited, generator.grouped])
def test_a_file_without_the_place_to_write_to_is_refused(read: object) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match="needs one"):
        read("kind: Kustomization\n")
