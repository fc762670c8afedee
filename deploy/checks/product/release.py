"""What a release names: images, pinned in production, and the label of the version on what runs them and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.images import judge_images, split_image
from deploy.checks.generic.objects import Finding, Objects, text, where
from deploy.checks.generic.pods import workloads
from deploy.checks.product.processes import is_ours

VERSION = "app.kubernetes.io/version"


def check_images(objects: Objects) -> Iterator[Finding]:
    """Check every image as in production if the settings of the processes name it; codes begin with ``image-``."""
    production = any(text(it, "data", "MARKTPLATZ_ENVIRONMENT") == "production" for it in objects.of("ConfigMap"))
    return judge_images(objects, production=production)


def check_versions(objects: Objects) -> Iterator[Finding]:
    """Check an overlay that labels versions: ``version-missing`` or another than the image's tag, ``version-elsewhere``."""
    ours = {}
    for workload in workloads(objects):
        if tags := {split_image(text(it, "image"))[1] for it in workload.containers if is_ours(it)}:
            ours[workload.where] = (workload, tags)
    labelled = [it for it in objects if text(it, "metadata", "labels", VERSION)]
    for document in labelled:
        if where(document) not in ours:
            message = f"must not bear {VERSION}: every release would change it, and whoever compares would read all of them"
            yield Finding("version-elsewhere", where(document), message)
    for place, (workload, tags) in ours.items() if labelled else ():
        given = {text(workload.document, "metadata", "labels", VERSION), workload.labels.get(VERSION, "")}
        if given != tags:
            message = (
                f"{VERSION} is '{' and '.join(sorted(given))}' on it and its pods, but the image is {', '.join(sorted(tags))}"
            )
            yield Finding("version-missing", place, f"{message}: deploy/release labels what it names the image of")
