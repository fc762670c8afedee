from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.component.ordering.ordering_world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.start()
    yield world
    await world.store.close()
