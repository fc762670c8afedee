"""One batch of records through one consumer: decode, hand over, sort out what can never be processed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from shared.bus.consume.spans import BatchSpans
from shared.bus.dead_letters.letter import HANDLER_ERROR, Reason
from shared.bus.dead_letters.replay import Replay
from shared.bus.envelope import envelope_of
from shared.bus.faults import DecodeError, Fault
from shared.bus.handling import Consumer, Received, Rejection
from shared.errors import RetryableError
from shared.retry import RetryPolicy
from shared.topics import Topic
from shared.tracing import context

log = structlog.get_logger()

REPEATS = RetryPolicy(timedelta(milliseconds=100), timedelta(seconds=10))
"""Between two attempts at what the broker or a store refused for the moment."""

Record = Any  # a ConsumerRecord of aiokafka, which is untyped
Found = Received | tuple[str, str] | None


class AbandonedError(Exception):
    """The batch is given up unfinished, because of a rebalance or the end of the process; it will be read again."""


class StoppedError(Exception):
    """Too much went wrong in a row: the consumer must stop, and nothing of this batch is committed."""


@dataclass(slots=True)
class Backoff:
    """Repeats in place with growing pauses. ``interrupted`` ends a pause early, by AbandonedError."""

    interrupted: asyncio.Event
    on_wait: Callable[[bool], None]
    policy: RetryPolicy = REPEATS
    _pauses: Iterator[float] | None = None

    async def wait(self) -> None:
        """Pause before the next attempt. Raises AbandonedError when there shall be none."""
        if self._pauses is None:
            self._pauses = self.policy.pauses()
        self.on_wait(True)
        try:
            async with asyncio.timeout(next(self._pauses)):
                await self.interrupted.wait()
        except TimeoutError:
            return
        raise AbandonedError

    def done(self) -> None:
        """End the waiting: the attempt succeeded."""
        self._pauses = None
        self.on_wait(False)


@dataclass(slots=True)
class Outcome:
    """What became of a batch: the dead ones with code and reason, and per topic how long the run of dead ones is at its end."""

    runs: dict[str, int]
    handled: int = 0
    passed: int = 0
    dead: list[tuple[Record, str, str]] = field(default_factory=list)


class Batch:
    """The work on one batch of ``topics``. ``runs`` counts per topic the dead ones in a row before it; ``limit`` of them stop."""

    def __init__(
        self,
        consumer: Consumer,
        *,
        topics: Sequence[Topic],
        backoff: Callable[[], Backoff],
        runs: Mapping[str, int],
        limit: int,
    ) -> None:
        self._consumer = consumer
        self._backoff = backoff
        self._limit = limit
        self._outcome = Outcome(dict(runs))
        self._spans = BatchSpans(consumer.group)
        self._topics = {topic.name: topic for topic in topics}
        self._handled = frozenset(message.TYPE for message in consumer.handles)

    async def process(self, records: Sequence[Record]) -> Outcome:
        """Process the records in order. Raises AbandonedError or StoppedError; then nothing may be committed."""
        decoded = [(record, self._decode(record)) for record in records]
        events = [found for _, found in decoded if isinstance(found, Received)]
        verdicts = await self._together(events) if events else {}
        if verdicts is None:
            verdicts = await self._singly(decoded)
        else:
            for record, found in decoded:
                self._count(record, found, verdicts.get(id(found)) if isinstance(found, Received) else found)
        self._spans.end({event: code for event, (code, _) in verdicts.items()})
        return self._outcome

    def _decode(self, record: Record) -> Found:
        """Return the event, or code and reason why it is none, or None if it is none of this consumer's business.

        Passed over is only a sound envelope: a record of a type that this consumer does not handle, whose body need not be read
        then, and one of a type that the topic's owner added after this program was built, else a rolling upgrade would fill the
        dead-letter topics.
        """
        topic = self._topics.get(record.topic)
        if topic is None:
            return Fault.FOREIGN_TOPIC.value, f"{self._consumer.group} does not read the topic {record.topic[:120]}"
        try:
            envelope = envelope_of(record, topic)
            if envelope.binary and envelope.type in topic.types and envelope.type not in self._handled:
                return None
            event = envelope.open()
        except DecodeError as error:
            if error.fault is Fault.UNKNOWN_TYPE and _from_the_future(topic, envelope.type):
                return None
            return error.code, error.detail
        return self._spans.enter(event, record.topic) if event.cause.type in self._handled else None

    async def _together(self, events: Sequence[Received]) -> dict[int, tuple[str, str]] | None:
        """Hand over all events at once and return the rejections by identity; None if they must go one by one."""
        backoff = self._backoff()
        while True:
            with _bound(events):
                try:
                    rejections = await self._consumer.handle(events)
                except RetryableError as error:
                    log.warning("batch_retried", group=self._consumer.group, code=error.code, reason=error.detail)
                except Exception:
                    log.exception("batch_failed", group=self._consumer.group, events=len(events))
                    return None
                else:
                    backoff.done()
                    return _by_identity(rejections)
            await backoff.wait()

    async def _singly(self, decoded: Sequence[tuple[Record, Found]]) -> dict[int, tuple[str, str]]:
        verdicts: dict[int, tuple[str, str]] = {}
        for record, found in decoded:
            verdict = await self._alone(found) if isinstance(found, Received) else found
            if isinstance(found, Received) and verdict is not None:
                verdicts[id(found)] = verdict
            self._count(record, found, verdict)
        return verdicts

    async def _alone(self, event: Received) -> tuple[str, str] | None:
        backoff = self._backoff()
        while True:
            with _bound([event]):
                try:
                    rejections = await self._consumer.handle([event])
                except RetryableError as error:
                    log.warning("event_retried", group=self._consumer.group, event_id=event.cause.event_id, code=error.code)
                except Exception as error:
                    kind = event.cause.type
                    log.exception("event_failed", group=self._consumer.group, event_id=event.cause.event_id, type=kind)
                    return HANDLER_ERROR, _origin(error)
                else:
                    backoff.done()
                    return _by_identity(rejections).get(id(event))
            await backoff.wait()

    def _count(self, record: Record, found: Found, verdict: tuple[str, str] | None) -> None:
        # In no row: what lies among the dead letters already, while an operator waits for it; and what one of many writers
        # outside sends, who must not stop the others.
        topic = self._topics.get(record.topic)
        again = isinstance(record, Replay) or (topic is not None and topic.many_writers)
        if verdict is None:
            if not again:
                self._outcome.runs.pop(record.topic, None)
            if isinstance(found, Received):
                self._outcome.handled += 1
                cause = found.cause
                log.info(
                    "event",
                    group=self._consumer.group,
                    type=cause.type,
                    event_id=cause.event_id,
                    correlation_id=cause.correlation_id,
                )
            else:
                self._outcome.passed += 1
            return
        code, reason = verdict
        run = self._outcome.runs.get(record.topic, 0) + (not again)
        if run:
            self._outcome.runs[record.topic] = run
        with _bound([found] if isinstance(found, Received) else []):
            log.warning(
                "dead_letter",
                group=self._consumer.group,
                code=code,
                reason=reason,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
            )
        self._outcome.dead.append((record, code, reason))
        if not again and run >= self._limit:
            raise StoppedError(f"{run} dead letters in a row on {record.topic}, the last: {code}: {reason}")


async def until_sent(send: Callable[[Sequence[Any]], Awaitable[list[bool]]], records: Sequence[Any], backoff: Backoff) -> None:
    """Send records until each has been acknowledged. Raises AbandonedError."""
    left: Collection[Any] = records
    while left:
        flags = await send(tuple(left))
        left = [record for record, acknowledged in zip(left, flags, strict=True) if not acknowledged]
        if left:
            await backoff.wait()
    backoff.done()


def reason_for(record: Record, code: str, text: str, group: str, time: datetime) -> Reason:
    """Return why and from where a record becomes a dead letter."""
    return Reason(code, text, record.topic, record.partition, record.offset, group, time)


def _by_identity(rejections: Sequence[Rejection]) -> dict[int, tuple[str, str]]:
    return {id(rejection.event): (rejection.code, rejection.reason) for rejection in rejections}


def _from_the_future(topic: Topic, kind: str) -> bool:
    """Return whether an unknown type can be one that the topic's owner added since. No command may be passed over, though."""
    name, _, version = kind.rpartition(".v")
    return not topic.commands and name.startswith(f"{topic.owner}.") and version.isdecimal()


def _origin(error: Exception) -> str:
    """Return the type of an error and the function that raised it, without its text: that may quote what must stay inside."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {trace.tb_frame.f_code.co_qualname}"
    return f"{type(error).__name__}{where}"


@contextmanager
def _bound(events: Sequence[Received]) -> Any:  # noqa: ANN401 - a context manager's iterator
    """Bind to log lines what all of the events have in common."""
    causes = [event.cause for event in events]
    common = causes[0].correlation_id if len({cause.correlation_id for cause in causes}) == 1 else None
    parent = causes[0].traceparent if len(causes) == 1 else None
    tokens = context.correlation_id.set(common), context.traceparent.set(parent)
    try:
        yield
    finally:
        context.correlation_id.reset(tokens[0])
        context.traceparent.reset(tokens[1])
