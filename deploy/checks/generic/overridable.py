"""Proves that an operator can replace every image and annotate every object (DS_51_A002), by doing it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from deploy.checks.generic.images import split_image
from deploy.checks.generic.objects import Finding, Objects, mapping, text, where
from deploy.checks.generic.pods import workloads
from deploy.checks.generic.render import DEPLOY, render

ANNOTATION = "operator.example/required"
MIRROR = "mirror.operator.example:5000/"


def check_overridable(objects: Objects, deploy: Path = DEPLOY) -> Iterator[Finding]:
    """Build an overlay of the overlay: ``override-image`` and ``override-annotation`` for what it does not reach."""
    names = {split_image(text(it, "image"))[0] for pod in workloads(objects) for it in pod.all_containers}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [os.path.relpath(deploy / objects.overlay, folder)],
            "images": [{"name": name, "newName": MIRROR + name.rpartition("/")[2]} for name in sorted(names)],
            "commonAnnotations": {ANNOTATION: "yes"},
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
        rendered = render(folder, folder.parent)
    yield from unreached(rendered)


def unreached(rendered: Objects) -> Iterator[Finding]:
    """Return what the operator's images and annotations did not reach."""
    for document in rendered:
        if mapping(document, "metadata", "annotations").get(ANNOTATION) != "yes":
            yield Finding("override-annotation", where(document), "cannot be annotated from outside")
    for pod in workloads(rendered):
        if mapping(pod.template, "metadata", "annotations").get(ANNOTATION) != "yes":
            yield Finding("override-annotation", pod.where, "its pods cannot be annotated from outside")
        for container in pod.all_containers:
            if not text(container, "image").startswith(MIRROR):
                yield Finding("override-image", pod.where, f"'{text(container, 'image')}' cannot be replaced from outside")
