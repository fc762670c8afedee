"""What a repeated look at the contracts of a channel finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.contracts.newly_recorded import OVERLAP, NewlyRecorded
from services.contracts.repository import CONTRACTS, Contracts
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.port import Save
from tests.support.memory_store import MemoryStore
from tests.support.publisher import RecordingPublisher

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


async def found(newly: NewlyRecorded) -> list[tuple[str, str]]:
    return [(it["_id"], it["state"]) async for portion in newly.portions() for it in portion]


@pytest.mark.parametrize("passed", [timedelta(minutes=1), OVERLAP * 2])
async def test_a_contract_that_is_concluded_after_it_was_offered_is_found_again_and_nothing_twice(passed: timedelta) -> None:
    store = MemoryStore()
    contracts = Contracts(Resources(store, RecordingPublisher(), Path(), clock=lambda: AT))
    newly = NewlyRecorded(contracts, Channel.FITKO)
    offered = {"_id": "a", "rev": 1, "channel": "fitko", "state": "ANGEBOTEN", "recorded_at": AT}
    await store.insert_many(CONTRACTS, [offered])
    assert await found(newly) == [("a", "ANGEBOTEN")]
    assert await found(newly) == []
    concluded = {**offered, "rev": 2, "state": "GESCHLOSSEN", "recorded_at": AT + passed}
    assert not await store.save_many(CONTRACTS, [Save(concluded, expected_rev=1)])
    assert await found(newly) == [("a", "GESCHLOSSEN")]
    assert await found(newly) == []
