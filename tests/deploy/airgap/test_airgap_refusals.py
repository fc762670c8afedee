"""What is damaged, changed, unsigned or signed by another is refused, and then nothing has been copied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.airgap.handover import MANIFESTS, REPOSITORY, Bundle, Keys, Project, Registry, refused, strip
from tests.support.docker import VERSION


def change_layer(bundle: Bundle) -> None:
    """Flip one bit in the largest file, a layer of the image."""
    layer = max((bundle.layout(REPOSITORY) / "blobs/sha256").iterdir(), key=lambda file: file.stat().st_size)
    content = bytearray(layer.read_bytes())
    content[len(content) // 2] ^= 1
    layer.write_bytes(content)


def change_overlay(bundle: Bundle) -> None:
    manifest = bundle.folder / "manifest.yaml"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
    )


def remove_file(bundle: Bundle) -> None:
    (bundle.folder / "manifest.yaml").unlink()


def add_file(bundle: Bundle) -> None:
    (bundle.folder / "images/one-more").write_text("nobody asked for it\n", encoding="utf-8")


def point_elsewhere(bundle: Bundle) -> None:
    """Make the list name another digest than the one in the folder."""
    listed = bundle.folder / "images.txt"
    digest = bundle.images()[0][0].rpartition("@")[2]
    listed.write_text(listed.read_text(encoding="utf-8").replace(f"@{digest}", f"@sha256:{'1' * 64}"), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (change_layer, "is damaged"),
        (change_overlay, "is damaged"),
        (remove_file, "is damaged"),
        (add_file, "files that SHA256SUMS does not name"),
    ],
)
def test_a_bundle_that_was_damaged_on_the_way_is_refused(
    project: Project, bundle: Bundle, inside: Registry, tmp_path: Path, change: Callable[[Bundle], None], reason: str
) -> None:
    spoilt = bundle.copied(tmp_path / "spoilt")
    change(spoilt)
    refused(project, spoilt, inside, reason)


def test_a_change_hidden_by_new_check_sums_shows_in_the_fingerprint(
    project: Project, bundle: Bundle, inside: Registry, tmp_path: Path
) -> None:
    spoilt = bundle.copied(tmp_path / "spoilt")
    change_overlay(spoilt)
    spoilt.sealed()
    refused(project, spoilt, inside, "does not have this fingerprint")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (change_layer, "does not have the digests it claims"),
        (strip("sigs", REPOSITORY), "signature+sbom not proven"),
        (strip("atts", REPOSITORY), "signature+sbom not proven"),
        (strip("sigs", MANIFESTS), "signature not proven"),
        (point_elsewhere, "holds another image"),
    ],
)
def test_even_with_a_false_fingerprint_the_image_must_be_the_signed_one(
    project: Project, bundle: Bundle, inside: Registry, tmp_path: Path, change: Callable[[Bundle], None], reason: str
) -> None:
    spoilt = bundle.copied(tmp_path / "spoilt")
    change(spoilt)
    refused(project, spoilt.sealed(), inside, reason)


def test_a_signature_by_another_key_is_refused_inside(
    project: Project, bundle: Bundle, inside: Registry, other_keys: Keys
) -> None:
    refused(project, bundle, inside, "signature+sbom not proven", other_keys.public)


def test_a_signature_by_another_key_is_not_bundled(project: Project, other_keys: Keys, tmp_path: Path) -> None:
    done = project.bundle("airgap", tmp_path / "bundle", COSIGN_PUBLIC_KEY=str(other_keys.public))
    assert (done.returncode, "is not proven" in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "bundle").exists()


def test_an_unsigned_image_is_not_bundled(project: Project, outside: Registry, digest: str, tmp_path: Path) -> None:
    outside.mount(REPOSITORY, "unsigned/efa-marktplatz", VERSION)
    assert outside.digest("unsigned/efa-marktplatz", VERSION) == digest
    done = project.bundle("airgap", tmp_path / "bundle", REGISTRY=f"{outside.address}/unsigned")
    assert (done.returncode, "is not proven" in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "bundle").exists()


def test_what_was_not_published_is_not_bundled(unpublished: Project, tmp_path: Path) -> None:
    done = unpublished.bundle("airgap", tmp_path / "bundle")
    assert (done.returncode, "names no digest yet" in done.stderr) == (1, True), done.stderr


def test_an_image_without_digest_is_not_bundled(project: Project, tmp_path: Path) -> None:
    overlay = project.folder / "deploy/overlays/loose"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text("resources: [../../tests/everything]\n", encoding="utf-8")
    done = project.bundle("loose", tmp_path / "bundle", f"efa-marktplatz={project.registry}/efa-marktplatz")
    assert (done.returncode, "mongo:8.0' must name a registry, a tag and a digest" in done.stderr) == (1, True), done.stderr


def test_a_bill_of_materials_of_another_image_is_not_published(unpublished: Project, outside: Registry, tmp_path: Path) -> None:
    before = outside.repositories()
    (tmp_path / "sbom.json").write_text('{"bomFormat": "CycloneDX"}', encoding="utf-8")
    done = unpublished.publish(SBOM=str(tmp_path / "sbom.json"), REGISTRY=f"{outside.address}/wrong")
    assert (done.returncode, "describes another image" in done.stderr) == (1, True), done.stderr
    assert outside.repositories() == before


@pytest.mark.parametrize(("script", "missing"), [("publish", "REGISTRY"), ("bundle", "REGISTRY")])
def test_a_script_says_which_setting_is_missing(unpublished: Project, tmp_path: Path, script: str, missing: str) -> None:
    done = (
        unpublished.publish(REGISTRY="")
        if script == "publish"
        else unpublished.bundle("airgap", tmp_path / "bundle", REGISTRY="")
    )
    assert (done.returncode, f"{missing} is not set" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("script", ["publish", "bundle", "load", "tools"])
def test_every_script_explains_itself(unpublished: Project, script: str) -> None:
    done = unpublished.script(script, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: ")
    assert unpublished.script(script, "--unknown").returncode == 2
