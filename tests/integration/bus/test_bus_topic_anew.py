"""A topic that was deleted and made anew is read again without a restart."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient

from shared.bus.admin import create_topics
from shared.bus.produce.publisher import KafkaPublisher
from tests.integration.bus.bus_fixture import Lane, Recorder, event, running, until


async def test_a_consumer_hears_of_a_topic_made_anew_within_a_minute(lane: Lane, publisher: KafkaPublisher) -> None:
    recorder = Recorder()
    async with running(lane.settings, recorder.consumer(lane.group), publisher=publisher) as runner:
        for seq in range(1, 6):
            await publisher.publish([event(lane.topic.name, "one", seq)])
        await until(lambda: set(recorder.sequence("one")) == {1, 2, 3, 4, 5})
        admin = AIOKafkaAdminClient(**lane.settings.connection())
        await admin.start()
        try:
            await admin.delete_topics([lane.topic.name])
        finally:
            await admin.close()
        await asyncio.sleep(1)

        async def created() -> bool:
            return await create_topics(lane.settings, replicas=1, topics=[lane.topic]) != []

        await until(created)

        async def reported() -> bool:
            return await publisher.publish([event(lane.topic.name, "one", 6)]) == [True]

        await until(reported)
        await until(lambda: 6 in recorder.sequence("one"))
        await until(runner.ready)
        assert runner.live()
