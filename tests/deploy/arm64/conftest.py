"""The image for arm64; on a machine of another architecture the engine emulates it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.deploy.images.stack import Stack
from tests.support.docker import KAFKA, PRODUCT, VERSION, built, docker, docker_engine

ARCHITECTURE = "arm64"
PROCESSES = {"catalog": "catalog all", "ordering-worker": "ordering worker"}
"""A search over a filled store with an outbox to a broker, and a process that only consumes."""


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    with docker_engine():
        yield


@pytest.fixture(scope="session")
def product(engine: None) -> Iterator[str]:  # noqa: ARG001 - images are there while the engine runs
    own = docker("version", "--format", "{{.Server.Arch}}").strip()
    reference = f"{PRODUCT}:{VERSION}" if own == ARCHITECTURE else f"{PRODUCT}:{VERSION}-{ARCHITECTURE}"
    found = docker("image", "ls", "--quiet", reference)
    assert found, f"The image {reference} is not here; build it with 'make images-arm64'."
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_DEFAULT_PLATFORM", f"linux/{ARCHITECTURE}")
        yield reference


@pytest.fixture(scope="session")
async def stack(product: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Two processes of the image, hardened, beside a broker of the machine's own architecture."""
    folder = tmp_path_factory.mktemp("stack")
    migrations = ("migrate catalog", "migrate ordering")
    async with Stack(folder, product, built(KAFKA), roles=PROCESSES, migrations=migrations) as running:
        yield running
