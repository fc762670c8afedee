"""A group's committed offset never passes a record that was not handled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from shared.bus.handling import Received, Rejection
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.errors import StoreUnavailableError
from tests.integration.bus.bus_fixture import Lane, Recorder, event, lag, read_topic, running, until


async def nothing_left(lane: Lane) -> bool:
    return await lag(lane) == 0


async def test_events_arrive_once_in_order_and_are_committed(lane: Lane, publisher: KafkaPublisher) -> None:
    for seq in (1, 2, 3):
        assert await publisher.publish([event(lane.topic.name, name, seq) for name in range(40)]) == [True] * 40
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)) as runner:
        await until(lambda: nothing_left(lane))
        assert runner.ready()
        assert runner.live()
    assert all(recorder.sequence(name) == [1, 2, 3] for name in range(40))
    assert len(recorder.seen) == 120


async def test_a_batch_that_cannot_be_stored_is_repeated_in_place_and_not_committed_before(
    lane: Lane, publisher: KafkaPublisher
) -> None:
    await publisher.publish([event(lane.topic.name, name) for name in range(10)])
    away = True
    committed: list[dict[int, int]] = []
    ready: list[bool] = []

    async def store(_: Sequence[Received]) -> None:
        if away:
            raise StoreUnavailableError("the store is away")

    recorder = Recorder(before=store)
    async with running(lane.settings, recorder.consumer(lane.group)) as runner:
        await until(lambda: runner.workers[0].progress.waiting)
        committed.append(await lane.committed())
        ready.append(runner.ready())
        assert runner.live()
        away = False
        await until(lambda: nothing_left(lane))
        await until(runner.ready)
    assert committed == [{}]
    assert ready == [False]
    assert sorted(recorder.numbers()) == [1] * 10


async def test_an_event_that_fails_alone_is_dead_lettered_and_its_neighbours_are_handled(
    lane: Lane, publisher: KafkaPublisher
) -> None:
    await publisher.publish([event(lane.topic.name, name, number=name) for name in range(10)])

    async def refuse_seven(events: Sequence[Received]) -> None:
        if any(getattr(received.message, "attempts", None) == 7 for received in events):
            raise ZeroDivisionError("an unforeseen bug")

    recorder = Recorder(before=refuse_seven)
    async with running(lane.settings, recorder.consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    assert sorted(recorder.numbers()) == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    (letter,) = await read_topic(lane.settings, lane.letters.name)
    headers = dict(letter.headers)
    assert headers["dlq_code"] == b"handler_error"
    assert b"ZeroDivisionError" in headers["dlq_reason"]
    assert b"unforeseen" not in headers["dlq_reason"]
    assert letter.value == event(lane.topic.name, 7, number=7).body.encode()


async def test_a_rejection_goes_to_the_dead_letters_with_its_code(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.publish([event(lane.topic.name, name, number=name) for name in range(4)])

    async def reject_two(events: Sequence[Received]) -> list[Rejection]:
        return [Rejection(e, "not_found", "no such order") for e in events if getattr(e.message, "attempts", 0) == 2]

    async with running(lane.settings, Recorder(before=reject_two).consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    (letter,) = await read_topic(lane.settings, lane.letters.name)
    headers = dict(letter.headers)
    assert (headers["dlq_code"], headers["dlq_reason"]) == (b"not_found", b"no such order")
    assert headers["dlq_topic"] == lane.topic.name.encode()
    assert headers["dlq_group"] == lane.group.encode()


async def test_what_was_not_committed_comes_again_after_a_restart(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.publish([event(lane.topic.name, name) for name in range(20)])

    async def always_away(_: Sequence[Received]) -> None:
        raise StoreUnavailableError("the store is away")

    async with running(lane.settings, Recorder(before=always_away).consumer(lane.group)) as runner:
        await until(lambda: runner.workers[0].progress.waiting)
    assert await lane.committed() == {}
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    assert len({received.cause.event_id for received in recorder.seen}) == 20


async def test_records_that_trickle_in_are_handled_one_by_one_in_order(
    lane: Lane, publisher: KafkaPublisher, settings: KafkaSettings
) -> None:
    recorder = Recorder()
    async with running(settings, recorder.consumer(lane.group)):
        for number in range(1, 6):
            await publisher.publish([event(lane.topic.name, "one", number)])
            await until(partial(_has_seen, recorder, number))
        await until(lambda: nothing_left(lane))


def _has_seen(recorder: Recorder, upto: int) -> bool:
    return recorder.sequence("one") == list(range(1, upto + 1))
