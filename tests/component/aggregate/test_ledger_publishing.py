"""How the ledger publishes: in order, again if need be, never more than it could keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.aggregate.change import Effect
from shared.aggregate.ledger import Ledger
from shared.aggregate.outbox import OUTBOX_LIMIT
from shared.aggregate.outgoing import OutgoingEvent
from shared.errors import (
    OutboxFullError,
    StoreUnavailableError,
)
from shared.store.port import Collection, Save
from tests.support.counting import (
    START,
    Clock,
    Counter,
    counted,
    increase,
    ledger_over,
    outbox_of,
    sent,
    stored,
)
from tests.support.memory_store import MemoryStore
from tests.support.publisher import RecordingPublisher


async def test_an_event_follows_only_after_the_one_before_it_was_acknowledged(
    ledger: Ledger[Counter], publisher: RecordingPublisher
) -> None:
    publisher.refuses = lambda event: event.seq == 2
    await ledger.apply_one(increase("a", "me", times=4))
    assert sent(publisher, "a") == [1]
    document = await stored(ledger, "a")
    assert (outbox_of(document), document["pending_since"], document["rev"]) == ([2, 3, 4], START, 1)
    publisher.refuses = lambda _: False
    await ledger.apply_one(increase("a", "you"))
    assert sent(publisher, "a") == [1, 2, 3, 4, 5]
    assert outbox_of(await stored(ledger, "a")) == []


async def test_the_relay_publishes_what_has_waited_long_enough(
    ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock
) -> None:
    publisher.refuses = lambda _: True
    await ledger.apply([increase("old", "me"), increase("b", "me")])
    clock.time += timedelta(seconds=10)
    await ledger.apply([increase("young", "me"), increase("old", "me")])
    publisher.refuses = lambda _: False
    clock.time += timedelta(seconds=1)
    assert await ledger.outbox.relay(timedelta(seconds=5)) == 3
    assert (sent(publisher, "old"), sent(publisher, "b"), sent(publisher, "young")) == ([1, 2], [1], [])
    clock.time += timedelta(seconds=10)
    assert await ledger.outbox.relay(timedelta(seconds=5)) == 1
    assert await ledger.outbox.relay(timedelta(seconds=5)) == 0


async def test_a_repeated_event_is_the_same_event(ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock) -> None:
    seen: list[OutgoingEvent] = []

    def refuse(event: OutgoingEvent) -> bool:
        seen.append(event)
        return True

    publisher.refuses = refuse
    await ledger.apply_one(increase("a", "me"))
    clock.time += timedelta(minutes=1)
    await ledger.outbox.relay(timedelta(0))
    await ledger.outbox.relay(timedelta(0))
    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2]


async def test_a_full_outbox_refuses_commands_and_loses_nothing(
    ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock
) -> None:
    publisher.refuses = lambda _: True
    await ledger.apply_one(increase("a", "me", times=OUTBOX_LIMIT - 1))
    with pytest.raises(OutboxFullError):
        await ledger.apply_one(increase("a", "too many", times=2))
    await ledger.apply_one(increase("a", "last"))
    with pytest.raises(OutboxFullError) as caught:
        await ledger.apply([increase("b", "me"), increase("a", "too many")])
    assert caught.value.context == {"id": "a", "waiting": OUTBOX_LIMIT}
    assert (await stored(ledger, "a"))["count"] == OUTBOX_LIMIT
    assert await ledger.get("b") is None
    publisher.refuses = lambda _: False
    clock.time += timedelta(minutes=1)
    assert await ledger.outbox.relay(timedelta(seconds=5)) == OUTBOX_LIMIT
    assert sent(publisher, "a") == list(range(1, OUTBOX_LIMIT + 1))
    assert (await ledger.apply_one(increase("a", "again"))).effect is Effect.APPLIED
    assert sent(publisher, "a")[-1] == OUTBOX_LIMIT + 1


async def test_who_has_stored_and_published_has_succeeded_even_if_the_clean_up_fails(
    publisher: RecordingPublisher, clock: Clock
) -> None:
    class FailsToClean(MemoryStore):
        failing = True

        async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
            if self.failing and all(save.document["rev"] == save.expected_rev for save in saves):
                raise StoreUnavailableError("The store went away.")
            return await super().save_many(collection, saves)

    store = FailsToClean()
    ledger = ledger_over(store, publisher, clock)
    assert (await ledger.apply_one(increase("a", "me"))).effect is Effect.APPLIED
    assert outbox_of(await stored(ledger, "a")) == [1]
    store.failing = False
    clock.time += timedelta(minutes=1)
    assert await ledger.outbox.relay(timedelta(seconds=5)) == 1
    assert sent(publisher, "a") == [1, 1]
    assert outbox_of(await stored(ledger, "a")) == []


async def test_the_last_record_of_a_key_is_the_newest_though_a_repeat_came_late(store: MemoryStore, clock: Clock) -> None:
    """A compacted topic keeps the last record: a slow sender must not leave an old state there for ever."""
    publisher = RecordingPublisher()
    ledger = ledger_over(store, publisher, clock, restate=lambda counter: [counted(counter.id, counter.count)])
    overtaking = ledger_over(store, publisher, clock, restate=lambda counter: [counted(counter.id, counter.count)])

    class Slow(RecordingPublisher):
        async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
            if not self.events:
                self.events += events
                await overtaking.apply_one(increase("a", "faster"))
            return await publisher.publish(events)

    ledger.outbox.publisher = Slow()
    await ledger.apply_one(increase("a", "slower"))
    order = sent(publisher, "a")
    assert order[:3] == [1, 2, 1]
    assert order[-1] == max(order) == 3
    assert outbox_of(await stored(ledger, "a")) == []
