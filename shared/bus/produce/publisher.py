"""What a process sends through: one line for all topics, and another for a topic that kept the others waiting.

A topic whose records are not acknowledged in time while the broker acknowledges others (its partitions have no leader, too few
replicas are in sync) would have the common producer given up again and again. It gets a line of its own, for as long as the
process lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from shared import failpoints
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.envelope import encode
from shared.bus.metrics import PRODUCER_UP, PUBLISHED
from shared.bus.produce.line import DISCONNECTED, Line
from shared.bus.produce.sending import TIMED_OUT, Reason
from shared.bus.record import RawRecord
from shared.bus.settings import KafkaSettings

log = structlog.get_logger()


class KafkaPublisher:
    """Implements ``shared.aggregate.outgoing.Publisher`` over Kafka; also sends raw records (dead letters, replays).

    ``shown`` is called with whether it is connected; that of a process shows it in the metrics.
    """

    def __init__(self, settings: KafkaSettings, *, shown: Callable[[bool], None] = PRODUCER_UP.set) -> None:
        self.settings = settings
        self.line = Line(settings, shown=shown)
        self.apart: dict[str, Line] = {}
        """The lines of topics that have one of their own."""
        self._starting: dict[str, asyncio.Task[None]] = {}

    @property
    def connected(self) -> bool:
        """Whether there is a producer that is not known to be cut off."""
        return self.line.producer is not None

    async def start(self) -> None:
        """Connect; if the broker does not answer in time, go on trying in the background."""
        await self.line.start()

    async def stop(self) -> None:
        """Send what is buffered, within bounds, and close."""
        if self._starting:
            await asyncio.wait(self._starting.values())
        await asyncio.gather(self.line.stop(), *(line.stop() for line in self.apart.values()))

    async def ping(self) -> None:
        """Return if the broker answers. Raises BusUnavailableError."""
        await self.line.ping()

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """Send all, wait for the acknowledgements, return for each whether it was acknowledged. Does not raise."""
        records: list[RawRecord] = []
        places: list[int] = []
        for place, event in enumerate(events):
            try:
                records.append(encode(event))
            except (AttributeError, TypeError, ValueError) as error:
                log.error("record_unsendable", topic=event.topic, key=event.key, error=repr(error)[:200])  # noqa: TRY400
            else:
                places.append(place)
        flags = [False] * len(events)
        for place, acknowledged in zip(places, await self.send(records), strict=True):
            flags[place] = acknowledged
        return flags

    async def send(self, records: Sequence[RawRecord]) -> list[bool]:
        """Send raw records; as ``publish``."""
        failpoints.passing("bus.send", "before")
        flags = [reason is None for reason in await self._send(records)]
        failpoints.passing("bus.send", "after")
        acknowledged = sum(flags)
        PUBLISHED.labels("acknowledged").inc(acknowledged)
        PUBLISHED.labels("failed").inc(len(flags) - acknowledged)
        return flags

    async def _send(self, records: Sequence[RawRecord]) -> list[Reason]:
        groups: dict[str | None, list[int]] = {}
        for place, record in enumerate(records):
            groups.setdefault(record.topic if record.topic in self.apart else None, []).append(place)
        begun = asyncio.get_running_loop().time()
        answers = await asyncio.gather(
            *(self._over(topic).send([records[place] for place in places]) for topic, places in groups.items())
        )
        reasons: list[Reason] = [DISCONNECTED] * len(records)
        for places, answer in zip(groups.values(), answers, strict=True):
            for place, reason in zip(places, answer, strict=True):
                reasons[place] = reason
        if self.line.heard >= begun:
            for place in groups.get(None, ()):
                if reasons[place] == TIMED_OUT:
                    self._set_apart(records[place].topic)
        return reasons

    def _over(self, topic: str | None) -> Line:
        return self.line if topic is None else self.apart[topic]

    def _set_apart(self, topic: str) -> None:
        if topic in self.apart:
            return
        log.error("topic_set_apart", topic=topic)
        # After a producer of it was given up it rests: until then its records fail at once, and hold up nobody.
        line = self.apart[topic] = Line(self.settings, rest=self.settings.publish_timeout)
        task = self._starting[topic] = asyncio.create_task(line.start())
        task.add_done_callback(lambda _: self._starting.pop(topic, None))
