"""The last record of a key is the newest, whatever repeats and whoever dies in between: it is what a compacted topic keeps."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from shared.aggregate.condition import Condition
from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import OutgoingEvent
from shared.errors import StoreUnavailableError
from shared.store.opening import open_store
from shared.store.port import Collection, Save, Store
from tests.component.aggregate.compaction_child import run_child
from tests.support.counting import COUNTERS, START, Clock, Counter, counted, increase, ledger_over, outbox_of, sent, stored
from tests.support.publisher import RecordingPublisher


class Killed(BaseException):
    """The process ends here."""


class Slow(RecordingPublisher):
    """Lets somebody else work after its events were taken for sending and before they reach the topic."""

    def __init__(self, topic: RecordingPublisher, meanwhile: Callable[[], Awaitable[object]], *, dies: bool) -> None:
        super().__init__()
        self.topic = topic
        self.meanwhile: Callable[[], Awaitable[object]] | None = meanwhile
        self.dies = dies

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        flags = await self.topic.publish(events)
        if self.dies:
            raise Killed
        return flags


class Failing:
    """A store of which, once ``broken``, one process cannot write any more."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.broken = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        if self.broken:
            raise StoreUnavailableError("The store went away.")
        return await self.store.save_many(collection, saves)


def over(store: object, publisher: RecordingPublisher, clock: Clock) -> Ledger[Counter]:
    return ledger_over(store, publisher, clock, restate=lambda counter: [counted(counter.id, counter.count)])  # type: ignore[arg-type]


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
    stores = [open_store(f"sqlite:///{tmp_path}/one.db") for _ in range(2)]
    for store in stores:
        await store.prepare([COUNTERS])
    yield stores[0], stores[1]
    for store in stores:
        await store.close()


def give_up(ledger: Ledger[Counter]) -> None:
    """Take every sender but oneself for dead from now on."""
    ledger.left_behind.patience = timedelta(0)


async def settled(ledger: Ledger[Counter], topic: RecordingPublisher, clock: Clock) -> None:
    """Some time later, a relay has worked until nothing is left: the newest state stands last, and no duty is left."""
    clock.time += timedelta(minutes=1)
    while await ledger.outbox.relay(timedelta(seconds=5)):
        pass
    assert sent(topic, "a")[-1] == max(sent(topic, "a"))
    give_up(ledger)
    while await ledger.outbox.relay(timedelta(seconds=5)):
        pass
    document = await stored(ledger, "a")
    assert sent(topic, "a")[-1] == max(sent(topic, "a")) == document["seq"]
    assert json.loads(topic.events[-1].body)["attempts"] == document["count"]
    assert (document["outbox"], document["pending_since"], document.get("senders", [])) == ([], None, [])


@pytest.mark.parametrize("cleaned_before", [True, False])
@pytest.mark.parametrize("fate", ["lives", "dies", "store away"])
async def test_a_relay_that_is_overtaken_leaves_the_newest_last(
    two: tuple[Store, Store], clock: Clock, fate: str, *, cleaned_before: bool
) -> None:
    topic = RecordingPublisher(lambda _: True)
    first = over(two[0], topic, clock)
    await first.apply_one(increase("a", "first"))
    topic.refuses = lambda _: False
    store = Failing(two[1])

    async def meanwhile() -> None:
        if cleaned_before:
            await first.outbox.relay(timedelta(seconds=-1))
        await first.apply_one(increase("a", "second"))
        await first.apply_one(increase("a", "third"))
        store.broken = fate == "store away"

    slow = over(store, Slow(topic, meanwhile, dies=fate == "dies"), clock)
    if fate == "dies":
        with pytest.raises(Killed):
            await slow.outbox.relay(timedelta(seconds=-1))
    else:
        await slow.outbox.relay(timedelta(seconds=-1))
    if fate != "lives":
        assert sent(topic, "a")[-1] == 1  # the late repeat did happen
    await settled(first, topic, clock)


@pytest.mark.parametrize("fate", ["dies", "store away"])
async def test_a_writer_that_is_overtaken_leaves_the_newest_last(two: tuple[Store, Store], clock: Clock, fate: str) -> None:
    topic = RecordingPublisher()
    first = over(two[0], topic, clock)
    store = Failing(two[1])

    async def meanwhile() -> None:
        await first.apply_one(increase("a", "second"))
        store.broken = fate == "store away"

    slow = over(store, Slow(topic, meanwhile, dies=fate == "dies"), clock)
    if fate == "dies":
        with pytest.raises(Killed):
            await slow.apply_one(increase("a", "first"))
    else:
        await slow.apply_one(increase("a", "first"))
    assert sent(topic, "a") == [1, 2, 1]
    await settled(first, topic, clock)


async def test_a_writer_whose_duty_was_ended_while_it_was_silent_repairs_its_repeat_once_the_store_answers(
    two: tuple[Store, Store], clock: Clock
) -> None:
    topic = RecordingPublisher()
    other, store = over(two[0], topic, clock), Failing(two[1])

    async def meanwhile() -> None:
        await other.apply_one(increase("a", "second"))
        await settled(other, topic, clock)
        store.broken = True

    slow = over(store, Slow(topic, meanwhile, dies=False), clock)
    await slow.apply_one(increase("a", "first"))
    assert sent(topic, "a")[-1] == 1, "its repeat stands behind the newest"
    assert (await stored(other, "a")).get("senders", []) == [], "and nobody knows of it any more but itself"
    await slow.outbox.settle()
    assert sent(topic, "a")[-1] == 1
    store.broken = False
    await slow.outbox.settle()
    await settled(other, topic, clock)
    told = len(topic.events)
    await slow.outbox.settle()
    assert len(topic.events) == told, "once is enough"


