"""What the tests of the bus share: a topic with group and dead letters of its own, and readers that look at a topic from outside."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.admin import create_topics, partitions_of
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.handling import Consumer, Received, Rejection
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.messages.notify import DeliveryChannel, NotificationDelivered, NotificationFailed
from shared.topics import DeadLetterTopic, ReplayTopic, Topic

PATIENCE = 60.0
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NAMESPACE = uuid.UUID("5b8f2f6e-3a5c-4f0e-8a41-0d2f1f0c9d11")


def fast_settings(bootstrap: str) -> KafkaSettings:
    return KafkaSettings(
        bootstrap_servers=bootstrap,
        check_every=timedelta(milliseconds=300),
        stop_timeout=timedelta(seconds=10),
        session_timeout=timedelta(seconds=10),
        heartbeat=timedelta(seconds=1),
        rebalance_timeout=timedelta(seconds=30),
    )


class Lane:
    """One topic with one group that reads it."""

    def __init__(self, settings: KafkaSettings, *, partitions: int = 4, mark: str | None = None) -> None:
        self.mark = mark = mark or uuid.uuid4().hex[:10]
        self.settings = settings
        self.group = f"test.{mark}"
        self.topic = Topic(
            f"test.{mark}.v1", "id", (NotificationFailed, NotificationDelivered), "notify", (self.group,), partitions=partitions
        )
        self.letters = DeadLetterTopic(f"{self.group}.dlq", self.group)
        self.replays = ReplayTopic(f"{self.group}.replay", self.group)

    async def create(self) -> None:
        await create_topics(self.settings, replicas=1, topics=[self.topic, self.letters, self.replays])

    def subscribed(self, _group: str) -> tuple[Topic, ...]:
        return (self.topic,)

    async def committed(self) -> dict[int, int]:
        """Return the committed offset of each partition that has one."""
        return await committed_offsets(self.settings, self.group, self.topic.name)


def entity(name: object) -> str:
    return str(uuid.uuid5(NAMESPACE, str(name)))


def event(topic: str, name: object, seq: int = 1, *, number: int | None = None) -> OutgoingEvent:
    """Return event ``seq`` of the aggregate ``name``; its body carries ``number``."""
    key = entity(name)
    body = NotificationFailed(
        notification_id=key,
        event_id=entity(f"cause of {name}"),
        event_type="ordering.order.placed.v1",
        organisation="org-test",
        channel=DeliveryChannel.EMAIL,
        code="smtp_refused",
        attempts=seq if number is None else number,
        failed_at=AT,
    )
    return OutgoingEvent(
        seq=seq,
        id=entity(f"{name}/{seq}"),
        topic=topic,
        key=key,
        type=NotificationFailed.TYPE,
        source="/notify",
        time=AT,
        data=body.model_dump_json(exclude_none=True),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        correlation_id=key,
    )


@dataclass
class Recorder:
    """A consumer that keeps what it is given and fails as it is told."""

    seen: list[Received] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    before: Callable[[Sequence[Received]], Awaitable[Sequence[Rejection] | None]] | None = None

    async def handle(self, events: Sequence[Received]) -> Sequence[Rejection]:
        rejections = await self.before(events) if self.before else None
        self.batches.append(len(events))
        self.seen += events
        return rejections or ()

    def consumer(self, group: str) -> Consumer:
        return Consumer(group, frozenset({NotificationFailed}), self.handle)

    def numbers(self) -> list[int]:
        return [received.message.attempts for received in self.seen if isinstance(received.message, NotificationFailed)]

    def sequence(self, name: object) -> list[int]:
        return [received.cause.seq for received in self.seen if received.key == entity(name)]


@asynccontextmanager
async def running(
    settings: KafkaSettings, *consumers: Consumer, publisher: KafkaPublisher | None = None
) -> AsyncIterator[ConsumerRunner]:
    runner = ConsumerRunner(settings, consumers, publisher)
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def until(condition: Callable[[], object | Awaitable[object]], what: str = "") -> None:
    """Wait until a condition holds; fail if it does not within a generous time."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                found = condition()
                if asyncio.iscoroutine(found):
                    found = await found
                if found:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"never came true: {what or condition}") from None


async def read_topic(settings: KafkaSettings, topic: str) -> list[Any]:
    """Return all records of a topic, partition by partition."""
    consumer = AIOKafkaConsumer(**settings.connection(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in await partitions_of(settings, topic)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        records: list[Any] = []
        for partition in partitions:
            consumer.seek(partition, starts[partition])
            while await consumer.position(partition) < ends[partition]:
                for batch in (await consumer.getmany(partition, timeout_ms=1000)).values():
                    records += batch
        return records
    finally:
        await consumer.stop()


async def committed_offsets(settings: KafkaSettings, group: str, topic: str) -> dict[int, int]:
    consumer = AIOKafkaConsumer(**settings.connection(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in await partitions_of(settings, topic)]
        found = {partition.partition: await consumer.committed(partition) for partition in partitions}
        return {number: offset for number, offset in found.items() if offset is not None}
    finally:
        await consumer.stop()


async def lag(lane: Lane) -> int:
    """Return how many records of the lane are not committed."""
    records = await read_topic(lane.settings, lane.topic.name)
    assert records, "the lane is empty: nothing to wait for"
    done = await lane.committed()
    return sum(1 for record in records if record.offset >= done.get(record.partition, 0))
