"""The scene, played once for all tests: what a test changes it takes back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.tenants.scene import Scene, played


@pytest_asyncio.fixture(scope="session", name="scene")
async def _scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with played(tmp_path_factory.mktemp("issuer")) as scene:
        yield scene
