"""One round of sending through a producer: what becomes of each record, whatever the broker answers for the others."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence

import structlog
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from shared.bus.dead_letters.letter import holds_letters
from shared.bus.produce.producer import Producer, RefusedError
from shared.bus.record import RawRecord

RECORD_BYTES = 1024 * 1024
TIMED_OUT = "timeout"

Ack = asyncio.Future[object] | str | None
"""What will be the acknowledgement, or why there can be none; None for a record whose turn did not come."""
Reason = str | None
"""Why a record is not known to be on its topic; None: the broker has acknowledged it."""

log = structlog.get_logger()


async def attempt(producer: Producer, records: Sequence[RawRecord], acks: list[Ack]) -> None:
    """Fill in the acknowledgements, or why there will be none, and wait for them. Each topic waits for its own buffers only.

    What the broker refuses for its content is sent once more by itself: it may only have had bad company. Raises KafkaError or an
    ExceptionGroup when something is wrong with the producer.
    """
    unusable = await _unusable_topics(producer, {record.topic for record in records})
    places: dict[str, list[int]] = {}
    for place, record in enumerate(records):
        places.setdefault(record.topic, []).append(place)

    async def one_topic(topic: str) -> None:
        for place in places[topic]:
            acks[place] = unusable.get(topic) or await _enqueue(producer, records[place])
        await _answered(acks[place] for place in places[topic])
        for place in places[topic]:
            if (refusal := _refusal(acks[place])) is not None and refusal.of_content:
                acks[place] = await _enqueue_alone(producer, records[place])
                await _answered([acks[place]])

    async with asyncio.TaskGroup() as group:
        for topic in places:
            group.create_task(one_topic(topic))


async def _unusable_topics(producer: Producer, topics: Collection[str]) -> dict[str, str]:
    """Return the topics that the cluster does not have or does not show us, with the reason.

    Raises KafkaError or TimeoutError if the cluster does not answer at all.
    """
    unknown = [topic for topic in topics if not producer.client.cluster.partitions_for_topic(topic)]
    if not unknown:
        return {}
    shown = (await producer.client.fetch_all_metadata()).topics()
    unusable: dict[str, str] = {}
    for topic in unknown:
        try:
            if topic in shown and await producer.partitions_for(topic):
                continue
            error: KafkaError = UnknownTopicOrPartitionError(topic)
        except (InvalidTopicError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError) as refused:
            error = refused
        log.error("topic_missing", topic=topic, error=type(error).__name__)
        unusable[topic] = type(error).__name__
    return unusable


async def _enqueue(producer: Producer, record: RawRecord) -> asyncio.Future[object] | str:
    """Put a record into the producer's buffer and return what will be its acknowledgement, or why it can never be sent."""
    if record.key is None and record.value is None:
        # The producer refuses such a record by itself, but not inside a batch.
        return await _enqueue_alone(producer, record)
    try:
        if (size := record.size) > RECORD_BYTES and not holds_letters(record.topic):
            raise MessageSizeTooLargeError(f"{size} bytes")
        headers = list(record.headers)
        ack: asyncio.Future[object] = await producer.send(
            record.topic, record.value, record.key, partition=record.partition, headers=headers
        )
    except _UNSENDABLE as error:
        return _unsendable(record, error)
    return ack


async def _enqueue_alone(producer: Producer, record: RawRecord) -> asyncio.Future[object] | str:
    """As ``_enqueue``, in a batch of its own."""
    try:
        batch = producer.create_batch()
        batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
        batch.close()
        partition = producer.partition_of(record.topic, record.partition, record.key, record.value)
        ack: asyncio.Future[object] = await producer.send_batch(batch, record.topic, partition=partition)
    except _UNSENDABLE as error:
        return _unsendable(record, error)
    return ack


_UNSENDABLE = (
    AssertionError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    TypeError,
    UnknownTopicOrPartitionError,
    ValueError,
)


def _unsendable(record: RawRecord, error: Exception) -> str:
    log.error("record_unsendable", topic=record.topic, error=repr(error)[:200])
    return type(error).__name__


async def _answered(acks: Iterable[Ack]) -> None:
    """Wait until none of the acknowledgements is open."""
    if waiting := [ack for ack in acks if ack is not None and not isinstance(ack, str)]:
        await asyncio.wait(waiting)


def of_producer(ack: Ack) -> bool:
    """Return whether what a record failed of is no matter of the record or its topic alone."""
    return not isinstance(ack, str) and _refusal(ack) is None


def _refusal(ack: Ack) -> RefusedError | None:
    if ack is None or isinstance(ack, str) or not ack.done() or ack.cancelled():
        return None
    error = ack.exception()
    return error if isinstance(error, RefusedError) else None


def reason_of(record: RawRecord, ack: asyncio.Future[object] | str) -> Reason:
    """Return what a record failed of, or None. The error of one that is still on its way is dropped when it comes."""
    if isinstance(ack, str):
        return ack
    if not ack.done():
        ack.add_done_callback(lambda late: late.cancelled() or late.exception())
        return TIMED_OUT
    if ack.cancelled():
        return "cancelled"
    if (refusal := _refusal(ack)) is not None:
        name = type(refusal.args[0]).__name__
        log.error("record_refused", topic=record.topic, error=name)
        return name
    error = ack.exception()
    return None if error is None else type(error).__name__
