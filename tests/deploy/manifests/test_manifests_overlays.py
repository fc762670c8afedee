"""What holds for the overlays as a set, and what the command says that judges them.

That each is built and free of faults is what ``python -m deploy.checks`` finds out, which `make manifests` runs before these tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.checks.__main__ import main
from deploy.checks.generic.render import DEPLOY, RenderError, kustomizations, label, read_yaml, render

FOLDERS = kustomizations()


def parts_of(folder: Path) -> set[Path]:
    """Return a kustomization's folder and those that it is made of."""
    [kustomization] = read_yaml((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    entries = [*kustomization.get("resources", []), *kustomization.get("components", [])]
    below = [path for entry in entries if (path := (folder / entry).resolve()).is_dir()]
    return {folder, *(part for path in below for part in parts_of(path))}


def test_the_four_overlays_are_there() -> None:
    assert {"overlays/dev", "overlays/staging", "overlays/prod", "overlays/airgap"} <= {label(folder) for folder in FOLDERS}


def test_every_component_is_built_in_some_combination() -> None:
    components = {file.parent.resolve() for file in (DEPLOY / "components").rglob("kustomization.yaml")}
    assert sorted(it.name for it in components - {it for folder in FOLDERS for it in parts_of(folder)}) == []


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
