"""What leaves the publisher is what runs behind the air gap: the same digests, signatures, bill of materials and manifests."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.checks.generic.render import read_yaml, render
from deploy.checks.suite import check
from tests.deploy.airgap.handover import (
    MANIFESTS,
    REPOSITORY,
    SBOM,
    Bundle,
    Keys,
    Project,
    Registry,
    image_names,
    run,
    serving,
    succeeded,
)
from tests.support.docker import VERSION, docker


@pytest.fixture(scope="module")
def loaded(
    project: Project, bundle: Bundle, inside_address: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    with serving(tmp_path_factory.mktemp("inside"), inside_address.port) as registry:
        done = project.load(bundle.folder, bundle.fingerprint)
        if done.returncode:
            raise RuntimeError(f"load ended with {done.returncode}: {done.stderr}")
        yield registry


@pytest.fixture(scope="module")
def carried_manifests(loaded: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what the manifests in the registry inside unpack to."""
    work = tmp_path_factory.mktemp("carried")
    succeeded("oras", "pull", "--plain-http", "--output", str(work), f"{loaded.address}/{MANIFESTS}:{VERSION}")
    succeeded("tar", "--extract", "--file", "manifests.tgz", cwd=work)
    return work


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


def test_what_lies_inside_is_the_image_with_the_typesetter_of_documents(loaded: Registry, product: str, digest: str) -> None:
    carried = f"{loaded.address}/{REPOSITORY}@{digest}"
    docker("pull", "--quiet", carried)
    try:
        ids = [docker("image", "inspect", "--format", "{{.Id}}", image) for image in (carried, product)]
        assert ids[0] == ids[1]
    finally:
        docker("image", "rm", carried)


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
    assert image_names(objects) == {f"{loaded.address}/{REPOSITORY}:{VERSION}@{digest}"}
    assert [str(finding) for finding in check(objects)] == []


def test_the_rendered_overlay_is_carried_in_both_forms(carried_manifests: Path, bundle: Bundle) -> None:
    rendered = (bundle.folder / "manifest.yaml").read_text(encoding="utf-8")
    assert (carried_manifests / "rendered/airgap.yaml").read_text(encoding="utf-8") == rendered
    assert read_yaml(rendered) == list(render(carried_manifests / "deploy/overlays/airgap", carried_manifests / "deploy"))