async def test_who_repeats_does_not_change_the_revision_that_callers_know(two: tuple[Store, Store], clock: Clock) -> None:
    topic = RecordingPublisher(lambda _: True)
    ledger, other = over(two[0], topic, clock), over(two[1], topic, clock)
    rev = (await ledger.apply_one(increase("a", "first"))).rev
    for relay in (ledger, other, ledger, other):
        await relay.outbox.relay(timedelta(seconds=-1))
    found = await ledger.get("a")
    assert found is not None
    assert found[1] == rev
    assert (await ledger.apply_one(increase("a", "second"), condition=Condition(rev))).rev == rev + 1
    topic.refuses = lambda _: False
    await settled(ledger, topic, clock)


async def test_a_relay_that_keeps_failing_writes_its_duty_once(two: tuple[Store, Store], clock: Clock) -> None:
    topic = RecordingPublisher(lambda _: True)
    ledger = over(two[0], topic, clock)
    await ledger.apply_one(increase("a", "first"))
    await ledger.outbox.relay(timedelta(seconds=-1))
    give_up(ledger)
    await ledger.outbox.relay(timedelta(seconds=-1))
    before = await stored(ledger, "a")
    for _ in range(3):
        await ledger.outbox.relay(timedelta(seconds=-1))
    assert await stored(ledger, "a") == before


async def test_without_faults_nothing_is_said_twice(two: tuple[Store, Store], clock: Clock) -> None:
    topic = RecordingPublisher()
    ledger = over(two[0], topic, clock)
    for who in range(5):
        await ledger.apply_one(increase("a", str(who), times=2))
        assert await ledger.outbox.relay(timedelta(seconds=-1)) == 0
    assert sent(topic, "a") == list(range(1, 11))
    assert (await stored(ledger, "a")).keys() == {
        *("_id", "rev", "seq", "inbox", "outbox", "pending_since", "refusals", "requests", "count", "by")
    }


async def test_a_writer_that_died_before_it_sent_has_its_events_sent_by_the_relay(two: tuple[Store, Store], clock: Clock) -> None:
    class Dead(RecordingPublisher):
        async def publish(self, _: Sequence[OutgoingEvent]) -> list[bool]:
            raise Killed

    with pytest.raises(Killed):
        await over(two[1], Dead(), clock).apply_one(increase("a", "first", times=3))
    topic = RecordingPublisher()
    ledger = over(two[0], topic, clock)
    await settled(ledger, topic, clock)
    assert sent(topic, "a")[:3] == [1, 2, 3]


@pytest.mark.parametrize("seed", range(8))
async def test_whoever_dies_in_whatever_order_the_newest_is_last(two: tuple[Store, Store], clock: Clock, seed: int) -> None:
    """Slow senders inside slow senders, each of which may die after its repeat."""
    draw = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    topic = RecordingPublisher()

    async def work(depth: int) -> None:
        async def meanwhile() -> None:
            for _ in range(draw.randrange(3) if depth < 3 else 0):
                await work(depth + 1)

        ledger = over(draw.choice(two), Slow(topic, meanwhile, dies=draw.random() < 0.5), clock)
        clock.time += timedelta(milliseconds=1)
        try:
            if draw.random() < 0.5:
                await ledger.apply_one(increase("a", f"{depth}"))
            else:
                await ledger.outbox.relay(timedelta(seconds=-1))
        except Killed:
            return

    for _ in range(6):
        await work(0)
    await over(two[0], topic, clock).apply_one(increase("a", "last"))
    await settled(over(two[1], topic, clock), topic, clock)


@pytest.mark.parametrize("point", ["store.clean.before:1", "store.clean.after:1"])
async def test_a_process_killed_between_its_repeat_and_the_clean_up_leaves_the_newest_last(
    tmp_path: Path, clock: Clock, point: str
) -> None:
    path = tmp_path / "one.db"
    store = open_store(f"sqlite:///{path}")
    await store.prepare([COUNTERS])
    topic = RecordingPublisher(lambda _: True)
    ledger = over(store, topic, clock)
    await ledger.apply_one(increase("a", "first"))
    topic.refuses = lambda _: False

    async def meanwhile() -> None:
        await ledger.apply_one(increase("a", "second"))

    repeated = await run_child(path, point, START + timedelta(minutes=1), meanwhile)
    assert [event.seq for event in repeated] == [1]
    topic.events += repeated
    assert sent(topic, "a") == [1, 2, 1]
    await settled(ledger, topic, clock)
    await store.close()


def test_a_duty_is_no_field_of_the_state() -> None:
    assert not {"senders", "repeats"} & {*Counter.model_fields}


async def test_outboxes_of_other_ledgers_hold_no_duties(ledger: Ledger[Counter], publisher: RecordingPublisher) -> None:
    publisher.refuses = lambda _: True
    await ledger.apply_one(increase("a", "me"))
    await ledger.outbox.relay(timedelta(seconds=-1))
    document = await stored(ledger, "a")
    assert outbox_of(document) == [1]
    assert "senders" not in document
    assert document["rev"] == 1
