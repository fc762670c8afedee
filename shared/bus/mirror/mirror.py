"""The mirror of a compacted topic: read from the beginning without a group, then followed.

Whatever goes wrong ends in reading from the beginning, beside what is shown, which stays until the new content has reached the
end that the topic had when reading began. So a broker that was away, an offset that is gone and a topic that was created again
take one way, and nobody ever sees half a topic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.bus import metrics
from shared.bus.aiokafka_internals import partitions_known
from shared.bus.consume.quarantine import GuardedConsumer
from shared.bus.lifeline import CLOSE_SECONDS, drop, end
from shared.bus.mirror.content import Content
from shared.bus.settings import KafkaSettings, milliseconds
from shared.clock import now
from shared.errors import BusUnavailableError, MarktplatzError, NotFoundError
from shared.retry import RetryPolicy
from shared.topics import Topic

log = structlog.get_logger()

ANSWER_SECONDS = 30.0
"""How long the broker may take for one answer."""
_POLL = timedelta(milliseconds=500)
_PAUSES = RetryPolicy(timedelta(seconds=0.5), timedelta(seconds=10))


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where the partitions of the topic end, and when the broker was asked for it."""

    asked_at: float
    offsets: Mapping[int, int]


class TopicMirror:
    """Holds in memory what a compacted topic holds. ``content`` is None until the topic was read through once.

    ``member`` is the member of a record's body that carries the state; None where nobody compares states. Every
    ``reread_every`` the topic is read from the beginning, whatever was read before: a topic that was created again can hold the
    offsets of the old one.

    With ``confirm_every`` the broker is asked that often where the topic ends. ``confirmed_at`` is when it was last asked for an
    end that was reached since, on the event loop's clock: the content is what the topic held then, or newer.
    """

    def __init__(
        self,
        topic: Topic,
        member: str | None,
        *,
        reread_every: timedelta = timedelta(minutes=10),
        confirm_every: timedelta | None = None,
    ) -> None:
        self.topic = topic
        self.member = member
        self.content: Content | None = None
        self.confirmed_at: float | None = None
        self._reread_every = reread_every
        self._confirm_every = confirm_every
        self._moved = asyncio.Event()
        metrics.MIRROR_READ.labels(topic.name).set(0)

    async def run(self, settings: KafkaSettings) -> None:
        """Follow the topic until cancelled; errors of the broker are logged, and reading begins again after a pause."""
        pauses = _PAUSES.pauses()
        while True:
            try:
                await self._follow(settings)
            except (KafkaError, OSError, TimeoutError, MarktplatzError) as error:
                log.warning("mirror_interrupted", topic=self.topic.name, error=repr(error)[:200])
                await asyncio.sleep(next(pauses))
            else:
                pauses = _PAUSES.pauses()

    async def moved(self, seconds: float) -> bool:
        """Wait until more was read, at most so long; return whether it was."""
        event = self._moved
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

    async def _follow(self, settings: KafkaSettings) -> None:
        """Read from the beginning, then on, until the topic is to be read again. Raises KafkaError and its kin."""
        # Without a position reading must fail, not begin somewhere else: the content would have a hole.
        reader = GuardedConsumer(**settings.connection(), enable_auto_commit=False, auto_offset_reset="none")
        try:
            await _answer(reader.start())
            numbers = await _answer(partitions_known(reader, self.topic.name))
            if not numbers:
                raise NotFoundError(f"there is no topic {self.topic.name}, or it may not be read", topic=self.topic.name)
            places = [TopicPartition(self.topic.name, number) for number in numbers]
            begun_at, asked_at = now(), asyncio.get_running_loop().time()
            starts = _by_number(await _answer(reader.beginning_offsets(places)))
            ends = _by_number(await _answer(reader.end_offsets(places)))
            reader.assign(places)
            for place in places:
                reader.seek(place, starts[place.partition])
            await self._read(reader, Content(self.member, starts, begun_at), _Ends(asked_at, ends), places)
        finally:
            await end("mirror", reader.stop(), CLOSE_SECONDS)
            await drop(reader)

    async def _read(self, reader: GuardedConsumer, content: Content, ends: _Ends, places: list[TopicPartition]) -> None:
        loop = asyncio.get_running_loop()
        again = loop.time() + self._reread_every.total_seconds()
        while content is not self.content or loop.time() < again:
            found = await reader.getmany(*places, timeout_ms=milliseconds(_POLL))
            self._take(content, found)
            for place in places:
                content.positions[place.partition] = await _answer(reader.position(place))
            for batch in reader.broken:
                log.error("mirror_passed_over_batch", topic=batch.topic, partition=batch.partition, offset=batch.base_offset)
            reader.broken.clear()
            if content is not self.content and content.reached(ends.offsets):
                self.content = content
                found = found or {places[0]: []}
            if found and content is self.content:
                self._show(content)
            ends = await self._confirmed(reader, content, ends, places)
            if content is not self.content and loop.time() > again:
                raise BusUnavailableError(f"{self.topic.name} could not be read through in {self._reread_every}")

    async def _confirmed(self, reader: GuardedConsumer, content: Content, ends: _Ends, places: list[TopicPartition]) -> _Ends:
        """Record that what is shown has reached these ends, and return those to reach next."""
        if self._confirm_every is None or content is not self.content or not content.reached(ends.offsets):
            return ends
        self.confirmed_at = ends.asked_at
        asked_at = asyncio.get_running_loop().time()
        if asked_at - ends.asked_at < self._confirm_every.total_seconds():
            return ends
        return _Ends(asked_at, _by_number(await _answer(reader.end_offsets(places))))

    def _take(self, content: Content, found: Mapping[TopicPartition, list[Any]]) -> None:
        for place, records in found.items():
            for record in records:
                if record.key is None:
                    continue  # a compacted topic holds none
                kind = next((value for name, value in record.headers if name == "ce_type" and value is not None), b"")
                at = datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC)
                text = kind.decode("ascii", "replace")
                content.put(place.partition, record.offset, record.key, record.value, text, at)

    def _show(self, content: Content) -> None:
        content.forget_tombstones(now() - self.topic.tombstone_retention)
        metrics.MIRROR_READ.labels(self.topic.name).set_to_current_time()
        metrics.MIRROR_BYTES.labels(self.topic.name).set(content.size)
        metrics.MIRROR_LIVE.labels(self.topic.name).set(content.live())
        event, self._moved = self._moved, asyncio.Event()
        event.set()


async def _answer(question: Any) -> Any:  # noqa: ANN401 - aiokafka is untyped
    async with asyncio.timeout(ANSWER_SECONDS):
        return await question


def _by_number(offsets: Mapping[TopicPartition, int]) -> dict[int, int]:
    return {place.partition: offset for place, offset in offsets.items()}
