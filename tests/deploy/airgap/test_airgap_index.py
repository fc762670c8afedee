"""A release for amd64 and arm64 under one index: its digest, every signature, and each image's own bill of materials arrive."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.airgap.handover import REPOSITORY, Bundle, Keys, Project, Registry, made, refused, run, strip, succeeded
from tests.support.docker import VERSION, docker

TRIAL = "efa-marktplatz-index-trial"
PUBLISHED = "both/efa-marktplatz"
TAGS = {"amd64": VERSION, "arm64": f"{VERSION}-arm64"}


@pytest.fixture(scope="module")
def bills(outside: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Build an image of one file for each architecture and write its bill of materials."""
    del outside
    work = tmp_path_factory.mktemp("index")
    written = {}
    for architecture, tag in TAGS.items():
        context = work / architecture
        context.mkdir()
        (context / "content").write_text(f"for {architecture}\n", encoding="utf-8")
        (context / "Dockerfile").write_text("FROM scratch\nCOPY content /\n", encoding="utf-8")
        docker("build", "--quiet", "--platform", f"linux/{architecture}", "--tag", f"{TRIAL}:{tag}", str(context))
        identity = docker("image", "inspect", "--format", "{{.Id}}", f"{TRIAL}:{tag}").strip()
        written[architecture] = work / f"{architecture}.json"
        written[architecture].write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": identity}))
    yield written
    docker("image", "rm", *(f"{TRIAL}:{tag}" for tag in TAGS.values()))


