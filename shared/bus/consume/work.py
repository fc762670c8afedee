"""What a worker does with what it reads: the events of a consumer, or records as they lie on a topic."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from shared import failpoints
from shared.bus import metrics
from shared.bus.consume.batch import Backoff, Batch, Outcome, Record, reason_for, until_sent
from shared.bus.consume.pace import Pace
from shared.bus.consume.quarantine import BrokenBatch, report
from shared.bus.dead_letters.letter import to_dead_letter
from shared.bus.dead_letters.replay import unwrapped
from shared.bus.handling import Consumer
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.errors import RetryableError
from shared.topics import Topic

log = structlog.get_logger()


class Work(Protocol):
    """What one group reads and what becomes of it. ``broken_per_hour``: more broken batches of a topic stop the consumer."""

    @property
    def group(self) -> str:
        """The consumer group."""

    @property
    def topics(self) -> Sequence[str]:
        """The names of its topics."""

    @property
    def replays(self) -> bool:
        """Whether it also reads what is sent back to it."""

    @property
    def broken_per_hour(self) -> int | None:
        """The most broken batches of a topic within an hour; None: any number."""

    @property
    def pace(self) -> Pace | None:
        """How fast it may read; None: as fast as it can."""

    def assigned(self, partitions: int) -> None:
        """Note how many partitions this process has."""

    async def process(self, records: Sequence[Record], runs: Mapping[str, int], backoff: Callable[[], Backoff]) -> Outcome:
        """Process a batch to its end; then it is committed. ``runs`` are those of ``Outcome``.

        Raises AbandonedError or StoppedError; then nothing is committed.
        """

    async def report(self, broken: Sequence[BrokenBatch], backoff: Callable[[], Backoff]) -> None:
        """Report batches that could not be decoded. Raises AbandonedError."""


class EventWork:
    """The work of a ``Consumer``: events are decoded and handled, what can never be processed goes to the dead letters."""

    replays = True
    pace = None

    def __init__(self, settings: KafkaSettings, consumer: Consumer, topics: Sequence[Topic], publisher: KafkaPublisher) -> None:
        self.group = consumer.group
        self.topics = [topic.name for topic in topics]
        outside = any(topic.many_writers for topic in topics)  # one of them must not stop the others
        self.broken_per_hour: int | None = None if outside else settings.quarantines_per_hour
        self._limit = settings.dead_letters_in_a_row
        self._consumer = consumer
        self._read = topics
        self._publisher = publisher

    def assigned(self, partitions: int) -> None:
        """Note nothing: any number does."""

    async def process(self, records: Sequence[Record], runs: Mapping[str, int], backoff: Callable[[], Backoff]) -> Outcome:
        """Handle the events of a batch and send its dead letters."""
        batch = Batch(self._consumer, topics=self._read, backoff=backoff, runs=runs, limit=self._limit)
        outcome = await batch.process([unwrapped(record, self.group) for record in records])
        if outcome.dead:
            time = now()
            letters = [
                to_dead_letter(record.key, record.value, record.headers, reason_for(record, code, text, self.group, time))
                for record, code, text in outcome.dead
            ]
            await self._send(letters, backoff())
            for _, code, _ in outcome.dead:
                metrics.DEAD_LETTERS.labels(self.group, code).inc()
        return outcome

    async def report(self, broken: Sequence[BrokenBatch], backoff: Callable[[], Backoff]) -> None:
        """Send where the batches lie to the dead letters."""
        await self._send([report(batch, self.group, now()) for batch in broken], backoff())

    async def _send(self, letters: Sequence[Any], backoff: Backoff) -> None:
        failpoints.passing("bus.dead_letter", "before")
        await until_sent(self._publisher.send, letters, backoff)
        failpoints.passing("bus.dead_letter", "after")


@dataclass(slots=True)
class RecordWork:
    """Work on the records of one topic as they lie there. ``handle`` answers each of them itself: there are no dead letters.

    A RetryableError of ``handle`` or ``report_broken`` repeats the same in place. ``turn`` bounds how many of such works run at
    once in a process.
    """

    group: str
    topic: str
    partitions: int
    handle: Callable[[Sequence[Record]], Awaitable[None]]
    report_broken: Callable[[Sequence[BrokenBatch]], Awaitable[None]]
    turn: asyncio.Semaphore
    pace: Pace | None = None
    replays: bool = False
    broken_per_hour: int | None = None

    @property
    def topics(self) -> Sequence[str]:
        """The one topic."""
        return (self.topic,)

    def assigned(self, partitions: int) -> None:
        """Share the pace among the processes that read the topic, by partitions."""
        if self.pace is not None:
            self.pace.share = partitions / self.partitions

    async def process(self, records: Sequence[Record], runs: Mapping[str, int], backoff: Callable[[], Backoff]) -> Outcome:
        """Have the records handled."""
        await self._until_done(lambda: self.handle(records), backoff())
        return Outcome(dict(runs), handled=len(records))

    async def report(self, broken: Sequence[BrokenBatch], backoff: Callable[[], Backoff]) -> None:
        """Have the batches reported."""
        await self._until_done(lambda: self.report_broken(broken), backoff())

    async def _until_done(self, attempt: Callable[[], Awaitable[None]], backoff: Backoff) -> None:
        while True:
            try:
                async with self.turn:
                    await attempt()
            except RetryableError as error:
                log.warning("records_retried", group=self.group, code=error.code, reason=error.detail)
            else:
                backoff.done()
                return
            await backoff.wait()
