"""The process's one producer: idempotent, batched, and made anew whenever its state is in doubt.

A producer that met a fatal error, or that does not get its acknowledgements in time, is given up: what it may still send is
repeated later from the outbox, and readers recognise repetitions. While there is no connection, sending fails at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Collection, Sequence

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, UnknownTopicOrPartitionError

from shared import failpoints
from shared.bus.dead_letter import LETTER_BYTES, holds_letters
from shared.bus.envelope import encode
from shared.bus.lifeline import CLOSE_SECONDS, dead_task, drop, end
from shared.bus.metrics import PRODUCER_RENEWED, PRODUCER_UP, PUBLISHED
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings, milliseconds
from shared.errors import BusUnavailableError
from shared.outgoing import OutgoingEvent

BATCH_BYTES = 128 * 1024
RECORD_BYTES = 1024 * 1024
_RECONNECT_SECONDS = (0.2, 5.0)

log = structlog.get_logger()

_Ack = asyncio.Future[object]


class KafkaPublisher:
    """Implements ``shared.outgoing.Publisher`` over Kafka; also sends raw records (dead letters, replays)."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._timeout = settings.publish_timeout.total_seconds()
        self._producer: AIOKafkaProducer | None = None
        self._reconnecting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._stopped = False

    @property
    def connected(self) -> bool:
        """Whether there is a producer that is not known to be cut off."""
        return self._producer is not None

    async def start(self) -> None:
        """Connect; if the broker does not answer in time, go on trying in the background."""
        self._stopped = False
        PRODUCER_UP.set(0)
        if not await self._connect():
            self._reconnect()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Send what is buffered, within bounds, and close."""
        self._stopped = True
        for task in (self._watching, self._reconnecting):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        producer, self._producer = self._producer, None
        PRODUCER_UP.set(0)
        if producer is not None:
            await end("producer", producer.stop(), CLOSE_SECONDS)
            await drop(producer)
        if self._closing:
            await asyncio.wait(self._closing)

    async def ping(self) -> None:
        """Return if the broker answers. Raises BusUnavailableError."""
        producer = self._producer
        if producer is None:
            raise BusUnavailableError("the producer is not connected")
        try:
            async with asyncio.timeout(self._timeout):
                await producer.client.fetch_all_metadata()
        except Exception as error:
            # The broker may be away or this producer broken: a new one tells, and costs nothing while the broker is away.
            self._renew(producer, type(error).__name__)
            raise BusUnavailableError("the broker does not answer") from error

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """Send all, wait for the acknowledgements, return for each whether it was acknowledged. Does not raise."""
        return await self.send([encode(event) for event in events])

    async def send(self, records: Sequence[RawRecord]) -> list[bool]:
        """Send raw records; as ``publish``."""
        failpoints.passing("bus.send", "before")
        flags = await self._send(records)
        failpoints.passing("bus.send", "after")
        acknowledged = sum(flags)
        PUBLISHED.labels("acknowledged").inc(acknowledged)
        PUBLISHED.labels("failed").inc(len(flags) - acknowledged)
        return flags

    async def _send(self, records: Sequence[RawRecord]) -> list[bool]:
        producer = self._producer
        if producer is None or not records:
            return [False] * len(records)
        acks: list[_Ack | None] = []
        failure: str | None = None
        try:
            async with asyncio.timeout(self._timeout):
                absent = await self._absent_topics(producer, {record.topic for record in records})
                for record in records:
                    ack = None if record.topic in absent else await _enqueue(producer, record)
                    acks.append(ack)
                waiting = [ack for ack in acks if ack is not None]
                if waiting:
                    await asyncio.wait(waiting)
        except TimeoutError:
            failure = "timeout"
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller repeats and the producer is made anew
            # uvloop, for one, answers with RuntimeError on a connection that is closed.
            log.warning("send_failed", error=repr(error)[:300])
            failure = type(error).__name__
        for ack in acks:
            if ack is not None and (error_name := _failure(ack)) is not None:
                failure = failure or error_name
        if failure is not None:
            self._renew(producer, failure)
        flags = [ack is not None and ack.done() and not ack.cancelled() and ack.exception() is None for ack in acks]
        return flags + [False] * (len(records) - len(flags))

    async def _absent_topics(self, producer: AIOKafkaProducer, topics: Collection[str]) -> set[str]:
        """Return the topics that the cluster does not have. Raises TimeoutError if the cluster does not answer at all."""
        cluster = producer.client.cluster
        absent: set[str] = set()
        for topic in topics:
            if cluster.partitions_for_topic(topic):
                continue
            try:
                async with asyncio.timeout(self._timeout / 3):
                    await producer.partitions_for(topic)
            except (TimeoutError, UnknownTopicOrPartitionError):
                async with asyncio.timeout(self._timeout / 3):
                    known = await producer.client.fetch_all_metadata()
                if topic not in known.topics():
                    log.error("topic_missing", topic=topic)  # noqa: TRY400 - no trace needed
                    absent.add(topic)
        return absent

    def _renew(self, producer: AIOKafkaProducer, reason: str) -> None:
        """Give a producer up, unless somebody else has, and make another one in the background."""
        if self._producer is not producer or self._stopped:
            return
        log.warning("producer_given_up", reason=reason)
        PRODUCER_RENEWED.labels(reason).inc()
        PRODUCER_UP.set(0)
        self._producer = None
        task = asyncio.create_task(drop(producer))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        self._reconnect()

    async def _watch(self) -> None:
        """Give a producer up when one of its tasks has died: it would look connected for ever."""
        while True:
            await asyncio.sleep(self.settings.check_every.total_seconds())
            producer = self._producer
            if producer is not None and (name := dead_task(producer)) is not None:
                self._renew(producer, f"dead_{name}")

    def _reconnect(self) -> None:
        if self._reconnecting is None or self._reconnecting.done():
            self._reconnecting = asyncio.create_task(self._keep_connecting())

    async def _keep_connecting(self) -> None:
        shortest, longest = _RECONNECT_SECONDS
        pause = 0.0
        while not await self._connected_again():
            pause = min(longest, max(shortest, pause * 2))
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter, not a secret

    async def _connected_again(self) -> bool:
        try:
            return await self._connect()
        except Exception:
            # Without this task there would never be a producer again.
            log.exception("reconnect_failed")
            return False

    async def _connect(self) -> bool:
        producer = AIOKafkaProducer(
            **self.settings.connection(),
            enable_idempotence=True,
            acks="all",
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            max_request_size=LETTER_BYTES,
            linger_ms=milliseconds(self.settings.linger),
            request_timeout_ms=milliseconds(self.settings.publish_timeout) * 2,
        )
        try:
            async with asyncio.timeout(self._timeout):
                await producer.start()
        except Exception as error:  # noqa: BLE001 - the next attempt begins from nothing
            log.warning("broker_unreachable", error=repr(error)[:300])
            await drop(producer)
            return False
        except BaseException:
            await drop(producer)
            raise
        self._producer = producer
        PRODUCER_UP.set(1)
        return True


async def _enqueue(producer: AIOKafkaProducer, record: RawRecord) -> _Ack | None:
    """Put a record into the producer's buffer; None if it can never be sent."""
    headers = list(record.headers)
    if record.size > RECORD_BYTES and not holds_letters(record.topic):
        log.error("record_unsendable", topic=record.topic, size=record.size)
        return None
    try:
        if record.key is None and record.value is None:
            # The producer refuses such a record by itself, but not inside a batch.
            batch = producer.create_batch()
            batch.append(key=None, value=None, timestamp=None, headers=headers)
            whole: _Ack = await producer.send_batch(batch, record.topic, partition=record.partition or 0)
            return whole
        ack: _Ack = await producer.send(record.topic, record.value, record.key, partition=record.partition, headers=headers)
    except (MessageSizeTooLargeError, AssertionError, TypeError, ValueError) as error:
        log.error("record_unsendable", topic=record.topic, error=repr(error)[:200])  # noqa: TRY400 - no trace needed
        return None
    return ack


def _failure(ack: _Ack) -> str | None:
    """Return the name of what a record failed of, or None. The error of one that is still on its way is dropped when it comes."""
    if not ack.done():
        ack.add_done_callback(lambda late: late.cancelled() or late.exception())
        return None
    error = None if ack.cancelled() else ack.exception()
    return None if error is None else type(error).__name__
