"""Every overlay and every test combination is built and free of faults."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from deploy.checks.__main__ import main
from deploy.checks.generic.alerts import check_alert_files
from deploy.checks.generic.objects import Objects
from deploy.checks.generic.overridable import check_overridable
from deploy.checks.generic.render import DEPLOY, RenderError, kustomizations, label, read_yaml, render
from deploy.checks.product.network import check_declared_names
from deploy.checks.product.rights import check_needless_rights
from deploy.checks.suite import check

FOLDERS = kustomizations()


@cache
def rendered(folder: Path) -> Objects:
    return render(folder)


def parts_of(folder: Path) -> set[Path]:
    """Return a kustomization's folder and those that it is made of."""
    [kustomization] = read_yaml((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    entries = [*kustomization.get("resources", []), *kustomization.get("components", [])]
    below = [path for entry in entries if (path := (folder / entry).resolve()).is_dir()]
    return {folder, *(part for path in below for part in parts_of(path))}


@pytest.mark.parametrize("folder", FOLDERS, ids=label)
def test_it_builds_and_holds_every_rule(folder: Path) -> None:
    assert [str(finding) for finding in check(rendered(folder))] == []


@pytest.mark.parametrize("folder", [it for it in FOLDERS if label(it).startswith("overlays/")], ids=label)
def test_an_operator_can_replace_every_image_and_annotate_every_object(folder: Path) -> None:
    assert [str(finding) for finding in check_overridable(rendered(folder))] == []


def test_the_four_overlays_are_there() -> None:
    assert {"overlays/dev", "overlays/staging", "overlays/prod", "overlays/airgap"} <= {label(folder) for folder in FOLDERS}


def test_every_component_is_built_in_some_combination() -> None:
    components = {file.parent.resolve() for file in (DEPLOY / "components").rglob("kustomization.yaml")}
    assert sorted(it.name for it in components - {it for folder in FOLDERS for it in parts_of(folder)}) == []


def test_every_declared_flow_counts_somewhere() -> None:
    assert list(check_declared_names(rendered(folder) for folder in FOLDERS)) == []


def test_every_right_that_is_granted_is_needed_somewhere() -> None:
    assert list(check_needless_rights(rendered(folder) for folder in FOLDERS)) == []


def test_the_alerts_hold() -> None:
    assert [str(finding) for finding in check_alert_files()] == []


def test_the_command_line_names_an_unknown_overlay(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["overlays/porduction"]) == 1
    assert "there is no overlays/porduction" in capsys.readouterr().err


def test_without_kubectl_and_kustomize_the_failure_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KUSTOMIZE", raising=False)
    with pytest.raises(RenderError, match="Neither kubectl nor kustomize"):
        render(FOLDERS[0])


def test_an_overlay_that_does_not_build_says_why(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [missing.yaml]\n", encoding="utf-8")
    with pytest.raises(RenderError, match=r"does not build.*missing\.yaml"):
        render(tmp_path, tmp_path.parent)


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(RenderError, match="given twice"):
        read_yaml("a: 1\na: 2\n")


def test_dates_stay_texts() -> None:
    assert read_yaml("day: 2026-11-24") == [{"day": "2026-11-24"}]
