"""What an overlay says has an effect: kustomize itself is silent about patches and images that find nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.checks.generic.idle import check_idle
from deploy.checks.generic.render import kustomizations, label

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}\n"
PATCHES = """
resources: [../../base]
patches:
  - {target: {kind: ConfigMap, name: a}, patch: "- {op: replace, path: /data/b, value: d}"}
  - {target: {kind: ConfigMap, name: other}, patch: "- {op: replace, path: /data/b, value: d}"}
images:
  - {name: nothing, newTag: "1"}
"""


@pytest.mark.parametrize("folder", [it for it in kustomizations() if label(it).startswith("overlays/")], ids=label)
def test_every_entry_of_an_overlay_reaches_something(folder: Path) -> None:
    assert [str(finding) for finding in check_idle(folder)] == []


def test_patches_and_images_that_find_nothing_are_reported(tmp_path: Path) -> None:
    for path, content in (
        ("base/a.yaml", MAP),
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        ("overlays/x/kustomization.yaml", PATCHES),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    found = [finding.text.partition(" reaches")[0] for finding in check_idle(tmp_path / "overlays" / "x", tmp_path)]
    assert found == ["patches[1]", "images[0]"]
