"""A further channel is its file and its module: what is generated of them builds, and every check holds over it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.generic.crds import FOLDER_SETTING, folder
from tests.support.third_channel import CHANNEL, Copy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
PROCESSOR = f"contracts-{CHANNEL}"
GENERATORS = (
    "shared.schemas.generate",
    "deploy.generate.topics",
    "deploy.generate.channels",
    "deploy.generate.dashboards",
    "deploy.generate.handbook",
)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Return a copy after ``make generated``."""
    copy = Copy(tmp_path_factory.mktemp("copy"))
    for module in GENERATORS:
        copy.succeed(module)
    return copy


@pytest.fixture(scope="module")
def production(generated: Copy) -> list[dict[str, Any]]:
    """Return the objects of production."""
    overlay = str(generated.folder / "deploy" / "overlays" / "prod")
    done = subprocess.run(["kubectl", "kustomize", overlay], capture_output=True, text=True, check=True, timeout=120)
    return list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))


@pytest.fixture(autouse=True)
def definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the copy use the custom resource definitions that lie beside the project."""
    monkeypatch.setenv(FOLDER_SETTING, str(folder().resolve()))


def test_the_checks_notice_that_the_processor_is_not_generated(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.succeed("deploy.generate.topics")
    no_processor = copy.run("deploy.checks", "overlays/prod")
    assert no_processor.returncode == 1
    assert f"there is no Deployment '{PROCESSOR}'" in no_processor.stdout


def test_every_check_holds_over_production_and_over_every_component_at_once(generated: Copy) -> None:
    done = generated.run("deploy.checks", "overlays/prod", "tests/everything", "gitops/flux/marktplatz", timeout=900)
    assert done.returncode == 0, done.stdout[-6000:]


def test_the_processor_has_a_deployment_an_account_a_user_and_rights_of_its_own(production: list[dict[str, Any]]) -> None:
    kinds = {it["kind"] for it in production if it["metadata"]["name"] == PROCESSOR}
    expected = {"Deployment", "ServiceAccount", "Service", "PodDisruptionBudget", "NetworkPolicy", "KafkaUser", "ScaledObject"}
    assert kinds == expected
    (user,) = [it for it in production if it["kind"] == "KafkaUser" and it["metadata"]["name"] == PROCESSOR]
    read = {acl["resource"]["name"] for acl in user["spec"]["authorization"]["acls"] if "Read" in acl["operations"]}
    groups = tuple(f"contracts.{CHANNEL}{of}" for of in ("", ".offerings", ".uses"))
    replays = [f"{group}.replay" for group in groups]
    assert read == {
        *groups,
        *replays,
        f"contracts.{CHANNEL}.request.v1",
        "catalog.offering.v1",
        "catalog.provision.v1",
        "eligibility.award.v1",
        "eligibility.organisation.v1",
        "ordering.order.v1",
    }


def test_topics_and_alert_of_the_channel_are_there(production: list[dict[str, Any]]) -> None:
    topics = {it["metadata"]["name"] for it in production if it["kind"] == "KafkaTopic"}
    assert {f"contracts.{CHANNEL}.{name}" for name in ("request.v1", "dlq", "replay")} <= topics
    rules = [
        rule for it in production if it["kind"] == "PrometheusRule" for group in it["spec"]["groups"] for rule in group["rules"]
    ]
    assert [rule for rule in rules if rule.get("labels", {}).get("channel") == CHANNEL]


def test_no_generated_file_is_left_out_of_date(generated: Copy) -> None:
    for module in GENERATORS:
        generated.succeed(module, "--check")
