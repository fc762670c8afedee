"""The broker in a rebuild: no group may have members, topics are deleted, groups go back to the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from marktplatz.recovery.admin import partitions
from marktplatz.recovery.errors import InUseError
from shared.bus.settings import KafkaSettings
from shared.errors import BusUnavailableError
from shared.topics import DEAD_LETTERS, TOPICS, read_by

_MEMBERS = 5
"""Place of the members in the description of a group."""
_POLLS = 300
_POLL_SECONDS = 0.2


async def require_idle(admin: AIOKafkaAdminClient, patience: timedelta, partner_groups: Iterable[str] = ()) -> None:
    """Return once no consumer group has members, those of partners neither.

    Raises InUseError naming those that still have some after ``patience``.

    Members with a fixed name (KAFKA_GROUP_INSTANCE_ID) stay listed for the session time-out after they have ended.
    """
    end = asyncio.get_running_loop().time() + patience.total_seconds()
    groups = (*DEAD_LETTERS, *partner_groups)
    while busy := await _busy(admin, groups):
        if asyncio.get_running_loop().time() >= end:
            raise InUseError(f"these groups have members, stop their workers first: {', '.join(sorted(busy))}")
        await asyncio.sleep(_POLL_SECONDS)


async def _busy(admin: AIOKafkaAdminClient, groups: Iterable[str]) -> list[str]:
    busy: list[str] = []
    for group in groups:
        # One by one: aiokafka reads the answer about several groups with the layout of an older version and fails.
        (response,) = await admin.describe_consumer_groups([group])
        busy += [group for found in response.groups if found[_MEMBERS]]
    return busy


async def delete_topics(admin: AIOKafkaAdminClient) -> list[str]:
    """Delete the business topics (not dead letters, nor what is sent back) and return their names. Raises BusUnavailableError."""
    names = {topic.name for topic in TOPICS}
    present = sorted(names & (await partitions(admin)).keys())
    if not present:
        return []
    response = await admin.delete_topics(present)
    refused = [f"{name}: {for_code(code).__name__}" for name, code, *_ in response.topic_error_codes if code]
    if refused:
        raise BusUnavailableError(f"topics could not be deleted: {', '.join(refused)}")
    for _ in range(_POLLS):
        if not names & (await partitions(admin)).keys():
            return present
        await asyncio.sleep(_POLL_SECONDS)
    raise BusUnavailableError(f"deleted topics are still there after {_POLLS * _POLL_SECONDS:.0f} seconds")


async def rewind(admin: AIOKafkaAdminClient, settings: KafkaSettings) -> list[str]:
    """Rewind groups to the beginning of partitions that end before what the group has committed; return the groups.

    Such a partition is a new one: its group would pass over what is written to it now.
    """
    rewound: list[str] = []
    present = await partitions(admin)
    for group in DEAD_LETTERS:
        committed = await admin.list_consumer_group_offsets(group)
        names = [topic.name for topic in read_by(group)]
        places = [TopicPartition(name, number) for name in names for number in present.get(name, ())]
        places = [place for place in places if place in committed and committed[place].offset > 0]
        if places and await _rewound(settings, group, {place: committed[place].offset for place in places}):
            rewound.append(group)
    return rewound


async def move(settings: KafkaSettings, group: str, places: dict[TopicPartition, int]) -> None:
    """Commit these offsets for a group that has no members. Raises KafkaError."""
    consumer = AIOKafkaConsumer(**settings.connection(), group_id=group, enable_auto_commit=False)
    consumer.assign(list(places))
    await consumer.start()
    try:
        await consumer.commit(places)
    finally:
        await consumer.stop()


async def _rewound(settings: KafkaSettings, group: str, committed: dict[TopicPartition, int]) -> bool:
    consumer = AIOKafkaConsumer(**settings.connection(), group_id=group, enable_auto_commit=False)
    consumer.assign(list(committed))
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(committed))
        begins = await consumer.beginning_offsets(list(committed))
        beyond = {place: begins[place] for place, offset in committed.items() if offset > ends[place]}
        if beyond:
            await consumer.commit(beyond)
        return bool(beyond)
    finally:
        await consumer.stop()
