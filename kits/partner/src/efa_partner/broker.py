"""The partner's two topics: records are sent to the one, and read from the other without a consumer group."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Mapping
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import ConsumerRecord

from efa_partner.connection import Connection
from efa_partner.errors import BrokerError, RecordTooLargeError

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that the broker has for one answer."""
CONTENT_TYPE = ("content-type", b"application/jose")
_OURS = 4 * 1024 * 1024
"""The largest request that the client lets through: what the broker takes in is for the broker to say."""
_Answer = TypeVar("_Answer")


def orders_topic(partner: str) -> str:
    """Return the topic that a partner writes to."""
    return f"partner.{partner}.orders.v1"


def receipts_topic(partner: str) -> str:
    """Return the topic that a partner reads."""
    return f"partner.{partner}.receipts.v1"


class Sender:
    """Writes records. Its methods raise BrokerError if the broker does not acknowledge."""

    def __init__(self, connection: Connection, partner: str, *, compression: str | None = "zstd") -> None:
        self._topic = orders_topic(partner)
        self._producer = AIOKafkaProducer(
            **connection.options(),
            acks="all",
            compression_type=compression,
            max_request_size=_OURS,
            request_timeout_ms=30_000,
        )

    async def start(self) -> None:
        """Connect."""
        await _ask(self._producer.start(), "the broker cannot be reached", "broker_unreachable")

    async def stop(self) -> None:
        """Disconnect."""
        await _stopped(self._producer.stop())

    async def send(self, value: bytes | None, key: bytes | None, *, partition: int | None = None) -> tuple[int, int]:
        """Write a record and return its partition and offset once the broker holds it."""
        sending = self._producer.send_and_wait(self._topic, value, key=key, partition=partition, headers=[CONTENT_TYPE])
        failure = f"{self._topic} cannot be written to: it is not there, or the partner has no right to it"
        done = await _ask(sending, failure, "orders_unwritable")
        return done.partition, done.offset


class ReceiptReader:
    """Reads the topic of receipts. Its methods raise BrokerError if the broker does not answer."""

    def __init__(self, connection: Connection, partner: str) -> None:
        self._topic = receipts_topic(partner)
        self._lowest: dict[int, int] = {}
        self._consumer = AIOKafkaConsumer(
            **connection.options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # records that are gone by age: the oldest that are there come next
            fetch_max_wait_ms=250,
            metadata_max_age_ms=60_000,
            request_timeout_ms=30_000,
        )

    async def start(self) -> None:
        """Connect, and stand at the end of the topic."""
        await _ask(self._consumer.start(), "the broker cannot be reached", "broker_unreachable")
        failure = f"{self._topic} cannot be read: it is not there, or the partner has no right to it"
        first = TopicPartition(self._topic, 0)
        self._consumer.assign([first])
        await _ask(self._consumer.end_offsets([first]), failure, "receipts_unreadable")
        numbers = sorted(self._consumer.partitions_for_topic(self._topic) or ())
        self._consumer.assign([TopicPartition(self._topic, number) for number in numbers])
        for number, offset in (await self.ends()).items():
            self._consumer.seek(TopicPartition(self._topic, number), offset)
            self._lowest[number] = offset

    async def stop(self) -> None:
        """Disconnect."""
        if await _stopped(self._consumer.stop()):
            # aiokafka 0.14: a fetch that it cancels cancels stop() too, before the connections are closed
            await _stopped(self._consumer._client.close())  # noqa: SLF001

    async def ends(self) -> dict[int, int]:
        """Return where the partitions end now."""
        ends = await _ask(
            self._consumer.end_offsets(list(self._consumer.assignment())),
            "the broker does not name the ends of the topic",
            "receipts_unreadable",
        )
        return {place.partition: offset for place, offset in ends.items()}

    def cover(self, offsets: Mapping[int, int]) -> None:
        """Read from these offsets on, unless all after them was read already."""
        for number, offset in offsets.items():
            if offset < self._lowest.get(number, -1):
                self._lowest[number] = offset
                self._consumer.seek(TopicPartition(self._topic, number), offset)

    def rewind(self) -> None:
        """Read everything that the topic holds."""
        self.cover(dict.fromkeys(self._lowest, 0))

    async def positions(self) -> dict[int, int]:
        """Return the next offset of each partition."""
        return {place.partition: await self._consumer.position(place) for place in self._consumer.assignment()}

    async def poll(self, seconds: float) -> list[ConsumerRecord]:
        """Return the next records; none after so many seconds."""
        try:
            batches: Iterable[list[ConsumerRecord]] = (await self._consumer.getmany(timeout_ms=int(seconds * 1000))).values()
        except KafkaError as error:
            raise BrokerError(f"{self._topic} cannot be read: {error}", code="receipts_unreadable") from error
        return [record for records in batches for record in records]


async def _ask(answer: Awaitable[_Answer], failure: str, code: str) -> _Answer:
    try:
        return await asyncio.wait_for(answer, PATIENCE)
    except MessageSizeTooLargeError as error:
        detail = "the record is larger than the broker takes in (256 KiB); make it smaller"
        raise RecordTooLargeError(detail, code="record_too_large") from error
    except (KafkaError, TimeoutError, OSError) as error:
        raise BrokerError(f"{failure}: {error or type(error).__name__}", code=code) from error


async def _stopped(ending: Awaitable[object]) -> bool:
    """Wait until something has ended, whatever it raises. Returns whether it was cancelled on its way."""
    task = asyncio.ensure_future(ending)
    await asyncio.wait({task}, timeout=PATIENCE)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1)
    if task.done() and not task.cancelled() and task.exception() is not None:
        logger.debug("a client did not end in order: %s", task.exception())
    return task.cancelled()
