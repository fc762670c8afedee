"""Reading: both modes of CloudEvents, repeats, the types of others, and types that are yet to come."""

from __future__ import annotations

import json
from functools import partial

import pytest

from shared.bus.dead_letter_operations import list_dead_letters
from shared.bus.envelope import encode
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.record import RawRecord
from shared.tracing.context import correlation_id
from tests.integration.bus.bus_fixture import Lane, Recorder, entity, event, lag, running, until


async def nothing_left(lane: Lane) -> bool:
    return await lag(lane) == 0


def structured(lane: Lane, name: str) -> RawRecord:
    outgoing = event(lane.topic.name, name)
    document = {
        "specversion": "1.0",
        "id": outgoing.id,
        "source": outgoing.source,
        "type": outgoing.type,
        "time": "2026-03-02T10:30:00+01:00",
        "sequence": "1",
        "partitionkey": outgoing.key,
        "correlationid": outgoing.correlation_id,
        "data": json.loads(outgoing.body),
    }
    headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
    return RawRecord(lane.topic.name, outgoing.key.encode(), json.dumps(document).encode(), headers)


async def test_structured_mode_means_the_same_as_binary_mode(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.send([structured(lane, "one"), encode(event(lane.topic.name, "one"))])
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    first, second = recorder.seen
    assert first.message == second.message
    assert (first.time, first.key) == (second.time, second.key)
    assert first.cause.source == second.cause.source == f"notify:{entity('one')}"
    assert first.cause.correlation_id == second.cause.correlation_id


async def test_types_of_others_are_passed_over_and_committed(lane: Lane, publisher: KafkaPublisher) -> None:
    other = encode(event(lane.topic.name, "other"))
    headers = tuple((n, b"notify.notification.delivered.v1" if n == "ce_type" else c) for n, c in other.headers)
    await publisher.send([RawRecord(lane.topic.name, other.key, b"not even JSON", headers)])
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    assert recorder.seen == []
    assert await list_dead_letters(lane.settings, lane.group) == []


@pytest.mark.parametrize(
    ("kind", "dead"), [(b"notify.thing.happened.v2", 0), (b"elsewhere.thing.happened.v2", 1), (b"notify.thing.happened", 1)]
)
async def test_only_a_later_type_of_the_owner_of_the_topic_is_passed_over(
    lane: Lane, publisher: KafkaPublisher, kind: bytes, dead: int
) -> None:
    good = encode(event(lane.topic.name, "one"))
    headers = tuple((n, kind if n == "ce_type" else c) for n, c in good.headers)
    await publisher.send([RawRecord(lane.topic.name, good.key, good.value, headers)])
    async with running(lane.settings, Recorder().consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    assert len(await list_dead_letters(lane.settings, lane.group)) == dead


async def test_repeats_and_reordered_records_reach_the_handler_with_their_place_in_the_sequence(
    lane: Lane, publisher: KafkaPublisher
) -> None:
    for seq in (1, 2, 2, 1, 3, 2):
        await publisher.publish([event(lane.topic.name, "one", seq)])
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    assert recorder.sequence("one") == [1, 2, 2, 1, 3, 2]
    assert len({received.cause.event_id for received in recorder.seen}) == 3


async def test_a_handler_works_under_the_correlation_id_of_its_events(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.publish([event(lane.topic.name, "one")])
    found: list[str | None] = []

    async def look(_: object) -> None:
        found.append(correlation_id.get())

    async with running(lane.settings, Recorder(before=look).consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    assert found == [entity("one")]
    assert correlation_id.get() is None


async def test_several_groups_of_one_process_keep_their_partitions_apart(lane: Lane, publisher: KafkaPublisher) -> None:
    other = Lane(lane.settings)
    await other.create()
    lanes = {lane.group: lane, other.group: other}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.bus.consume.worker.subscribed", lambda group: lanes[group].subscribed(group))
        recorders = {group: [Recorder(), Recorder()] for group in lanes}
        first = [pair[0].consumer(group) for group, pair in recorders.items()]
        second = [pair[1].consumer(group) for group, pair in recorders.items()]
        async with running(lane.settings, *first), running(lane.settings, *second) as later:
            await until(later.ready)
            for its_lane in lanes.values():
                await publisher.publish([event(its_lane.topic.name, name) for name in range(80)])
            for its_lane in lanes.values():
                await until(partial(nothing_left, its_lane))
    for pair in recorders.values():
        assert all(recorder.seen for recorder in pair)
        assert sum(len(recorder.seen) for recorder in pair) == 80
