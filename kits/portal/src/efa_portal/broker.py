"""The broker as the follower sees it: partitions assigned by hand, no consumer group, no offset kept there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from efa_portal.connection import Connection
from efa_portal.errors import BrokerError
from efa_portal.health import Health, health_record
from efa_portal.record import CatalogRecord
from efa_portal.topics import CATALOG, CHECKPOINTS, HEALTH

logger = logging.getLogger(__name__)

TOPICS = (*(topic.name for topic in CATALOG), CHECKPOINTS)
PATIENCE = 30.0
"""Seconds that the broker has for one answer."""
ENDING = 5.0
"""Seconds that a client has to end."""
BATCH = 1000
_Answer = TypeVar("_Answer")


class LastComplaint(logging.Handler):
    """Remembers what the client library last complained of: its errors do not always carry the cause."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the text of a complaint."""
        self.text = record.getMessage()


@dataclass(frozen=True, slots=True)
class Range:
    """First offsets and ends of the partitions of a topic."""

    starts: dict[int, int]
    ends: dict[int, int]


class Reader:
    """A consumer of the three topics of the catalog. Each of its methods raises BrokerError if the broker does not answer."""

    def __init__(self, connection: Connection) -> None:
        self._complaint = LastComplaint()
        self._consumer = AIOKafkaConsumer(
            **connection.options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=250,
            metadata_max_age_ms=60_000,
            request_timeout_ms=20_000,
        )

    async def start(self) -> None:
        """Connect and take every partition of the topics."""
        logging.getLogger("aiokafka").addHandler(self._complaint)
        await self._ask(self._consumer.start(), "the broker cannot be reached")
        missing = sorted(set(TOPICS) - await self._ask(self._consumer.topics(), "the broker does not name its topics"))
        if missing:
            names = " and ".join(missing)
            raise BrokerError(f"{names} cannot be read: not there, or the portal has no right to it; ask the marketplace")
        self._consumer.assign([TopicPartition(topic, 0) for topic in TOPICS])
        places = []
        for topic in TOPICS:
            await self._ask(self._consumer.end_offsets([TopicPartition(topic, 0)]), f"{topic} cannot be read")
            places += [TopicPartition(topic, number) for number in sorted(self._consumer.partitions_for_topic(topic) or ())]
        self._consumer.assign(places)
        for place in places:
            self._consumer.seek(place, 0)

    async def stop(self) -> None:
        """Disconnect."""
        if await _stopped(self._consumer.stop()):
            # aiokafka 0.14: a fetch that it cancels cancels stop() too, before the connections are closed
            await _stopped(self._consumer._client.close())  # noqa: SLF001
        logging.getLogger("aiokafka").removeHandler(self._complaint)

    async def ranges(self, topics: Iterable[str] = TOPICS) -> dict[str, Range]:
        """Return where the partitions of topics begin and end."""
        places = self._places(topics)
        starts = await self._ask(self._consumer.beginning_offsets(places), "the broker does not name the first offsets")
        ends = await self._ends(places)
        return {topic: Range(_of(starts, topic), _of(ends, topic)) for topic in topics}

    async def ends(self) -> dict[str, dict[int, int]]:
        """Return where the partitions of all topics end."""
        ends = await self._ends(self._places(TOPICS))
        return {topic: _of(ends, topic) for topic in TOPICS}

    async def _ends(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return await self._ask(self._consumer.end_offsets(places), "the broker does not name the ends of the topics")

    def _places(self, topics: Iterable[str]) -> list[TopicPartition]:
        names = set(topics)
        return [place for place in self._consumer.assignment() if place.topic in names]

    def seek(self, topic: str, positions: dict[int, int]) -> None:
        """Read partitions from these offsets on."""
        for number, position in positions.items():
            self._consumer.seek(TopicPartition(topic, number), position)

    def partitions_changed(self) -> bool:
        """Whether a topic has other partitions than those that are read."""
        known: dict[str, set[int]] = {topic: set() for topic in TOPICS}
        for place in self._consumer.assignment():
            known[place.topic].add(place.partition)
        return any((self._consumer.partitions_for_topic(topic) or found) != found for topic, found in known.items())

    async def poll(self, seconds: float) -> dict[str, list[ConsumerRecord]]:
        """Return the next records by topic, in the order of their partitions' offsets; nothing after so many seconds.

        Raises aiokafka's OffsetOutOfRangeError if the topic no longer holds an offset, BrokerError for whatever else is wrong.
        """
        batch = await self._consumer.getmany(timeout_ms=int(seconds * 1000), max_records=BATCH)
        found: dict[str, list[ConsumerRecord]] = {}
        for place, records in batch.items():
            found.setdefault(place.topic, []).extend(records)
        return found

    async def positions(self, topic: str) -> dict[int, int]:
        """Return the next offset of each partition of a topic, past what compaction has removed after the last record."""
        return {place.partition: await self._consumer.position(place) for place in self._places([topic])}

    async def _ask(self, answer: Awaitable[_Answer], failure: str) -> _Answer:
        try:
            return await asyncio.wait_for(answer, PATIENCE)
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerError(f"{failure}: {self._complaint.text or error or type(error).__name__}") from error


async def _stopped(ending: Coroutine[object, object, None]) -> bool:
    """Wait until something has ended, whatever it raises. Returns whether it was cancelled on its way."""
    task = asyncio.ensure_future(ending)
    await asyncio.wait({task}, timeout=ENDING)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1)
    if task.done() and not task.cancelled() and task.exception() is not None:
        logger.debug("a client did not end in order: %s", task.exception())
    return task.cancelled()


def _of(offsets: dict[TopicPartition, int], topic: str) -> dict[int, int]:
    return {place.partition: offset for place, offset in sorted(offsets.items()) if place.topic == topic}


def catalog_record(record: ConsumerRecord) -> CatalogRecord:
    """Return a consumed record as the store takes it. A header that cannot be read counts as missing."""
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    written = datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC).isoformat(timespec="milliseconds")
    time = headers.get("ce_time") or written.replace("+00:00", "Z")
    return CatalogRecord(record.partition, record.offset, record.key or b"", record.value, headers.get("ce_type", ""), time)


class Reporter:
    """Writes health reports. What it cannot write is given up: the next report says more."""

    def __init__(self, connection: Connection) -> None:
        self._producer = AIOKafkaProducer(**connection.options(), acks="all", compression_type="zstd", request_timeout_ms=20_000)
        self._started = False

    async def send(self, health: Health) -> None:
        """Write a report. Raises BrokerError."""
        key, value, headers = health_record(health)
        try:
            if not self._started:
                await asyncio.wait_for(self._producer.start(), PATIENCE)
                self._started = True
            await asyncio.wait_for(self._producer.send_and_wait(HEALTH, value, key=key, partition=0, headers=headers), PATIENCE)
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerError(f"the health report cannot be written to {HEALTH}: {error or type(error).__name__}") from error

    async def stop(self) -> None:
        """Disconnect."""
        await _stopped(self._producer.stop())
