"""What is on the broker: ends of topics, committed offsets, keys of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.bus.admin import partitions_of
from shared.bus.settings import KafkaSettings

Offsets = dict[int, int]


async def ends_of(settings: KafkaSettings, topic: str) -> Offsets:
    """Return by partition the offset behind the last record of a topic."""
    async with _reader(settings) as reader:
        ends = await reader.end_offsets(await _partitions(settings, topic))
        return {partition.partition: end for partition, end in ends.items()}


async def committed_by(settings: KafkaSettings, group: str, topic: str) -> Offsets:
    """Return by partition the offset that a group has committed, 0 for none."""
    async with _reader(settings, group) as reader:
        partitions = await _partitions(settings, topic)
        return {partition.partition: await reader.committed(partition) or 0 for partition in partitions}


async def keys_from(settings: KafkaSettings, topic: str, starts: Offsets) -> Counter[str]:
    """Return how many records of each key stand on a topic from the given offsets on."""
    found: Counter[str] = Counter()
    async with _reader(settings) as reader:
        partitions = await _partitions(settings, topic)
        ends = await reader.end_offsets(partitions)
        reader.assign(partitions)
        for partition in partitions:
            reader.seek(partition, starts[partition.partition])
        while any([await reader.position(partition) < ends[partition] for partition in partitions]):
            for records in (await reader.getmany(timeout_ms=200)).values():
                found.update(record.key.decode() for record in records if record.key is not None)
    return found


@asynccontextmanager
async def _reader(settings: KafkaSettings, group: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    reader = AIOKafkaConsumer(**settings.connection(), group_id=group, enable_auto_commit=False, auto_offset_reset="earliest")
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def _partitions(settings: KafkaSettings, topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in await partitions_of(settings, topic)]
