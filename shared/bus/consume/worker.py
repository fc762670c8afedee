"""One consumer group's worker: reads batches through FastStream, has them processed, commits once per batch.

The lock: a batch runs and commits under it, and a rebalance waits for it before it gives partitions away. A batch that was
fetched before a rebalance but did not get the lock before it is dropped: its records are read again by whoever owns them now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.bus import metrics
from shared.bus.aiokafka_internals import member_id
from shared.bus.consume.batch import AbandonedError, Backoff, Record, StoppedError
from shared.bus.consume.client import Records, WorkerConsumer
from shared.bus.consume.commits import Commits
from shared.bus.consume.pace import Pace
from shared.bus.consume.progress import Progress
from shared.bus.consume.quarantine import BrokenBatch, HourlyLimit
from shared.bus.consume.subscription import Subscription
from shared.bus.consume.work import EventWork, Work
from shared.bus.dead_letters.replay import replay_topic
from shared.bus.handling import Consumer
from shared.bus.lifeline import CLOSE_SECONDS, drop, end, say_goodbye
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.topics import subscribed

log = structlog.get_logger()


class Worker:
    """Runs one ``Consumer``, or another ``Work``. Made, started, checked and stopped by the runner.

    ``epoch`` counts the assignments of this worker: a batch belongs to the one in which it was fetched.
    """

    def __init__(self, settings: KafkaSettings, work: Consumer | Work, publisher: KafkaPublisher) -> None:
        if isinstance(work, Consumer):
            work = EventWork(settings, work, subscribed(work.group), publisher)
        self.settings = settings
        self.work = work
        self.group = work.group
        self.progress = Progress(settings.stall_after.total_seconds())
        self.commits = Commits(self.group, self.progress, settings.stop_timeout.total_seconds())
        self.subscription = Subscription(settings, work, self)
        self.log = log.bind(group=self.group)
        self.lock = asyncio.Lock()
        self.interrupted = asyncio.Event()
        self.settled = asyncio.Event()
        self.epoch = 0
        self.fetched_in = -1
        self._begun_in = -1
        self._stopping = False
        self._quarantines = None if work.broken_per_hour is None else HourlyLimit(work.broken_per_hour)
        self.oldest = 0.0
        metrics.announce(self.group, (*work.topics, *([replay_topic(self.group)] if work.replays else [])))

    @property
    def client(self) -> WorkerConsumer | None:
        """The Kafka client while there is one."""
        return self.subscription.client

    @property
    def pace(self) -> Pace | None:
        """How fast the group may read."""
        return self.work.pace

    @property
    def busy(self) -> bool:
        """Whether a batch is being processed."""
        return self.lock.locked()

    async def start(self) -> None:
        """Join the group and begin to read. Raises KafkaError if the broker does not answer."""
        self._stopping = False
        try:
            await self.subscription.start(self.on_batch)
        except BaseException:
            await self.close()
            raise

    async def stop(self) -> None:
        """Finish and commit the running batch, within the time-out, then leave the group."""
        self._stopping = True
        self.interrupted.set()
        await self.close()
        self.progress.started = False

    async def close(self) -> None:
        """Leave the group and drop the client; ``start`` makes a new one. Ends within bounds and does not raise."""
        client = self.client
        # A batch that the old client read is void: the new one reads its records again.
        self.interrupted.set()
        self.settled.clear()
        if client is not None and self.progress.broken is not None:
            await self._cut_off(client)
        await self.subscription.stop()
        if client is not None:
            await end("consumer", client.stop(), CLOSE_SECONDS)
            await drop(client)
        self.subscription.forget()
        self.epoch += 1

    async def _cut_off(self, client: WorkerConsumer) -> None:
        """Drop a broken client without waiting for what it will never do, and take its member out of the group."""
        member = member_id(client)
        await drop(client)
        self.commits.give_up()
        if member and self.settings.group_instance_id is None:
            await say_goodbye(self.settings, self.group, member)

    async def revoked(self) -> None:
        """Wait until the running batch is committed; what was fetched and has not begun is void from now on."""
        self.interrupted.set()
        async with self.lock:
            self.settled.clear()
            self.epoch += 1
        self.progress.given_up()

    async def assigned(self, partitions: set[TopicPartition]) -> None:
        """Accept newly assigned partitions and go on counting dead letters where their last owner stopped."""
        try:
            await self.commits.take_over(self.client, partitions)
        except Exception as error:
            # aiokafka only logs this; the worker would look as if it had not joined until the next rebalance.
            self.progress.broke(f"{type(error).__name__} while partitions were taken over")
            raise
        finally:
            if not self._stopping:
                self.interrupted.clear()
            self.settled.set()
        self.work.assigned(len(partitions))
        self.progress.taken_over()
        in_a_row = max(self.commits.runs.values(), default=0)
        self.log.info("partitions_assigned", count=len(partitions), dead_in_a_row=in_a_row)

    async def on_batch(self, records: tuple[Record, ...]) -> None:
        """Process one batch and commit it. Never raises: FastStream would drop the batch, and the next commit would pass it."""
        try:
            async with self.lock:
                if self.fetched_in != self.epoch or self.progress.failure is not None or self._stopping:
                    metrics.BATCHES.labels(self.group, "dropped").inc()
                    return
                await self._process(records)
        except AbandonedError:
            self.progress.waiting = False
            metrics.BATCHES.labels(self.group, "abandoned").inc()
            # Nothing is to be turned back: only a rebalance or a stop interrupts, and neither keeps this client's positions.
            self.log.info("batch_abandoned", records=len(records))
        except StoppedError as error:
            self.fail(str(error))
        except Exception as error:
            self.log.exception("worker_failed")
            self.fail(f"{type(error).__name__} in the worker")
        finally:
            self.oldest = 0.0

    async def _process(self, records: Sequence[Record]) -> None:
        self._begun_in = self.epoch
        for record in records:
            self.commits.positions.setdefault(TopicPartition(record.topic, record.partition), record.offset)
        self.oldest = min(record.timestamp for record in records) / 1000
        self.show_lag()
        outcome = await self.work.process(records, self.commits.runs, self.backoff)
        self.commits.runs = outcome.runs
        await self.commit()
        metrics.EVENTS.labels(self.group, "handled").inc(outcome.handled)
        metrics.EVENTS.labels(self.group, "passed").inc(outcome.passed)
        metrics.EVENTS.labels(self.group, "dead").inc(len(outcome.dead))
        metrics.BATCHES.labels(self.group, "done").inc()

    def show_lag(self) -> None:
        """Set the lag metric to the age of the oldest record in the batch."""
        metrics.LAG_SECONDS.labels(self.group).set(max(0.0, now().timestamp() - self.oldest))

    async def commit(self) -> None:
        """Commit the positions of all assigned partitions. If that fails the records come again, to whoever owns them then."""
        client = self.client
        if self._begun_in != self.epoch:
            # The client that read this batch is gone; the positions of its successor run ahead of what is handled.
            metrics.BATCHES.labels(self.group, "commit_failed").inc()
            return
        error = None if client is None else await self.commits.commit(client)
        if error is not None:
            self.log.warning("commit_failed", error=repr(error))
            if not isinstance(error, (KafkaError, TimeoutError)):
                self.progress.broke(f"{type(error).__name__} while committing")
            metrics.BATCHES.labels(self.group, "commit_failed").inc()

    def backoff(self) -> Backoff:
        """Return a back-off that makes this worker unready while it waits and ends at a rebalance or a stop."""
        return Backoff(self.interrupted, self._wait)

    def _wait(self, waiting: bool) -> None:  # noqa: FBT001 - a callback
        if waiting:
            metrics.RETRIES.labels(self.group).inc()
            self.progress.moved()
        self.progress.waiting = waiting

    def fail(self, reason: str) -> None:
        """Stop this consumer for good: a restart of the process tries again from the last commit."""
        self.log.error("consumer_stopped", reason=reason)
        metrics.STOPPED.labels(self.group).set(1)
        self.progress.failure = reason

    async def quarantine(self, broken: list[BrokenBatch], records: Records) -> Records:
        """Report the batches that the guard took out, then release what was read behind them."""
        for batch in broken:
            if self._quarantines is not None and not self._quarantines.admit(batch.topic):
                self.fail(f"more than {self._quarantines.limit} undecodable batches of {batch.topic} within an hour")
                return {}
        try:
            async with self.lock:
                if self.fetched_in != self.epoch or self._stopping:
                    return {}
                self._begun_in = self.epoch
                await self.work.report(broken, self.backoff)
                for batch in broken:
                    self.log.error("batch_quarantined", topic=batch.topic, partition=batch.partition, offset=batch.base_offset)
                    metrics.QUARANTINED.labels(self.group, batch.topic).inc()
                if not records:
                    await self.commit()
        except AbandonedError:
            self.progress.waiting = False
            return {}
        return records
