"""One cluster and one play for the session, whose tests look at what came of it; one broker with everybody outside."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.deploy.kafka_rights.cluster import Cluster
from tests.deploy.kafka_rights.federation import Federation
from tests.deploy.kafka_rights.play import Played, play


@pytest.fixture(scope="session")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    async with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield await play(cluster)


@pytest.fixture(scope="session")
async def federation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Federation]:
    async with Federation(tmp_path_factory.mktemp("federation")) as made:
        yield made
