"""A journal holds each change with the state that it left, until somebody has taken it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from shared.aggregate import journal
from shared.aggregate.change import Cause, Change
from shared.aggregate.ledger import Ledger
from shared.errors import JournalFullError
from shared.messages.base import Message
from shared.store.port import Store
from tests.support.counting import COUNTERS, Clock, Counter, cause, increase, ledger_over, look, stored
from tests.support.publisher import RecordingPublisher


@pytest.fixture
def kept(store: Store, publisher: RecordingPublisher, clock: Clock) -> Ledger[Counter]:
    return Ledger(
        service="test",
        state_type=Counter,
        collection=COUNTERS,
        store=store,
        publisher=publisher,
        clock=clock,
        journal=True,
    )


async def counts(ledger: Ledger[Counter], name: str) -> list[tuple[str | None, int]]:
    waiting = journal.waiting(await stored(ledger, name))
    assert waiting is not None
    return [(entry.id, ledger.state_of(entry.state).count) for entry in waiting]


async def test_each_change_is_written_down_with_its_first_event_and_its_state(kept: Ledger[Counter]) -> None:
    results = await kept.apply([increase("a", "me", times=2), increase("a", "you"), increase("b", "me")])
    assert await counts(kept, "a") == [(results[0].events[0].id, 2), (results[1].events[0].id, 3)]
    assert await counts(kept, "b") == [(results[2].events[0].id, 1)]


async def test_a_change_without_events_is_written_down_if_it_is_stored(kept: Ledger[Counter]) -> None:
    (first,) = await kept.apply([increase("a", "me")])
    await kept.apply([recount("a", 7, cause("source", 1)), recount("a", 9, cause("source", 2)), recount("a", 11, None)])
    found = await counts(kept, "a")
    assert [count for _, count in found] == [1, 7, 9]
    assert found[0][0] == first.events[0].id
    assert len({entry_id for entry_id, _ in found}) == 3


def recount(counter_id: str, count: int, cause: Cause | None) -> Change[Counter]:
    def decide(counter: Counter | None) -> tuple[Counter, Sequence[Message]]:
        assert counter is not None
        return counter.model_copy(update={"count": count}), []

    return Change(counter_id, decide, cause)


async def test_who_has_taken_a_change_drops_it_and_disturbs_no_writer(kept: Ledger[Counter]) -> None:
    await kept.apply([increase("a", "me"), increase("a", "you")])
    document = await stored(kept, "a")
    (first, _), (second, _) = await counts(kept, "a")
    await kept.apply([increase("a", "they")])
    assert await kept.store.save_many(COUNTERS, [journal.shortened(document, [first])]) == {"a"}
    present = await stored(kept, "a")
    assert await kept.store.save_many(COUNTERS, [journal.shortened(present, [first])]) == set()
    after = await stored(kept, "a")
    assert (after["rev"], [count for _, count in await counts(kept, "a")]) == (present["rev"], [2, 3])
    assert after["journal_since"] is not None
    left = [entry_id for entry_id, _ in await counts(kept, "a")]
    assert second in left
    await kept.store.save_many(COUNTERS, [journal.shortened(after, left)])
    assert (await stored(kept, "a"))["journal_since"] is None
    assert await counts(kept, "a") == []


async def test_looking_and_ledgers_without_a_journal_write_none(
    kept: Ledger[Counter], store: Store, publisher: RecordingPublisher, clock: Clock
) -> None:
    plain = ledger_over(store, publisher, clock)
    await plain.apply([increase("a", "me")])
    assert journal.waiting(await stored(plain, "a")) is None
    await kept.apply([look("a")])
    assert journal.waiting(await stored(plain, "a")) is None


async def test_the_state_before_the_first_journal_is_part_of_it(
    kept: Ledger[Counter], store: Store, publisher: RecordingPublisher, clock: Clock
) -> None:
    await ledger_over(store, publisher, clock).apply([increase("a", "me")])
    (result,) = await kept.apply([increase("a", "you")])
    assert await counts(kept, "a") == [(None, 1), (result.events[0].id, 2)]


async def test_a_journal_that_nobody_takes_stops_further_changes(kept: Ledger[Counter]) -> None:
    for _ in range(journal.JOURNAL_LIMIT):
        await kept.apply([increase("a", "me")])
    with pytest.raises(JournalFullError):
        await kept.apply([increase("a", "me")])
    document = await stored(kept, "a")
    assert document["count"] == journal.JOURNAL_LIMIT
    done = [cast("str", entry_id) for entry_id, _ in await counts(kept, "a")]
    await kept.store.save_many(COUNTERS, [journal.shortened(document, done)])
    await kept.apply([increase("a", "me")])
