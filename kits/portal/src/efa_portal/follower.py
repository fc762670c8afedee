"""The follower: sessions with the broker, one after the other, until it is asked to end."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord

from efa_portal.broker import Reader, Reporter, catalog_record
from efa_portal.checkpoint import parse_checkpoint
from efa_portal.connection import Connection, ConnectionSettingsError
from efa_portal.errors import BrokerError, StoreDamagedError, StoreUnavailableError
from efa_portal.following import Following, utc_now
from efa_portal.health import Health, TopicHealth, TopicState, kit_version
from efa_portal.report import Report, Trouble, write_report
from efa_portal.store.lock import StoreLock
from efa_portal.store.repair import StoreInPlace
from efa_portal.topics import CATALOG, CHECKPOINTS, topic_named

logger = logging.getLogger(__name__)

REPORT, RECORD = timedelta(seconds=30), timedelta(seconds=10)
"""When a health report is due without a change of state, and when the store's own record of it is renewed."""
LOOK = 1.0
"""Seconds between two looks at the ends of the topics."""
LAST_STEP = 5.0
"""Seconds that the running step has when the follower is to end."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0


@dataclass(frozen=True, slots=True)
class FollowSettings:
    """What a follower needs: the broker, the store, and the id that its health reports carry; without one it reports nothing."""

    connection: Connection
    store: Path
    portal: str | None = None
    once: bool = False


class Follower:
    """Keeps a store in step with the catalog."""

    def __init__(self, settings: FollowSettings) -> None:
        self._settings = settings
        self._place = StoreInPlace(settings.store)
        self._followings: dict[str, Following] = {}
        self._checkpoints_read = 0
        self._checkpoints_end = 0
        self._ended = asyncio.Event()
        self._trouble: Trouble | None = None
        self._recorded: tuple[datetime, tuple[TopicHealth, ...]] | None = None
        self._reported: tuple[datetime, tuple[TopicState, ...]] | None = None
        self._sending: asyncio.Task[None] | None = None
        self.states: dict[str, TopicState] = {}

    @property
    def trouble(self) -> str | None:
        """Why the follower cannot go on now, or None."""
        return None if self._trouble is None else self._trouble.text

    def end(self) -> None:
        """End after the step that is running."""
        self._ended.set()

    async def run(self) -> None:
        """Follow until ``end`` is called or, with ``once``, until everything is in step.

        Raises StoreInUseError, StoreForeignError, ConnectionSettingsError; whatever else happens is waited out.
        """
        self._settings.connection.options()
        lock = StoreLock(self._settings.store)
        wait = FIRST_WAIT
        try:
            while not self._ended.is_set():
                try:
                    await self._until_ended(self._session())
                    wait = FIRST_WAIT
                except StoreDamagedError as error:
                    self._place.begin_repair(error)
                    await self._pause(FIRST_WAIT)
                except (BrokerError, KafkaError, ConnectionSettingsError, StoreUnavailableError, OSError, TimeoutError) as error:
                    if self._trouble is None:
                        wait = FIRST_WAIT
                    self._note_trouble(error)
                    await self._pause(wait * random.uniform(0.5, 1.0))  # noqa: S311 - spreads portals that lost the same broker
                    wait = min(wait * 2, LONGEST_WAIT)
        finally:
            self._place.close()
            lock.release()

    async def _until_ended(self, session: Coroutine[object, object, None]) -> None:
        """Run a session to its end. One that does not answer when the follower is to end is cancelled: nothing is half saved."""
        running, ended = asyncio.ensure_future(session), asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({running}, timeout=LAST_STEP)
            if running.done():
                await running
        finally:
            ended.cancel()
            running.cancel()
            await asyncio.wait({running})

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except TimeoutError:
            return

    def _note_trouble(self, error: Exception) -> None:
        text = str(error) or type(error).__name__
        if self._trouble is None or self._trouble.text != text:
            logger.warning("%s; trying again", text)
        since = utc_now() if self._trouble is None else self._trouble.since
        self._trouble = Trouble(text=text, since=since)
        try:
            store = self._place.open()
            write_report(store, Report.now(self._settings.portal, self._last_topics(), self._trouble))
            self._recorded = None
        except (StoreDamagedError, StoreUnavailableError):
            logger.debug("the trouble cannot be recorded", exc_info=True)

    def _last_topics(self) -> tuple[TopicHealth, ...]:
        return tuple(following.health() for following in self._followings.values())

    async def _session(self) -> None:
        """One connection to the broker: resume every topic, then apply and judge until it breaks or the follower ends."""
        store = self._place.open()
        reader = Reader(self._settings.connection)
        reporter = Reporter(self._settings.connection) if self._settings.portal else None
        try:
            await reader.start()
            self._followings = {topic.name: Following(store, topic) for topic in CATALOG}
            ranges = await reader.ranges()
            for name, following in self._followings.items():
                reader.seek(name, following.resume(ranges[name].starts, ranges[name].ends))
            self._checkpoints_read = 0
            self._checkpoints_end = sum(ranges[CHECKPOINTS].ends.values())
            reader.seek(CHECKPOINTS, ranges[CHECKPOINTS].starts)
            await self._turns(reader, reporter)
        finally:
            if self._sending is not None:
                await asyncio.wait({self._sending})
                self._sending = None
            await reader.stop()
            if reporter is not None:
                await reporter.stop()

    async def _turns(self, reader: Reader, reporter: Reporter | None) -> None:
        loop = asyncio.get_running_loop()
        looked = 0.0
        while not self._ended.is_set():
            try:
                batch = await reader.poll(0.25)
            except OffsetOutOfRangeError as error:
                await self._start_again(reader, error)
                continue
            for name, records in batch.items():
                self._take(name, records)
            if loop.time() - looked < LOOK:
                continue
            await self._look(reader)
            looked = loop.time()
            if await self._check(reader):
                self._trouble = None
            await self._report(reporter)
            if (
                self._settings.once
                and self.states
                and set(self.states.values()) == {TopicState.IN_STEP}
                and not self._place.repairing
            ):
                self._ended.set()

    def _take(self, name: str, records: list[ConsumerRecord]) -> None:
        if name == CHECKPOINTS:
            for record in records:
                self._take_checkpoint(record)
            return
        following = self._followings[name]
        taken = [catalog_record(record) for record in records]
        positions: dict[int, int] = {}
        for record in taken:
            positions[record.partition] = max(record.offset + 1, positions.get(record.partition, 0))
        following.apply(taken, positions)

    def _take_checkpoint(self, record: ConsumerRecord) -> None:
        checkpoint = None if record.value is None else parse_checkpoint(record.value)
        if checkpoint is None:
            if record.value is not None:
                logger.warning("the checkpoint at offset %d cannot be read and is passed over", record.offset)
            return
        if checkpoint.topic in self._followings:
            self._followings[checkpoint.topic].announce(checkpoint)
            self._place.open().record_checkpoint(checkpoint.topic, record.value)

    async def _look(self, reader: Reader) -> None:
        """Compare with the ends of the topics; move positions over offsets that hold nothing any more."""
        ends = await reader.ends()
        for name, following in self._followings.items():
            positions = await reader.positions(name)
            moved = {number: place for number, place in positions.items() if place > following.positions[number]}
            if moved:
                following.apply((), moved)
            following.note_ends(ends[name])
        self._checkpoints_read = sum((await reader.positions(CHECKPOINTS)).values())
        if reader.partitions_changed():
            raise BrokerError("the partitions of a topic have changed")

    async def _check(self, reader: Reader) -> bool:
        """Judge every topic once the checkpoints that there were have been read. Returns whether it was done."""
        if self._checkpoints_read < self._checkpoints_end:
            return False
        for name, following in self._followings.items():
            reason = await following.check()
            if reason is not None:
                await self._build(reader, name, reason)
        if self._place.repairing:
            store = self._place.finish_repair()
            for following in self._followings.values():
                following.store = store
        return True

    async def _start_again(self, reader: Reader, error: OffsetOutOfRangeError) -> None:
        for name in {place.topic for place in (error.args[0] if error.args else {})}:
            if name == CHECKPOINTS:
                raise BrokerError("the topic of the checkpoints was created again") from error
            await self._build(reader, name, "the topic no longer holds the next offset")

    async def _build(self, reader: Reader, name: str, reason: str) -> None:
        found = (await reader.ranges([name]))[name]
        reader.seek(name, self._followings[name].rebuild(found.starts, found.ends, reason))

    async def _report(self, reporter: Reporter | None) -> None:
        """Record how the topics stand, and send it to the marketplace, if the states changed or a report is due."""
        topics = tuple(following.health() for following in self._followings.values())
        before, self.states = self.states, {topic.topic: topic.state for topic in topics}
        if before != self.states:
            for name, state in self.states.items():
                logger.info("%s: %s", topic_named(name).name, state)
        at = utc_now()
        if self._recorded is None or self._recorded[1] != topics or at - self._recorded[0] >= RECORD:
            write_report(self._place.open(), Report.now(self._settings.portal, topics, self._trouble))
            self._recorded = (at, topics)
        portal, states = self._settings.portal, tuple(self.states.values())
        due = self._reported is None or self._reported[1] != states or at - self._reported[0] >= REPORT
        if reporter is not None and portal is not None and due and (self._sending is None or self._sending.done()):
            self._reported = (at, states)
            health = Health(portal=portal, reported_at=at, kit=kit_version(), topics=topics)
            self._sending = asyncio.create_task(self._send(reporter, health))

    async def _send(self, reporter: Reporter, health: Health) -> None:
        try:
            await reporter.send(health)
        except BrokerError as error:
            logger.warning("%s", error)
