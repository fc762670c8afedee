"""What an overlay holds has an effect: kustomize itself is silent about patches and images that find nothing.

Over every kustomization this is part of ``python -m deploy.checks``.
"""

from __future__ import annotations

from pathlib import Path

from deploy.checks.generic.idle import check_idle

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}\n"
PATCHES = """
resources: [../../base]
patches:
  - {target: {kind: ConfigMap, name: a}, patch: "- {op: replace, path: /data/b, value: d}"}
  - {target: {kind: ConfigMap, name: other}, patch: "- {op: replace, path: /data/b, value: d}"}
images:
  - {name: nothing, newTag: "1"}
"""


CHAIN = """
resources: [../../base]
patches:
  - {target: {kind: ConfigMap, name: a}, patch: "- {op: add, path: /metadata/labels, value: {c: d}}"}
  - {target: {kind: ConfigMap, labelSelector: c=d}, patch: "- {op: replace, path: /data/b, value: e}"}
"""


def idle_in(deploy: Path, kustomization: str) -> list[str]:
    for path, content in (
        ("base/a.yaml", MAP),
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        ("overlays/x/kustomization.yaml", kustomization),
    ):
        (deploy / path).parent.mkdir(parents=True, exist_ok=True)
        (deploy / path).write_text(content, encoding="utf-8")
    return [finding.text.partition(" reaches")[0] for finding in check_idle(deploy / "overlays" / "x", deploy)]


def test_patches_and_images_that_find_nothing_are_reported(tmp_path: Path) -> None:
    assert idle_in(tmp_path, PATCHES) == ["patches[1]", "images[0]"]


def test_a_patch_that_reaches_what_the_one_before_it_made_is_not_idle(tmp_path: Path) -> None:
    assert idle_in(tmp_path, CHAIN) == []
