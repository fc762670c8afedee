"""Images of others are carried like those of the project: by the digest that the overlay names."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.checks.generic.objects import Objects
from deploy.checks.generic.render import read_yaml
from tests.deploy.airgap.handover import MANIFESTS, REPOSITORY, Project, Registry, image_names, made, succeeded
from tests.support.docker import VERSION

INDEX = "application/vnd.oci.image.index.v1+json"


def test_images_of_others_are_carried_whole_by_the_digest_that_the_overlay_names(
    project: Project, outside: Registry, inside: Registry, tmp_path: Path
) -> None:
    (tmp_path / "content").write_text("a database\n", encoding="utf-8")
    upstream = f"{outside.address}/upstream/mongo"
    succeeded("oras", "push", "--plain-http", f"{upstream}:amd64", "content", cwd=tmp_path)
    part = succeeded("oras", "manifest", "fetch", "--plain-http", "--descriptor", f"{upstream}:amd64")
    platform = {"platform": {"architecture": "amd64", "os": "linux"}}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{**json.loads(part), **platform}]}
    outside.put("upstream/mongo", "8.0", INDEX, json.dumps(index).encode())
    pinned = outside.digest("upstream/mongo", "8.0")

    overlay = project.folder / "deploy/overlays/store"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(
        "resources: [../../tests/everything]\n"
        "images:\n"
        f"  - {{name: registry.example/{REPOSITORY}, newName: {inside.address}/{REPOSITORY}}}\n"
        f"  - {{name: registry.example/marktplatz/mongo, newName: {inside.address}/marktplatz/mongo, newTag: '8.0', digest: '{pinned}'}}\n",
        encoding="utf-8",
    )
    unsaid = project.bundle("store", tmp_path / "unsaid")
    assert (unsaid.returncode, "Say mongo=REPOSITORY" in unsaid.stderr) == (1, True), unsaid.stderr

    bundle = made(project.bundle("store", tmp_path / "bundle", f"mongo={upstream}"), tmp_path / "bundle")
    done = project.load(bundle.folder, bundle.fingerprint)
    assert done.returncode == 0, done.stderr
    assert inside.digest("marktplatz/mongo", "8.0") == pinned
    assert inside.digest("marktplatz/mongo", json.loads(part)["digest"]) is not None
    listed = {image for image, *_ in bundle.images() if MANIFESTS not in image}
    assert listed == image_names(
        Objects("overlays/store", read_yaml((bundle.folder / "manifest.yaml").read_text(encoding="utf-8")))
    )
    assert {image.rpartition("@")[0]: proof for image, proof, *_ in bundle.images()} == {
        f"{inside.address}/{REPOSITORY}:{VERSION}": "signature+sbom",
        f"{inside.address}/{MANIFESTS}:{VERSION}": "signature",
        f"{inside.address}/marktplatz/mongo:8.0": "digest",
    }
