"""What the ledger does when others write at the same time."""

from __future__ import annotations

import asyncio

import pytest

from shared.aggregate.change import Effect
from shared.errors import (
    WriteConflictError,
)
from shared.store.contention import ATTEMPTS
from shared.store.port import Store
from tests.support.counting import (
    COUNTERS,
    Clock,
    cause,
    increase,
    ledger_over,
    sent,
    stored,
)
from tests.support.memory_store import MemoryStore
from tests.support.publisher import RecordingPublisher


async def test_concurrent_writers_lose_no_change(store: Store, publisher: RecordingPublisher, clock: Clock) -> None:
    ledgers = [ledger_over(store, publisher, clock) for _ in range(4)]
    await asyncio.gather(
        *(ledger.apply_one(increase("a", f"{n}.{turn}")) for turn in range(5) for n, ledger in enumerate(ledgers))
    )
    document = await stored(ledgers[0], "a")
    assert sorted(document["by"]) == sorted(f"{n}.{turn}" for turn in range(5) for n in range(4))
    first = list(dict.fromkeys(sent(publisher, "a")))
    assert first == list(range(1, 21))


class Rival:
    """Writes before each of the ledger's saves, so many times, and so overtakes it."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.store = MemoryStore(self._pause)

    async def _pause(self, point: str) -> None:
        if point not in ("save.before", "insert.before") or not self.times:
            return
        self.times -= 1
        documents = self.store.documents[COUNTERS.name]
        if "a" in documents:
            documents["a"] = {**documents["a"], "rev": documents["a"]["rev"] + 1, "by": [*documents["a"]["by"], "rival"]}


async def test_a_decision_that_was_overtaken_is_taken_again_on_the_new_state(publisher: RecordingPublisher, clock: Clock) -> None:
    rival = Rival(0)
    ledger = ledger_over(rival.store, publisher, clock)
    await ledger.apply([increase("a", "1"), increase("b", "1")])
    publisher.events.clear()
    rival.times = 3
    results = await ledger.apply([increase("a", "2"), increase("b", "2"), increase("a", "3", cause=cause("s", 1))])
    assert [result.effect for result in results] == [Effect.APPLIED] * 3
    assert (await stored(ledger, "a"))["by"] == ["1", "rival", "rival", "rival", "2", "3"]
    assert (await stored(ledger, "b"))["by"] == ["1", "2"]
    assert (sent(publisher, "a"), sent(publisher, "b")) == ([2, 3], [2])


async def test_who_is_overtaken_again_and_again_gives_up_but_publishes_what_it_stored(
    publisher: RecordingPublisher, clock: Clock
) -> None:
    rival = Rival(0)
    ledger = ledger_over(rival.store, publisher, clock)
    await ledger.apply([increase("a", "1")])
    publisher.events.clear()
    rival.times = 2 * ATTEMPTS
    with pytest.raises(WriteConflictError) as caught:
        await ledger.apply([increase("a", "2"), increase("b", "1")])
    assert caught.value.context == {"ids": ["a"]}
    assert (sent(publisher, "a"), sent(publisher, "b")) == ([], [1])
    assert (await stored(ledger, "a"))["by"].count("2") == 0


async def test_the_loser_of_a_race_to_create_goes_on_with_the_winners_state(publisher: RecordingPublisher, clock: Clock) -> None:
    store = MemoryStore()
    ledger = ledger_over(store, publisher, clock)
    results = await asyncio.gather(*(ledger.apply_one(increase("a", str(n))) for n in range(5)))
    assert sorted(result.rev for result in results) == [1, 2, 3, 4, 5]
    assert sorted((await stored(ledger, "a"))["by"]) == ["0", "1", "2", "3", "4"]
