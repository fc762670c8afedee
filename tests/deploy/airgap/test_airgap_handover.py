"""What leaves the publisher is what runs behind the air gap: the same digests, signatures, bill of materials and manifests."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from deploy.checks.objects import Objects, text
from deploy.checks.pods import workloads
from deploy.checks.render import read_yaml, render
from deploy.checks.suite import check
from tests.deploy.airgap.handover import MANIFESTS, REPOSITORY, SBOM, Bundle, Keys, Project, Registry, made, run, succeeded
from tests.support.docker import VERSION

INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def carried_manifests(loaded: Registry, tmp_path: Path) -> Path:
    """Return what the manifests in the registry inside unpack to."""
    succeeded("oras", "pull", "--plain-http", "--output", str(tmp_path / "pulled"), f"{loaded.address}/{MANIFESTS}:{VERSION}")
    (tmp_path / "manifests").mkdir()
    succeeded("tar", "--extract", "--file", str(tmp_path / "pulled/manifests.tgz"), "--directory", str(tmp_path / "manifests"))
    return tmp_path / "manifests"


def images_of(objects: Objects) -> set[str]:
    return {text(container, "image") for workload in workloads(objects) for container in workload.all_containers}


def test_publishing_writes_the_digest_of_the_registry_into_the_release(outside: Registry, digest: str) -> None:
    assert outside.digest(REPOSITORY, VERSION) == digest


def test_publishing_again_gives_the_same_digests(project: Project, outside: Registry) -> None:
    published = [outside.digest(name, VERSION) for name in (REPOSITORY, MANIFESTS)]
    again = project.publish()
    assert again.returncode == 0, again.stderr
    assert [line.rpartition("@")[2] for line in again.stdout.splitlines()] == published
    assert [outside.digest(name, VERSION) for name in (REPOSITORY, MANIFESTS)] == published


def test_the_digest_is_the_same_inside(loaded: Registry, outside: Registry, digest: str) -> None:
    assert loaded.digest(REPOSITORY, VERSION) == digest
    assert loaded.digest(MANIFESTS, VERSION) == outside.digest(MANIFESTS, VERSION)


def test_signatures_hold_inside_for_the_publisher_and_nobody_else(
    loaded: Registry, digest: str, keys: Keys, other_keys: Keys
) -> None:
    for image in (f"{loaded.address}/{REPOSITORY}@{digest}", f"{loaded.address}/{MANIFESTS}:{VERSION}"):
        verify = ("cosign", "verify", "--private-infrastructure", image, "--key")
        assert run(*verify, keys.public).returncode == 0
        assert run(*verify, other_keys.public).returncode != 0


def test_the_bill_of_materials_arrives_as_a_signed_attestation(loaded: Registry, digest: str, keys: Keys) -> None:
    envelope = succeeded(
        "cosign", "verify-attestation", "--private-infrastructure", "--type", "cyclonedx", "--key", keys.public,
        f"{loaded.address}/{REPOSITORY}@{digest}",
    )  # fmt: skip
    statement = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    assert statement["subject"][0]["digest"]["sha256"] == digest.removeprefix("sha256:")
    assert statement["predicate"] == json.loads(SBOM.read_text(encoding="utf-8"))


def test_the_overlay_that_was_carried_in_names_exactly_what_lies_inside_and_holds_every_rule(
    loaded: Registry, carried_manifests: Path, digest: str
) -> None:
    objects = render(carried_manifests / "deploy/overlays/airgap", carried_manifests / "deploy")
    assert images_of(objects) == {f"{loaded.address}/{REPOSITORY}:{VERSION}@{digest}"}
    assert [str(finding) for finding in check(objects)] == []


def test_the_rendered_overlay_is_carried_in_both_forms(carried_manifests: Path, bundle: Bundle) -> None:
    rendered = (bundle.folder / "manifest.yaml").read_text(encoding="utf-8")
    assert (carried_manifests / "rendered/airgap.yaml").read_text(encoding="utf-8") == rendered
    assert read_yaml(rendered) == list(render(carried_manifests / "deploy/overlays/airgap", carried_manifests / "deploy"))


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
    assert listed == images_of(
        Objects("overlays/store", read_yaml((bundle.folder / "manifest.yaml").read_text(encoding="utf-8")))
    )
    assert {image.rpartition("@")[0]: proof for image, proof, *_ in bundle.images()} == {
        f"{inside.address}/{REPOSITORY}:{VERSION}": "signature+sbom",
        f"{inside.address}/{MANIFESTS}:{VERSION}": "signature",
        f"{inside.address}/marktplatz/mongo:8.0": "digest",
    }
