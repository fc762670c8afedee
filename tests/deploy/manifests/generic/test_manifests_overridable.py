"""What an operator cannot replace or annotate is reported."""

from __future__ import annotations

from typing import Any

from deploy.checks.generic.images import is_mirrored, split_image
from deploy.checks.generic.objects import Objects
from deploy.checks.generic.overridable import ANNOTATION, MIRROR, unreached


def deployment(image: str, *, annotated: bool, pods_annotated: bool) -> dict[str, Any]:
    yes = {ANNOTATION: "yes"}
    template = {"metadata": {"annotations": yes if pods_annotated else {}}, "spec": {"containers": [{"image": image}]}}
    return {
        "kind": "Deployment",
        "metadata": {"name": "a", "annotations": yes if annotated else {}},
        "spec": {"template": template},
    }


def codes(document: dict[str, Any]) -> list[str]:
    return [finding.code for finding in unreached(Objects("a", [document]))]


def test_what_was_reached_passes() -> None:
    assert codes(deployment(f"{MIRROR}app:1", annotated=True, pods_annotated=True)) == []


def test_an_image_that_stays_is_reported() -> None:
    assert codes(deployment("app:1", annotated=True, pods_annotated=True)) == ["override-image"]


def test_an_object_or_pods_without_the_annotation_are_reported() -> None:
    assert codes(deployment(f"{MIRROR}app:1", annotated=False, pods_annotated=True)) == ["override-annotation"]
    assert codes(deployment(f"{MIRROR}app:1", annotated=True, pods_annotated=False)) == ["override-annotation"]


def test_image_names_are_taken_apart() -> None:
    assert split_image("registry.example:5000/a/b:1.2@sha256:ff") == ("registry.example:5000/a/b", "1.2", "sha256:ff")
    assert split_image("mongo") == ("mongo", "", "")
    assert [is_mirrored(name) for name in ("registry.example/a", "host:5000/a", "library/mongo", "mongo")] == [
        True,
        True,
        False,
        False,
    ]
