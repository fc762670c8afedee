"""A number that a source cannot have reached is no reason to take all its later events for repetitions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import SequenceJumpError
from shared.ledger import LARGEST_JUMP, Effect, Ledger
from shared.service import Received, rejections
from tests.support.counting import START, Clock, Counter, cause, counted, increase, stored

ERA = (START - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
DAY = 24 * 60 * 60 * 1000


@pytest.mark.parametrize("reached", [0, 7, ERA + 7])
@pytest.mark.parametrize("jump", [LARGEST_JUMP + 1, 10**9, 10**17, 2**62])
async def test_an_impossible_number_is_a_dead_letter_and_later_events_count(
    ledger: Ledger[Counter], reached: int, jump: int
) -> None:
    if reached:
        await ledger.apply([increase("a", "first", cause=cause("s", reached))])
    else:
        await ledger.apply([increase("a", "first")])
    before = await stored(ledger, "a")
    poisoned, later = (increase("a", str(seq), cause=cause("s", seq)) for seq in (reached + jump + 2 * DAY, reached + 1))
    results = await ledger.apply([poisoned, later, increase("new", "x", cause=cause("s", reached + jump + 2 * DAY + ERA))])
    assert [result.effect for result in results] == [Effect.REFUSED, Effect.APPLIED, Effect.REFUSED]
    assert isinstance(results[0].error, SequenceJumpError)
    document = await stored(ledger, "a")
    assert document["inbox"] == {"s": reached + 1}
    assert (document["refusals"], document["by"]) == ([], [*before["by"], str(reached + 1)])
    received = [Received(counted("a", 1), "a", cause("s", 1), START) for _ in results]
    assert [rejection.code for rejection in rejections(received, results)] == ["sequence_jump"] * 2


@pytest.mark.parametrize("seq", [8, 7 + LARGEST_JUMP, ERA, ERA - 365 * DAY, ERA + DAY // 2])
async def test_gaps_and_the_eras_of_restored_stores_are_believed(ledger: Ledger[Counter], seq: int) -> None:
    await ledger.apply([increase("a", "first", cause=cause("s", 7))])
    results = await ledger.apply([increase("a", "x", cause=cause("s", seq)), increase("a", "y", cause=cause("s", seq + 1))])
    assert [result.effect for result in results] == [Effect.APPLIED] * 2


async def test_a_later_era_follows_an_earlier_one(ledger: Ledger[Counter], clock: Clock) -> None:
    for _ in range(3):
        era = (clock.time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        (result,) = await ledger.apply([increase("a", "x", cause=cause("s", era + 1))])
        assert result.effect is Effect.APPLIED
        clock.time += timedelta(days=30)
