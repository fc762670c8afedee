"""One connection to the broker for sending: a producer that is replaced whenever its state is in doubt.

A producer that met a fatal error, or that does not get its acknowledgements in time, is given up: what it may still send is
repeated later from the outbox, and readers recognise repetitions. While there is no connection, sending fails at once. A record
or a topic that the broker refuses is no doubt about the producer: the others pass.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from shared.bus.dead_letters.letter import LETTER_BYTES
from shared.bus.lifeline import CLOSE_SECONDS, dead_task, drop, end
from shared.bus.metrics import PRODUCER_RENEWED
from shared.bus.produce.producer import Producer
from shared.bus.produce.sending import TIMED_OUT, Ack, Reason, attempt, of_producer, reason_of
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings, milliseconds
from shared.errors import BusUnavailableError
from shared.retry import RetryPolicy

BATCH_BYTES = 128 * 1024
DISCONNECTED = "disconnected"
_RECONNECTS = RetryPolicy(timedelta(seconds=0.2), timedelta(seconds=5))

log = structlog.get_logger()


class Line:
    """A producer and its successors. ``rest`` is how long to leave the broker alone after one was given up.

    ``shown`` is called with whether there is a producer that is not known to be cut off.
    """

    def __init__(
        self, settings: KafkaSettings, *, rest: timedelta = timedelta(0), shown: Callable[[bool], None] = lambda _: None
    ) -> None:
        self.settings = settings
        self.producer: Producer | None = None
        self.heard = 0.0
        """When the broker acknowledged something last, by the clock of the loop."""
        self._rest = rest.total_seconds()
        self._shown = shown
        self._timeout = settings.publish_timeout.total_seconds()
        self._reconnecting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self) -> None:
        """Connect; if the broker does not answer in time, go on trying in the background."""
        self._stopped = False
        self._shown(False)
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
        producer, self.producer = self.producer, None
        self._shown(False)
        if producer is not None:
            await end("producer", producer.stop(), CLOSE_SECONDS)
            await drop(producer)
        if self._closing:
            await asyncio.wait(self._closing)

    async def ping(self) -> None:
        """Return if the broker answers. Raises BusUnavailableError."""
        producer = self.producer
        if producer is None:
            raise BusUnavailableError("the producer is not connected")
        try:
            async with asyncio.timeout(self._timeout):
                await producer.client.fetch_all_metadata()
        except Exception as error:
            # The broker may be away or this producer broken: a new one finds out, and costs nothing while the broker is away.
            self._renew(producer, type(error).__name__)
            raise BusUnavailableError("the broker does not answer") from error

    async def send(self, records: Sequence[RawRecord]) -> list[Reason]:
        """Send all, wait for the acknowledgements, return for each None or why it is not acknowledged. Does not raise."""
        producer = self.producer
        if producer is None or not records:
            return [DISCONNECTED] * len(records)
        acks: list[Ack] = [None] * len(records)
        doubt: str | None = None
        try:
            async with asyncio.timeout(self._timeout):
                await attempt(producer, records, acks)
        except TimeoutError:
            doubt = TIMED_OUT
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller repeats and the producer is replaced
            # uvloop, for one, answers with RuntimeError on a connection that is closed.
            first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
            log.warning("send_failed", error=repr(first)[:300])
            doubt = type(first).__name__
        reasons = [
            (doubt or TIMED_OUT) if ack is None else reason_of(record, ack) for record, ack in zip(records, acks, strict=True)
        ]
        if None in reasons:
            self.heard = asyncio.get_running_loop().time()
        faults = (reason for ack, reason in zip(acks, reasons, strict=True) if reason is not None and of_producer(ack))
        if (doubt := doubt or next(faults, None)) is not None:
            self._renew(producer, doubt)
        return reasons

    def _renew(self, producer: Producer, reason: str) -> None:
        """Give a producer up, unless somebody else has, and make another one in the background."""
        if self.producer is not producer or self._stopped:
            return
        log.warning("producer_given_up", reason=reason)
        PRODUCER_RENEWED.labels(reason).inc()
        self._shown(False)
        self.producer = None
        task = asyncio.create_task(drop(producer))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        self._reconnect(self._rest)

    async def _watch(self) -> None:
        """Give a producer up when one of its tasks has died: it would look connected for ever."""
        while True:
            await asyncio.sleep(self.settings.check_every.total_seconds())
            producer = self.producer
            if producer is not None and (name := dead_task(producer)) is not None:
                self._renew(producer, f"dead_{name}")

    def _reconnect(self, rest: float = 0.0) -> None:
        if self._reconnecting is None or self._reconnecting.done():
            self._reconnecting = asyncio.create_task(self._keep_connecting(rest))

    async def _keep_connecting(self, rest: float) -> None:
        await asyncio.sleep(rest)
        for pause in _RECONNECTS.pauses():
            if await self._connected_again():
                return
            await asyncio.sleep(pause)

    async def _connected_again(self) -> bool:
        try:
            return await self._connect()
        except Exception:
            # Without this task there would never be a producer again.
            log.exception("reconnect_failed")
            return False

    async def _connect(self) -> bool:
        producer = Producer(
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
        self.producer = producer
        self._shown(True)
        return True
