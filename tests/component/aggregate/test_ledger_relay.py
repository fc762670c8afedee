"""What the relay takes: whatever has waited, by whosever clock, and what lies behind that which cannot be sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.aggregate.ledger import Ledger
from shared.aggregate.outbox import BARREN_PAGES
from shared.aggregate.outgoing import OutgoingEvent
from shared.store.port import Save, Store
from tests.support.counting import START, Clock, Counter, counted, increase, ledger_over, sent, stored
from tests.support.publisher import RecordingPublisher

AFTER = timedelta(seconds=5)


@pytest.mark.parametrize("ahead", [timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=400)])
async def test_what_a_clock_that_runs_ahead_has_written_does_not_wait_for_that_time(
    ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock, ahead: timedelta
) -> None:
    publisher.refuses = lambda _: True
    clock.time = START + ahead
    await ledger.apply([increase("a", "ahead"), increase("b", "ahead")])
    clock.time = START
    await ledger.apply([increase("c", "right")])
    publisher.refuses = lambda _: False
    assert await ledger.outbox.relay(AFTER) == 2
    assert (sent(publisher, "a"), sent(publisher, "b"), sent(publisher, "c")) == ([1], [1], [])


async def test_what_is_on_its_way_is_left_alone(ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock) -> None:
    publisher.refuses = lambda _: True
    await ledger.apply([increase("a", "now")])
    publisher.refuses = lambda _: False
    clock.time += AFTER
    assert await ledger.outbox.relay(AFTER) == 0
    clock.time += timedelta(milliseconds=1)
    assert await ledger.outbox.relay(AFTER) == 1


@pytest.mark.parametrize("stuck", [199, 200, 201, 650])
@pytest.mark.parametrize("ahead", [False, True])
async def test_what_cannot_be_sent_holds_up_nothing_behind_it(
    ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock, stuck: int, *, ahead: bool
) -> None:
    publisher.refuses = lambda _: True
    await ledger.apply([increase(f"stuck-{number:04}", "x") for number in range(stuck)])
    clock.time += timedelta(seconds=1)
    await ledger.apply([increase(f"fine-{number}", "x") for number in range(5)])
    clock.time += timedelta(hours=-1 if ahead else 1)
    publisher.refuses = lambda event: event.key.startswith("stuck")
    assert await ledger.outbox.relay(AFTER) == 5
    publisher.refuses = lambda _: False
    assert await ledger.outbox.relay(AFTER) == stuck


async def test_a_pass_that_brings_nothing_ends_and_the_next_begins_where_it_ended(
    ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock
) -> None:
    tried: list[str] = []
    count = 3 * BARREN_PAGES
    last = f"{count - 1:03}"
    publisher.refuses = lambda _: True
    await ledger.apply([increase(f"{number:03}", "x") for number in range(count)])
    clock.time += timedelta(minutes=1)

    def refuse(event: OutgoingEvent) -> bool:
        tried.append(event.key)
        return event.key != last

    publisher.refuses = refuse
    assert await ledger.outbox.relay(AFTER, limit=2) == 0
    assert tried == [f"{number:03}" for number in range(2 * BARREN_PAGES)]
    tried.clear()
    assert await ledger.outbox.relay(AFTER, limit=2) == 1
    assert tried == [f"{number % count:03}" for number in range(2 * BARREN_PAGES, count + 2 * BARREN_PAGES)]


@pytest.mark.parametrize("restating", [False, True])
@pytest.mark.parametrize("damage", [{"outbox": [{"seq": 1}]}, {"outbox": [{"seq": 1}], "count": "none"}, {"count": "none"}])
async def test_a_document_that_nobody_can_read_holds_up_no_other(
    store: Store, publisher: RecordingPublisher, clock: Clock, damage: dict[str, object], *, restating: bool
) -> None:
    restate = (lambda counter: [counted(counter.id, counter.count)]) if restating else None
    ledger = ledger_over(store, publisher, clock, restate)
    publisher.refuses = lambda _: True
    await ledger.apply([increase("a", "first")])
    clock.time += timedelta(seconds=1)
    await ledger.apply([increase("b", "behind")])
    document = await stored(ledger, "a")
    broken = {**document, **damage, "rev": document["rev"] + 1}
    assert not await store.save_many(ledger.collection, [Save(broken, expected_rev=document["rev"])])
    publisher.refuses = lambda _: False
    clock.time += timedelta(hours=1)
    await ledger.outbox.relay(AFTER)
    assert sent(publisher, "b") == [1]