@pytest.fixture(scope="module")
def both(
    bills: dict[str, Path], outside: Registry, inside_address: Registry, keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """Return a project from which the index was published."""
    project = Project.copied(tmp_path_factory.mktemp("both") / "project", keys, outside, inside_address)
    done = publish_index(project, bills)
    if done.returncode:
        raise RuntimeError(f"publish --index ended with {done.returncode}: {done.stderr}")
    return project


@pytest.fixture(scope="module")
def carried(both: Project, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("carried") / "bundle"
    return made(both.bundle("airgap", folder, REGISTRY=f"{both.outside.address}/both"), folder)


def publish_index(project: Project, bills: dict[str, Path], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``deploy/release/publish --index`` for the trial images."""
    values = {
        "REGISTRY": f"{project.outside.address}/both",
        "COSIGN_KEY": str(project.keys.private),
        "MARKTPLATZ_IMAGE": TRIAL,
        "SBOM": str(bills["amd64"]),
        "SBOM_OTHER": str(bills["arm64"]),
    }
    return project.script("publish", "--index", **{**values, **variables})


def drop_arm64(bundle: Bundle) -> None:
    """Take the image for arm64 off the list, so that nothing asks for its bill of materials."""
    listed = bundle.folder / "images.txt"
    lines = listed.read_text(encoding="utf-8").splitlines(keepends=True)
    remaining = [line for line in lines if f":{VERSION}-arm64@" not in line]
    assert len(remaining) == len(lines) - 1
    listed.write_text("".join(remaining), encoding="utf-8")


def test_the_release_names_the_index_and_publishing_again_gives_the_same(
    both: Project, bills: dict[str, Path], outside: Registry
) -> None:
    index = outside.digest(PUBLISHED, VERSION)
    assert f"digest: {index}\n" in (both.folder / "deploy/release/kustomization.yaml").read_text(encoding="utf-8")
    manifest = succeeded("oras", "manifest", "fetch", "--plain-http", f"{outside.address}/{PUBLISHED}@{index}")
    parts = re.findall(r'"digest": *"(sha256:[0-9a-f]{64})"', manifest)
    assert parts == [outside.digest(PUBLISHED, f"{VERSION}-{architecture}") for architecture in TAGS]
    again = publish_index(both, bills)
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[0] == f"{outside.address}/{PUBLISHED}:{VERSION}@{index}"


def test_index_and_images_arrive_signed_and_each_image_with_its_own_bill_of_materials(
    both: Project, carried: Bundle, bills: dict[str, Path], inside: Registry, keys: Keys, other_keys: Keys
) -> None:
    done = both.load(carried.folder, carried.fingerprint)
    assert done.returncode == 0, done.stderr
    for tag in (VERSION, *(f"{VERSION}-{architecture}" for architecture in TAGS)):
        digest = inside.digest(REPOSITORY, tag)
        assert digest == both.outside.digest(PUBLISHED, tag)
        verify = ("cosign", "verify", "--private-infrastructure", f"{inside.address}/{REPOSITORY}@{digest}", "--key")
        assert run(*verify, keys.public).returncode == 0
        assert run(*verify, other_keys.public).returncode != 0
    for architecture, bill in bills.items():
        envelope = succeeded(
            "cosign", "verify-attestation", "--private-infrastructure", "--type", "cyclonedx", "--key", keys.public,
            f"{inside.address}/{REPOSITORY}:{VERSION}-{architecture}",
        )  # fmt: skip
        statement = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
        assert statement["predicate"] == json.loads(bill.read_text(encoding="utf-8"))


def test_the_list_names_the_index_and_each_image_under_it(carried: Bundle, inside_address: Registry) -> None:
    proofs = {image.rpartition("@")[0]: proof for image, proof, *_ in carried.images()}
    name = f"{inside_address.address}/{REPOSITORY}"
    assert proofs == {
        f"{name}:{VERSION}-amd64": "signature+sbom",
        f"{name}:{VERSION}-arm64": "signature+sbom",
        f"{name}:{VERSION}": "signature",
        f"{name}-manifests:{VERSION}": "signature",
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (strip("sigs", REPOSITORY), "signature not proven"),
        (strip("sigs", REPOSITORY, f"{VERSION}-arm64"), "signature+sbom not proven"),
        (strip("atts", REPOSITORY, f"{VERSION}-arm64"), "signature+sbom not proven"),
        (drop_arm64, "no proof of"),
    ],
)
def test_every_image_under_the_index_must_be_proven(
    both: Project, carried: Bundle, inside: Registry, tmp_path: Path, change: Callable[[Bundle], None], reason: str
) -> None:
    spoilt = carried.copied(tmp_path / "spoilt")
    change(spoilt)
    refused(both, spoilt.sealed(), inside, reason)


def test_an_index_over_an_image_without_bill_of_materials_is_not_bundled(both: Project, tmp_path: Path) -> None:
    bare = f"{both.outside.address}/bare"
    push = both.folder / "deploy/docker/push-index"
    index = succeeded(push, f"{bare}/efa-marktplatz", "--insecure", MARKTPLATZ_IMAGE=TRIAL).strip()
    succeeded(
        "cosign", "sign", "--tlog-upload=false", "--recursive", "--key", both.keys.private, f"{bare}/efa-marktplatz@{index}"
    )  # fmt: skip
    done = both.bundle("airgap", tmp_path / "bundle", REGISTRY=bare)
    assert (done.returncode, "is not proven" in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "bundle").exists()


def test_an_index_lacking_an_image_or_its_bill_of_materials_is_not_published(both: Project, bills: dict[str, Path]) -> None:
    before = both.outside.repositories()
    lone = f"{TRIAL}-lone"
    docker("tag", f"{TRIAL}:{VERSION}", f"{lone}:{VERSION}")
    try:
        missing = publish_index(both, bills, REGISTRY=f"{both.outside.address}/lacking", MARKTPLATZ_IMAGE=lone)
    finally:
        docker("image", "rm", f"{lone}:{VERSION}")
    assert (missing.returncode, "build --platform linux/arm64" in missing.stderr) == (1, True), missing.stderr
    wrong = publish_index(both, bills, REGISTRY=f"{both.outside.address}/lacking", SBOM_OTHER=str(bills["amd64"]))
    assert (wrong.returncode, "describes another image" in wrong.stderr) == (1, True), wrong.stderr
    assert both.outside.repositories() == before
