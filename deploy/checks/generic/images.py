"""Images: what runs can be replaced by the operator and, for production, cannot change under its name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploy.checks.generic.objects import Finding, Objects, text
from deploy.checks.generic.pods import workloads

OVERLAYS = "overlays/"
"""What operators copy. Test combinations may leave the release out, as the base does."""
INSTALLED = (OVERLAYS, "gitops/")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def judge_images(objects: Objects, *, production: bool) -> Iterator[Finding]:
    """Judge every container: ``image-tag`` (none, or latest), ``image-digest``, ``image-registry``, ``image-pull``.

    In production, what operators copy or apply names each image by digest, in a registry of the operator.
    """
    pinned = objects.overlay.startswith(INSTALLED) and production
    some_digest = objects.overlay.startswith(OVERLAYS) and any(
        _DIGEST.search(text(it, "image")) for pod in workloads(objects) for it in pod.all_containers
    )
    for workload in workloads(objects):
        for container in workload.all_containers:
            image = text(container, "image")
            name, tag, digest = split_image(image)
            if objects.overlay.startswith(OVERLAYS) and not digest and tag in ("", "latest"):
                yield Finding("image-tag", workload.where, f"'{image}' needs a version")
            if text(container, "imagePullPolicy") != "IfNotPresent":
                yield Finding(
                    "image-pull",
                    workload.where,
                    f"imagePullPolicy of '{image}' must be IfNotPresent: a registry that is away must not stop a restart",
                )
            if (pinned or some_digest) and (not _DIGEST.search(image) or not tag):
                yield Finding(
                    "image-digest", workload.where, f"'{image}' must be named by tag and digest: 'images' of the overlay"
                )
            if pinned and not is_mirrored(name):
                yield Finding(
                    "image-registry", workload.where, f"'{image}' was not rewritten: it names no registry of the operator"
                )


def split_image(image: str) -> tuple[str, str, str]:
    """Return name, tag and digest of an image reference; what is not there is empty."""
    rest, _, digest = image.partition("@")
    path, _, last = rest.rpartition("/")
    stem, _, tag = last.partition(":")
    return (f"{path}/{stem}" if path else stem), tag, digest


def is_mirrored(name: str) -> bool:
    """Return whether an image name begins with a registry host."""
    host, slash, _ = name.partition("/")
    return bool(slash) and ("." in host or ":" in host)
