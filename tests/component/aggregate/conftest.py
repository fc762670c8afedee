"""A ledger of counters over SQLite in memory and a recording publisher, and the clock that they go by."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.aggregate.ledger import Ledger
from shared.store.opening import open_store
from shared.store.port import Store
from tests.support.counting import COUNTERS, Clock, Counter, ledger_over
from tests.support.publisher import RecordingPublisher


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def publisher() -> RecordingPublisher:
    return RecordingPublisher()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = open_store("sqlite:///:memory:")
    await store.prepare([COUNTERS])
    yield store
    await store.close()


@pytest.fixture
def ledger(store: Store, publisher: RecordingPublisher, clock: Clock) -> Ledger[Counter]:
    return ledger_over(store, publisher, clock)
