"""An overlay that names one image by its digest names all of them so, also those that are not of the release."""

from __future__ import annotations

import copy
import shutil
from functools import cache
from pathlib import Path

from deploy.checks.generic.objects import Objects, where
from deploy.checks.generic.pods import workloads
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.product.release import check_images, check_versions
from deploy.generate.release import main as release

STAGING = "overlays/staging"


@cache
def rendered() -> Objects:
    return render(DEPLOY / STAGING)


def without_digest(stem: str, overlay: str = STAGING) -> Objects:
    """Return the overlay with the images of a name by their tag alone."""
    changed = Objects(overlay, copy.deepcopy(rendered().documents))
    for pod in workloads(changed):
        for container in pod.all_containers:
            if f"/{stem}:" in container["image"]:
                container["image"] = container["image"].partition("@")[0]
    return changed


def test_an_overlay_with_digests_has_one_for_the_image_of_the_database() -> None:
    assert list(check_images(rendered())) == []
    theirs = {pod.where for pod in workloads(rendered()) if any("/mongo:" in it["image"] for it in pod.all_containers)}
    assert theirs >= {"StatefulSet marktplatz-staging/mongodb", "CronJob marktplatz-staging/mongodb-backup"}
    assert {(it.code, it.where) for it in check_images(without_digest("mongo"))} == {("image-digest", it) for it in theirs}


def test_an_overlay_without_any_digest_may_name_tags() -> None:
    changed = without_digest("efa-marktplatz")
    for pod in workloads(changed):
        for container in pod.all_containers:
            container["image"] = container["image"].partition("@")[0]
    assert list(check_images(changed)) == []


def test_a_test_combination_may_mix_tags_and_digests() -> None:
    assert list(check_images(without_digest("mongo", "tests/everything"))) == []


def test_a_release_changes_what_runs_its_image_and_nothing_else(tmp_path: Path) -> None:
    for part in ("base", "components", "overlays", "release"):
        shutil.copytree(DEPLOY / part, tmp_path / part)
    before = render(tmp_path / "overlays/prod", tmp_path)
    assert release(["9.9.9", f"sha256:{'ab' * 32}"], tmp_path / "release/kustomization.yaml") == 0
    after = render(tmp_path / "overlays/prod", tmp_path)
    assert list(check_versions(after)) == []
    changed = {where(new) for old, new in zip(before, after, strict=True) if old != new}
    assert changed == {pod.where for pod in workloads(after) if any("/efa-marktplatz:" in it["image"] for it in pod.containers)}
