"""Reads topics through from beginning to end, as they are now, without a group."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from marktplatz.recovery.reconcile.topic_facts import Position
from shared.bus.consume.quarantine import GuardedConsumer
from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError

Bounds = Mapping[TopicPartition, tuple[int, int]]
"""The offsets of the first record and behind the last one."""


@asynccontextmanager
async def reader(settings: KafkaSettings) -> AsyncIterator[GuardedConsumer]:
    """Yield a consumer without a group. Raises BusUnavailableError."""
    consumer = GuardedConsumer(**settings.connection(), enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        await consumer.start()
        yield consumer
    except (KafkaError, OSError) as error:
        raise BusUnavailableError(f"the broker failed: {type(error).__name__}") from error
    finally:
        await consumer.stop()


async def bounds_of(
    consumer: GuardedConsumer, present: Mapping[str, list[int]], names: Collection[str]
) -> dict[TopicPartition, tuple[int, int]]:
    """Return the bounds of every partition of those topics that are there. Raises KafkaError."""
    places = [TopicPartition(name, number) for name in names for number in present.get(name, ())]
    if not places:
        return {}
    # Without an assignment: an assigned partition would be fetched, and dead letters are counted here, not read.
    begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    return {place: (begins[place], ends[place]) for place in places}


async def positions_of(
    admin: AIOKafkaAdminClient, group: str, topics: Collection[str], bounds: Bounds
) -> AsyncIterator[Position]:
    """Yield the group's place in every partition of its topics. Raises KafkaError."""
    committed = await admin.list_consumer_group_offsets(group)
    for place, (begin, end) in bounds.items():
        if place.topic in topics:
            offset = committed[place].offset if place in committed and committed[place].offset >= 0 else None
            yield Position(group, place.topic, place.partition, begin, offset, end)


async def records_in(consumer: GuardedConsumer, bounds: Bounds) -> AsyncIterator[Any]:
    """Yield every record within the bounds. Raises KafkaError."""
    open_ends = {place: end for place, (begin, end) in bounds.items() if end > begin}
    if not open_ends:
        return
    consumer.assign(list(open_ends))
    for place in open_ends:
        consumer.seek(place, bounds[place][0])
    while open_ends:
        for place, records in (await consumer.getmany(*open_ends, timeout_ms=1000)).items():
            for record in records:
                if record.offset < bounds[place][1]:
                    yield record
        for place in list(open_ends):
            if await consumer.position(place) >= open_ends[place]:
                del open_ends[place]
