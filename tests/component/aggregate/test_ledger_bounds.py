"""An aggregate is bounded in bytes as well: its state and its outbox, long before a store refuses the document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import bson
import pytest

from shared.aggregate.change import Cause, Change, Effect
from shared.aggregate.decisions import STATE_BYTES, STATE_BYTES_FOR_EVENTS, STATE_BYTES_FOR_SMALL_STEPS
from shared.aggregate.ledger import Ledger
from shared.aggregate.outbox import OUTBOX_BYTES
from shared.errors import AggregateTooLargeError, OutboxFullError
from shared.messages.base import Message
from tests.support.counting import Clock, Counter, cause, counted, increase, sent, stored
from tests.support.publisher import RecordingPublisher

LARGEST_DOCUMENT = 4 * 1024 * 1024


def write(size: int, *, sign: str = "x", cause: Cause | None = None) -> Change[Counter]:
    """Add one text of that many signs to the state, and say so in a small event."""

    def decide(counter: Counter | None) -> tuple[Counter, Sequence[Message]]:
        counter = counter or Counter(id="a")
        counter.by = [*counter.by, sign * size]
        return counter, [counted("a", len(counter.by))]

    return Change("a", decide, cause)


def replace_all(size: int) -> Change[Counter]:
    def decide(counter: Counter | None) -> tuple[Counter, Sequence[Message]]:
        assert counter is not None
        counter.by = ["x" * size]
        return counter, [counted("a", 1)]

    return Change("a", decide)


def say(size: int) -> Change[Counter]:
    """Say a large event without growing."""

    def decide(counter: Counter | None) -> tuple[Counter, Sequence[Message]]:
        event = counted("a", 1)
        return counter or Counter(id="a"), [event.model_copy(update={"code": "x" * size})]

    return Change("a", decide)


async def repeat(ledger: Ledger[Counter], change: Change[Counter]) -> None:
    """Apply a change again and again until it is refused; the refusal is raised."""
    for _ in range(1000):
        await ledger.apply_one(change)
    pytest.fail("never refused")


@pytest.mark.parametrize("sign", ["x", "ü", "€", "\\"])
async def test_a_change_that_lets_a_state_grow_too_large_is_refused_with_a_code(ledger: Ledger[Counter], sign: str) -> None:
    with pytest.raises(AggregateTooLargeError) as caught:
        await repeat(ledger, write(20_000, sign=sign))
    assert (caught.value.status, caught.value.code, caught.value.context["limit"]) == (422, "aggregate_too_large", STATE_BYTES)
    assert len(bson.encode(await stored(ledger, "a"))) < 2 * STATE_BYTES
    with pytest.raises(AggregateTooLargeError):
        await ledger.apply_one(Change("new", write(STATE_BYTES).decide))
    assert await ledger.get("new") is None


async def test_who_has_filled_an_aggregate_has_not_blocked_small_steps_or_other_services(ledger: Ledger[Counter]) -> None:
    await ledger.apply_one(write(STATE_BYTES - 1000))
    with pytest.raises(AggregateTooLargeError):
        await ledger.apply_one(write(20_000))
    assert (await ledger.apply_one(write(4_000))).effect is Effect.APPLIED
    assert (await ledger.apply_one(replace_all(STATE_BYTES + 1000))).effect is Effect.APPLIED  # smaller than before
    with pytest.raises(AggregateTooLargeError) as caught:
        await repeat(ledger, write(4_000))
    assert caught.value.context["limit"] == STATE_BYTES_FOR_SMALL_STEPS
    assert [it.effect for it in await ledger.apply([write(20_000, cause=cause("s", 1))])] == [Effect.APPLIED]


async def test_an_event_that_would_let_an_aggregate_grow_too_large_is_a_refusal_on_it(
    ledger: Ledger[Counter], publisher: RecordingPublisher
) -> None:
    effects: list[Effect] = []
    for number in range(1, 60):
        effects += [it.effect for it in await ledger.apply([write(20_000, cause=cause("s", number)), increase("b", "x")])][:1]
    assert effects == sorted(effects)  # applied, then refused
    assert {*effects} == {Effect.APPLIED, Effect.REFUSED}
    document = await stored(ledger, "a")
    assert document["inbox"] == {"s": 59}
    assert {refusal["code"] for refusal in document["refusals"]} == {"aggregate_too_large"}
    assert len(bson.encode(document)) < STATE_BYTES_FOR_EVENTS + 20_000
    assert len(sent(publisher, "b")) == 59


async def test_an_outbox_is_full_by_bytes_and_empties_again(
    ledger: Ledger[Counter], publisher: RecordingPublisher, clock: Clock
) -> None:
    publisher.refuses = lambda _: True
    with pytest.raises(OutboxFullError) as caught:
        await repeat(ledger, say(400_000))
    assert (caught.value.status, caught.value.code) == (503, "outbox_full")
    taken = len((await stored(ledger, "a"))["outbox"])
    assert taken == OUTBOX_BYTES // 400_000
    assert len(bson.encode(await stored(ledger, "a"))) < LARGEST_DOCUMENT
    publisher.refuses = lambda _: False
    clock.time += timedelta(minutes=1)
    assert await ledger.outbox.relay(timedelta(seconds=5)) == taken
    assert (await ledger.apply_one(say(400_000))).effect is Effect.APPLIED


async def test_what_one_change_says_fits_into_an_empty_outbox(ledger: Ledger[Counter]) -> None:
    assert (await ledger.apply_one(say(OUTBOX_BYTES + 1))).effect is Effect.APPLIED
