"""One real broker for the folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from tests.integration.bus.bus_fixture import fast_settings
from tests.support.kafka import kafka_broker


@pytest.fixture(scope="package")
def bootstrap() -> Iterator[str]:
    with kafka_broker() as address:
        yield address


@pytest.fixture
def settings(bootstrap: str) -> KafkaSettings:
    return fast_settings(bootstrap)


@pytest.fixture
async def publisher(settings: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    publisher = KafkaPublisher(settings)
    await publisher.start()
    yield publisher
    await publisher.stop()
