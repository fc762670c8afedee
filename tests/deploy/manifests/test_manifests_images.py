"""An overlay that names one image by its digest names all of them so, also those that are not of the release."""

from __future__ import annotations

import copy
from functools import cache

from deploy.checks.images import check_images
from deploy.checks.objects import Objects
from deploy.checks.pods import workloads
from deploy.checks.render import DEPLOY, render

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
