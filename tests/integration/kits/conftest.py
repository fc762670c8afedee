"""One real broker that compacts at once; the topics of the catalog are made again for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.kits.catalog_topics import CatalogTopics
from tests.integration.kits.partner_marketplace import PartnerMarketplace, partner_marketplace
from tests.support.eager_kafka import EagerKafka


@pytest.fixture(scope="package")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EagerKafka]:
    broker = EagerKafka(tmp_path_factory.mktemp("kafka"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
async def catalog(kafka: EagerKafka) -> AsyncIterator[CatalogTopics]:
    topics = CatalogTopics(kafka.bootstrap)
    await topics.start()
    yield topics
    await topics.stop()


@pytest.fixture
async def marketplace(kafka: EagerKafka, tmp_path: Path) -> AsyncIterator[PartnerMarketplace]:
    async with partner_marketplace(kafka.bootstrap, tmp_path) as made:
        yield made
