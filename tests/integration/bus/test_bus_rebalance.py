"""A rebalance waits for the running batch and its commit: nothing is done twice, nothing at the same time, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from shared.bus.handling import Received
from shared.bus.produce.publisher import KafkaPublisher
from shared.errors import StoreUnavailableError
from tests.integration.bus.bus_fixture import Lane, Recorder, event, lag, running, until

NAMES = 60


async def nothing_left(lane: Lane) -> bool:
    return await lag(lane) == 0


async def test_two_members_share_without_overlap_and_without_repeats(lane: Lane, publisher: KafkaPublisher) -> None:
    at_work: set[str] = set()
    overlaps: list[str] = []

    async def slowly(events: Sequence[Received]) -> None:
        keys = {received.key for received in events}
        overlaps.extend(at_work & keys)
        at_work.update(keys)
        await asyncio.sleep(0.05)
        at_work.difference_update(keys)

    settings = lane.settings.model_copy(update={"max_records": 5})
    members = [Recorder(before=slowly) for _ in range(3)]
    sent = 0

    async def keep_sending() -> None:
        nonlocal sent
        for seq in range(1, 1000):
            await publisher.publish([event(lane.topic.name, name, seq) for name in range(NAMES)])
            sent += NAMES
            await asyncio.sleep(0.3)

    sending = asyncio.create_task(keep_sending())
    async with running(settings, members[0].consumer(lane.group)):
        await until(lambda: members[0].seen)
        async with running(settings, members[1].consumer(lane.group)):
            await until(lambda: members[1].seen)
            async with running(settings, members[2].consumer(lane.group)):
                await until(lambda: members[2].seen)
            sending.cancel()
            await asyncio.wait([sending])
            await until(lambda: nothing_left(lane))
    seen = [received.cause.event_id for member in members for received in member.seen]
    assert overlaps == []
    assert len(seen) == len(set(seen))
    assert len(seen) >= sent


async def test_a_member_that_waits_to_repeat_gives_its_partitions_away(lane: Lane, publisher: KafkaPublisher) -> None:
    await publisher.publish([event(lane.topic.name, name) for name in range(NAMES)])

    async def always_away(_: Sequence[Received]) -> None:
        raise StoreUnavailableError("the store is away for this member")

    stuck, healthy = Recorder(before=always_away), Recorder()
    async with running(lane.settings, stuck.consumer(lane.group)) as first:
        await until(lambda: first.workers[0].progress.waiting)
        async with running(lane.settings, healthy.consumer(lane.group)):
            await until(lambda: healthy.seen)
        assert stuck.seen == []
    async with running(lane.settings, healthy.consumer(lane.group)):
        await until(lambda: nothing_left(lane))
    assert len({received.cause.event_id for received in healthy.seen}) == NAMES


async def test_a_commit_that_fails_does_not_wedge_the_consumer(lane: Lane, publisher: KafkaPublisher) -> None:
    settings = lane.settings.model_copy(
        update={"session_timeout": timedelta(seconds=6), "heartbeat": timedelta(seconds=2), "max_records": 10}
    )
    recorder = Recorder()
    async with running(settings, recorder.consumer(lane.group)) as runner:
        client = runner.workers[0].client
        assert client is not None
        coordinator = client._coordinator
        known = coordinator.member_id
        coordinator.member_id = "a member that the group has never heard of"
        await publisher.publish([event(lane.topic.name, name) for name in range(NAMES)])
        await until(lambda: coordinator.member_id not in ("", "a member that the group has never heard of"))
        assert coordinator.member_id != known
        await until(lambda: nothing_left(lane))
        await until(runner.ready)
    assert len({received.cause.event_id for received in recorder.seen}) == NAMES
