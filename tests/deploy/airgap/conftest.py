"""One release for the session, published outside and bundled; an empty registry inside for each test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from marktplatz.infrastructure.broker_process import free_port
from tests.deploy.airgap.handover import RELEASED, REPOSITORY, Bundle, Keys, Project, Registry, made, require_tools, serving
from tests.support.docker import VERSION, built, docker, docker_engine


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airgap")


@pytest.fixture(scope="session")
def product() -> Iterator[str]:
    require_tools()
    with docker_engine():
        yield built(RELEASED)


@pytest.fixture(scope="session")
def outside(product: str, work: Path) -> Iterator[Registry]:  # noqa: ARG001 - no registry without an image for it
    with serving(work / "outside") as registry:
        yield registry


@pytest.fixture(scope="session")
def inside_address() -> Registry:
    return Registry(free_port())


@pytest.fixture
def inside(inside_address: Registry, tmp_path: Path) -> Iterator[Registry]:
    with serving(tmp_path / "inside", inside_address.port) as registry:
        yield registry


@pytest.fixture(scope="session")
def keys(work: Path) -> Keys:
    require_tools()
    return Keys.made(work / "keys")


@pytest.fixture(scope="session")
def other_keys(work: Path) -> Keys:
    require_tools()
    return Keys.made(work / "other-keys")


@pytest.fixture(scope="session")
def unpublished(work: Path, keys: Keys, outside: Registry, inside_address: Registry) -> Project:
    return Project.copied(work / "unpublished", keys, outside, inside_address)


@pytest.fixture(scope="session")
def project(work: Path, keys: Keys, outside: Registry, inside_address: Registry) -> Iterator[Project]:
    released = Project.copied(work / "project", keys, outside, inside_address)
    done = released.publish()
    if done.returncode:
        raise RuntimeError(f"publish ended with {done.returncode}: {done.stderr}")
    yield released
    docker("image", "rm", f"{outside.address}/{REPOSITORY}:{VERSION}")


@pytest.fixture(scope="session")
def digest(project: Project) -> str:
    """Return the digest that publishing has written into the project."""
    text = (project.folder / "deploy/release/kustomization.yaml").read_text(encoding="utf-8")
    [found] = re.findall(r"(?m)^ +digest: (sha256:[0-9a-f]{64})$", text)
    return str(found)


@pytest.fixture(scope="session")
def bundle(project: Project, work: Path) -> Bundle:
    return made(project.bundle("airgap", work / "bundle"), work / "bundle")
