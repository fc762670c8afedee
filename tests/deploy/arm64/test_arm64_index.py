"""What ``deploy/docker/push-index`` leaves in a registry: one index, by which each machine gets the image of its architecture."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.deploy.airgap.handover import serving
from tests.support.docker import PRODUCT, ROOT, VERSION, docker

PUSH_INDEX = ROOT / "deploy" / "docker" / "push-index"


@pytest.fixture(scope="module")
def registry(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: ARG001 - it pushes there
    """Yield the address of a registry of this test's own."""
    with serving(tmp_path_factory.mktemp("registry")) as running:
        yield running.address


@pytest.fixture(scope="module")
def repository(registry: str) -> str:
    return f"{registry}/marktplatz/{PRODUCT}"


@pytest.fixture(scope="module")
def digest(product: str, repository: str) -> str:
    """The digest that the script prints after it has pushed both images."""
    del product
    done = subprocess.run([PUSH_INDEX, repository, "--insecure"], capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_index_names_one_image_per_architecture(digest: str, repository: str) -> None:
    assert digest.startswith("sha256:")
    index = json.loads(docker("manifest", "inspect", "--insecure", f"{repository}@{digest}"))
    assert [(item["platform"]["os"], item["platform"]["architecture"]) for item in index["manifests"]] == [
        ("linux", "amd64"),
        ("linux", "arm64"),
    ]


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_each_machine_gets_the_image_that_was_built_for_it(digest: str, repository: str, architecture: str) -> None:
    reference = f"{repository}@{digest}"
    docker("pull", "--quiet", "--platform", f"linux/{architecture}", reference)
    try:
        got = json.loads(docker("image", "inspect", reference))[0]
        assert got["Architecture"] == architecture
        here = docker("image", "ls", "--no-trunc", "--quiet", "--filter", f"reference={PRODUCT}:{VERSION}*").split()
        assert got["Id"] in here
    finally:
        docker("image", "rm", reference)


def test_a_missing_image_is_named_and_nothing_is_pushed(registry: str) -> None:
    environment = {**os.environ, "MARKTPLATZ_IMAGE": "efa-marktplatz-absent"}
    repository = f"{registry}/marktplatz/absent"
    done = subprocess.run([PUSH_INDEX, repository, "--insecure"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--platform linux/amd64" in done.stderr
    docker("manifest", "inspect", "--insecure", f"{repository}:{VERSION}", code=1)


def test_pushing_leaves_no_other_names_of_the_images_here(digest: str, repository: str) -> None:
    assert digest
    assert docker("image", "ls", "--quiet", repository) == ""
