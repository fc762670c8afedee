"""A number that a source cannot have reached is no reason to take all its later events for repetitions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.aggregate.change import Effect
from shared.aggregate.decisions import LARGEST_JUMP
from shared.aggregate.ledger import Ledger
from shared.bus.handling import Received, rejections
from shared.errors import SequenceJumpError
from tests.support.counting import START, Counter, cause, counted, increase, stored

EPOCH = (START - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
DAY = 24 * 60 * 60 * 1000
YEAR = 365 * DAY


@pytest.mark.parametrize("sequence_base", [0, EPOCH - YEAR, EPOCH], ids=["never_restored", "restored_long_ago", "restored_now"])
@pytest.mark.parametrize("reached", [0, 7, EPOCH + 7])
@pytest.mark.parametrize("beyond", [1, DAY // 2, DAY, 10**9, 10**17, 2**62])
async def test_a_number_that_no_restore_explains_is_a_dead_letter_and_later_events_count(
    ledger: Ledger[Counter], sequence_base: int, reached: int, beyond: int
) -> None:
    ledger.sequence_base = reached  # as if the source's epoch had been followed
    await ledger.apply([increase("a", "first", cause=cause("s", reached) if reached else None)])
    ledger.sequence_base = sequence_base
    before = await stored(ledger, "a")
    forged = max(reached, sequence_base) + LARGEST_JUMP + beyond
    poisoned, later = (increase("a", str(seq), cause=cause("s", seq)) for seq in (forged, reached + 1))
    results = await ledger.apply([poisoned, later, increase("new", "x", cause=cause("s", forged + reached))])
    assert [result.effect for result in results] == [Effect.REFUSED, Effect.APPLIED, Effect.REFUSED]
    assert isinstance(results[0].error, SequenceJumpError)
    document = await stored(ledger, "a")
    assert document["inbox"] == {"s": reached + 1}
    assert (document["refusals"], document["by"]) == ([], [*before["by"], str(reached + 1)])
    received = [Received(counted("a", 1), "a", cause("s", 1), START) for _ in results]
    assert [rejection.code for rejection in rejections(received, results)] == ["sequence_jump"] * 2


@pytest.mark.parametrize("seq", [EPOCH, EPOCH - YEAR, EPOCH + DAY // 2, EPOCH + 1], ids=["epoch", "earlier", "later", "first"])
async def test_an_era_counts_only_where_the_store_was_restored(ledger: Ledger[Counter], seq: int) -> None:
    await ledger.apply([increase("a", "first", cause=cause("s", 7))])
    (result,) = await ledger.apply([increase("a", "x", cause=cause("s", seq))])
    assert result.effect is Effect.REFUSED
    assert (await stored(ledger, "a"))["inbox"] == {"s": 7}


@pytest.mark.parametrize("seq", [8, 7 + LARGEST_JUMP])
async def test_gaps_are_believed(ledger: Ledger[Counter], seq: int) -> None:
    await ledger.apply([increase("a", "first", cause=cause("s", 7))])
    results = await ledger.apply([increase("a", "x", cause=cause("s", seq)), increase("a", "y", cause=cause("s", seq + 1))])
    assert [result.effect for result in results] == [Effect.APPLIED] * 2


@pytest.mark.parametrize("reached", [0, 7])
async def test_a_restored_store_follows_eras_and_no_number_below_the_last_hides_an_event(
    ledger: Ledger[Counter], reached: int
) -> None:
    await ledger.apply([increase("a", "first", cause=cause("s", reached) if reached else None)])
    for epoch in (EPOCH - 2 * YEAR, EPOCH - YEAR, EPOCH):
        ledger.sequence_base = epoch
        forged, true = cause("s", epoch - DAY), cause("s", epoch + 1)
        results = await ledger.apply([increase("a", "forged", cause=forged), increase("a", str(epoch), cause=true)])
        assert results[1].effect is Effect.APPLIED
    assert (await stored(ledger, "a"))["inbox"] == {"s": EPOCH + 1}
