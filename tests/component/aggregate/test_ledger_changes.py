"""How the ledger takes decisions: once per cause, all or nothing, for the revision that the caller expects."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.aggregate.base import Aggregate
from shared.aggregate.change import Change, Effect
from shared.aggregate.condition import Condition
from shared.aggregate.decisions import REFUSALS_STORED, REQUESTS_STORED
from shared.aggregate.ledger import Ledger
from shared.errors import (
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    PreconditionFailedError,
    RejectedError,
)
from shared.ids import derived_id
from shared.messages.base import Message
from shared.store.port import Collection
from shared.tracing import context
from tests.support.counting import (
    COUNTERS,
    Clock,
    Counter,
    cause,
    increase,
    increase_existing,
    look,
    stored,
    touch_and_refuse,
)
from tests.support.memory_store import MemoryStore
from tests.support.publisher import RecordingPublisher


async def test_a_change_is_stored_published_and_cleaned_up(ledger: Ledger[Counter], publisher: RecordingPublisher) -> None:
    result = await ledger.apply_one(increase("a", "me", times=2))
    assert (result.effect, result.rev, result.state) == (Effect.APPLIED, 1, Counter(id="a", count=2, by=["me", "me"]))
    assert publisher.events == list(result.events)
    assert await ledger.get("a") == (result.state, 1)
    document = await stored(ledger, "a")
    assert (document["seq"], document["outbox"], document["pending_since"]) == (2, [], None)


async def test_an_event_says_where_it_comes_from_and_where_it_belongs(ledger: Ledger[Counter], clock: Clock) -> None:
    trace = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    token = context.traceparent.set(trace)
    (event,) = (await ledger.apply_one(increase("a", "me"))).events
    context.traceparent.reset(token)
    assert (event.key, event.source, event.seq, event.time) == ("a", "/test", 1, clock.time)
    assert event.id == derived_id("event", "test", "counters", "a", "1")
    assert (event.topic, event.type) == ("notify.delivery.v1", "notify.notification.failed.v1")
    assert event.correlation_id == "a"
    assert event.traceparent.split("-")[1] == "ab" * 16
    assert event.traceparent != trace


async def test_the_correlation_of_a_cause_goes_on(ledger: Ledger[Counter]) -> None:
    (result,) = await ledger.apply([increase("a", "me", cause=cause("order-7", 1))])
    assert result.events[0].correlation_id == "order-7"


async def test_no_event_is_no_change(ledger: Ledger[Counter], publisher: RecordingPublisher) -> None:
    assert (await ledger.apply_one(look("a"))).effect is Effect.UNCHANGED
    assert await ledger.get("a") is None
    await ledger.apply_one(increase("a", "me"))
    result = await ledger.apply_one(look("a"))
    assert (result.effect, result.rev) == (Effect.UNCHANGED, 1)
    assert (await stored(ledger, "a"))["rev"] == 1
    assert len(publisher.events) == 1


async def test_a_batch_is_one_write_per_aggregate_and_keeps_the_order_of_its_results(ledger: Ledger[Counter]) -> None:
    results = await ledger.apply([increase("a", "1"), increase("b", "2"), increase("a", "3"), look("c"), increase("a", "4")])
    assert [result.id for result in results] == ["a", "b", "a", "c", "a"]
    assert [[event.seq for event in result.events] for result in results] == [[1], [1], [2], [], [3]]
    assert (await stored(ledger, "a"))["by"] == ["1", "3", "4"]
    assert [result.rev for result in results] == [1, 1, 1, 0, 1]


async def test_an_event_is_applied_once_per_place_in_its_source(ledger: Ledger[Counter]) -> None:
    changes = [increase("a", f"s{seq}", cause=cause("s", seq)) for seq in (1, 2, 5)]
    assert [result.effect for result in await ledger.apply(changes)] == [Effect.APPLIED] * 3
    assert [result.effect for result in await ledger.apply(changes)] == [Effect.DUPLICATE] * 3
    late = increase("a", "s4", cause=cause("s", 4))
    other = increase("a", "t1", cause=cause("t", 1))
    assert [result.effect for result in await ledger.apply([late, other])] == [Effect.DUPLICATE, Effect.APPLIED]
    document = await stored(ledger, "a")
    assert (document["by"], document["inbox"]) == (["s1", "s2", "s5", "t1"], {"s": 5, "t": 1})


async def test_one_event_twice_in_a_batch_is_applied_once(ledger: Ledger[Counter]) -> None:
    change = increase("a", "s1", cause=cause("s", 1))
    assert [result.effect for result in await ledger.apply([change, change])] == [Effect.APPLIED, Effect.DUPLICATE]
    assert (await stored(ledger, "a"))["count"] == 1


async def test_an_event_without_consequence_is_remembered_as_seen(ledger: Ledger[Counter]) -> None:
    await ledger.apply_one(increase("a", "me"))
    seen = Change("a", look("a").decide, cause("s", 3))
    assert [result.effect for result in await ledger.apply([seen])] == [Effect.APPLIED]
    document = await stored(ledger, "a")
    assert (document["rev"], document["inbox"], document["outbox"]) == (2, {"s": 3}, [])
    assert [result.effect for result in await ledger.apply([seen])] == [Effect.DUPLICATE]


async def test_a_refused_command_raises_and_leaves_no_trace(ledger: Ledger[Counter], publisher: RecordingPublisher) -> None:
    await ledger.apply_one(increase("a", "me"))
    before = await stored(ledger, "a")
    with pytest.raises(RejectedError, match="Not now"):
        await ledger.apply_one(touch_and_refuse("a"))
    assert await stored(ledger, "a") == before
    assert len(publisher.events) == 1


async def test_a_refusal_between_two_changes_leaves_no_trace_in_the_state(ledger: Ledger[Counter]) -> None:
    refused = touch_and_refuse("a")
    results = await ledger.apply([refused, increase("a", "1"), refused, increase("a", "2"), refused])
    effects = [result.effect for result in results]
    assert effects == [Effect.REFUSED, Effect.APPLIED, Effect.REFUSED, Effect.APPLIED, Effect.REFUSED]
    assert [result.state for result in results] == [None, *[Counter(id="a", count=2, by=["1", "2"])] * 4]
    document = await stored(ledger, "a")
    assert (document["by"], document["count"], document["seq"], document["refusals"]) == (["1", "2"], 2, 2, [])


async def test_a_refused_event_is_recorded_on_its_aggregate_and_not_tried_again(ledger: Ledger[Counter], clock: Clock) -> None:
    await ledger.apply_one(increase("a", "me"))
    event = touch_and_refuse("a", cause=cause("s", 1))
    (result,) = await ledger.apply([event])
    assert (result.effect, result.rev) == (Effect.REFUSED, 2)
    assert result.error is not None
    assert result.error.code == "not_now"
    document = await stored(ledger, "a")
    assert document["refusals"] == [
        {
            "code": "not_now",
            "detail": "Not now.",
            "event_id": cause("s", 1).event_id,
            "type": "test.source.happened.v1",
            "at": clock.time,
        }
    ]
    assert (document["count"], document["inbox"]) == (1, {"s": 1})
    assert [result.effect for result in await ledger.apply([event])] == [Effect.DUPLICATE]


async def test_only_the_latest_refusals_are_kept(ledger: Ledger[Counter]) -> None:
    await ledger.apply_one(increase("a", "me"))
    for start in range(1, REFUSALS_STORED + 6, 5):
        await ledger.apply([touch_and_refuse("a", cause=cause("s", seq)) for seq in range(start, start + 5)])
    recorded = [refusal["event_id"] for refusal in (await stored(ledger, "a"))["refusals"]]
    assert recorded == [cause("s", seq).event_id for seq in range(6, REFUSALS_STORED + 6)]


async def test_an_event_refused_by_a_missing_aggregate_creates_none(ledger: Ledger[Counter]) -> None:
    (result,) = await ledger.apply([touch_and_refuse("a", cause=cause("s", 1))])
    assert (result.effect, result.state) == (Effect.REFUSED, None)
    assert await ledger.get("a") is None


async def test_a_bug_in_a_decision_stores_and_publishes_nothing(ledger: Ledger[Counter], publisher: RecordingPublisher) -> None:
    def broken(counter: Counter | None) -> tuple[Counter, Sequence[Message]]:
        assert counter is not None
        counter.increase("bug")
        raise ZeroDivisionError

    await ledger.apply_one(increase("a", "me"))
    with pytest.raises(ZeroDivisionError):
        await ledger.apply([increase("b", "1"), Change("a", broken)])
    assert await ledger.get("a") == (Counter(id="a", count=1, by=["me"]), 1)
    assert await ledger.get("b") is None
    assert len(publisher.events) == 1


async def test_if_match_lets_only_the_expected_revision_through(ledger: Ledger[Counter]) -> None:
    await ledger.apply_one(increase("a", "1"))
    result = await ledger.apply_one(increase("a", "2"), condition=Condition(1))
    assert result.rev == 2
    with pytest.raises(PreconditionFailedError) as caught:
        await ledger.apply_one(increase("a", "3"), condition=Condition(1))
    assert caught.value.context == {"id": "a", "revision": 2}
    assert (await stored(ledger, "a"))["by"] == ["1", "2"]


async def test_a_stale_if_match_is_said_before_what_the_new_state_forbids(ledger: Ledger[Counter]) -> None:
    await ledger.apply([increase("a", "1")])
    with pytest.raises(PreconditionFailedError):
        await ledger.apply_one(touch_and_refuse("a"), condition=Condition(7))


async def test_if_match_never_creates(ledger: Ledger[Counter]) -> None:
    with pytest.raises(PreconditionFailedError):
        await ledger.apply_one(increase("a", "1"), condition=Condition(1))
    with pytest.raises(NotFoundError):
        await ledger.apply_one(increase_existing("a", "1"), condition=Condition(1))
    assert await ledger.get("a") is None


@pytest.mark.parametrize("hidden", [NotFoundError("There is no counter a."), ForbiddenError("Not yours.")])
async def test_a_stale_if_match_does_not_tell_the_revision_of_what_is_hidden(
    ledger: Ledger[Counter], hidden: RejectedError
) -> None:
    def decide(_: Counter | None) -> tuple[Counter, Sequence[Message]]:
        raise hidden

    await ledger.apply_one(increase("a", "1"))
    with pytest.raises(type(hidden)):
        await ledger.apply_one(Change("a", decide), condition=Condition(7))


def test_a_ledger_needs_the_index_of_its_relay(publisher: RecordingPublisher) -> None:
    with pytest.raises(ValueError, match="lacks the index 'pending'"):
        Ledger(service="test", state_type=Counter, collection=Collection("counters"), store=MemoryStore(), publisher=publisher)


def test_a_state_cannot_use_the_ledgers_own_names(publisher: RecordingPublisher) -> None:
    class Clashing(Aggregate):
        seq: int = 0
        inbox: str = ""

    with pytest.raises(ValueError, match="inbox, seq"):
        Ledger(service="test", state_type=Clashing, collection=COUNTERS, store=MemoryStore(), publisher=publisher)


async def keyed(ledger: Ledger[Counter], change: Change[Counter], request: context.Request) -> Effect:
    with context.bound(context.request, request):
        return (await ledger.apply_one(change)).effect


async def test_a_request_that_was_answered_before_changes_nothing(ledger: Ledger[Counter]) -> None:
    assert await keyed(ledger, increase("a", "me"), context.Request("r")) is Effect.APPLIED
    for number in range(REQUESTS_STORED + 1):
        await keyed(ledger, increase("a", "other"), context.Request(f"other-{number}"))
    before = await stored(ledger, "a")
    assert await keyed(ledger, increase("a", "me"), context.Request("r", settled=True)) is Effect.DUPLICATE
    assert await stored(ledger, "a") == before
    with pytest.raises(NotFoundError):
        await keyed(ledger, increase("b", "me"), context.Request("r", settled=True))
    assert await ledger.get("b") is None


async def test_a_request_whose_effect_may_have_been_forgotten_is_not_run_again(ledger: Ledger[Counter]) -> None:
    assert await keyed(ledger, increase("a", "me"), context.Request("r")) is Effect.APPLIED
    for number in range(REQUESTS_STORED - 1):
        await keyed(ledger, increase("a", "other"), context.Request(f"other-{number}"))
    assert await keyed(ledger, increase("a", "me"), context.Request("r", repeat=True)) is Effect.DUPLICATE
    await keyed(ledger, increase("a", "other"), context.Request("one more"))
    with pytest.raises(OutcomeUnknownError):
        await keyed(ledger, increase("a", "me"), context.Request("r", repeat=True))
