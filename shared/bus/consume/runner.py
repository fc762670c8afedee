"""Runs the consumers of a process: starts them, looks after them, stops them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import timedelta

import structlog
from aiokafka.errors import KafkaError

from shared.bus import metrics
from shared.bus.consume.watch import found_missing, needs_restart, update_progress
from shared.bus.consume.work import Work
from shared.bus.consume.worker import Worker
from shared.bus.handling import Consumer
from shared.bus.lifeline import CLOSE_SECONDS, dead_task, end
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.retry import RetryPolicy

log = structlog.get_logger()

_STARTS = RetryPolicy(timedelta(seconds=0.5), timedelta(seconds=10))


class ConsumerRunner:
    """Runs ``Consumer`` objects and other works over Kafka, each in its own group.

    ``publisher`` sends the dead letters; without it the runner makes its own. ``shared.topics`` lists what a group reads.
    """

    def __init__(
        self, settings: KafkaSettings, consumers: Sequence[Consumer | Work], publisher: KafkaPublisher | None = None
    ) -> None:
        self._settings = settings
        self._own_publisher = KafkaPublisher(settings) if publisher is None else None
        used = publisher or self._own_publisher
        assert used is not None  # noqa: S101 - one of the two
        self.workers = tuple(Worker(settings, consumer, used) for consumer in consumers)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin. Returns when every consumer has been tried once; those that found no broker go on trying."""
        if self._own_publisher is not None:
            await self._own_publisher.start()
        tried = [asyncio.Event() for _ in self.workers]
        self._tasks = [asyncio.create_task(self._tend(*pair)) for pair in zip(self.workers, tried, strict=True)]
        await asyncio.gather(*(event.wait() for event in tried))

    async def stop(self) -> None:
        """Drain: running batches end and are committed, within the time-out; then the groups are left."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        if self._own_publisher is not None:
            await self._own_publisher.stop()

    def live(self) -> bool:
        """Return whether every consumer works, or waits for something that a restart would not mend."""
        return all(worker.progress.live() for worker in self.workers)

    def ready(self) -> bool:
        """Return whether every consumer has joined its group, reaches the broker and is not waiting to repeat something."""
        return all(worker.progress.ready() for worker in self.workers)

    def failures(self) -> dict[str, str]:
        """Return the consumers that have stopped themselves, by group, with the reason."""
        return {worker.group: worker.progress.failure for worker in self.workers if worker.progress.failure is not None}

    async def _tend(self, worker: Worker, tried: asyncio.Event) -> None:
        """Keep one worker going until it stops itself."""
        try:
            await self._keep_going(worker, tried)
        except Exception as error:
            # Nobody else looks after this worker: it must not stand still with a process that looks alive.
            worker.log.exception("consumer_lost")
            worker.fail(f"{type(error).__name__} while it was looked after")
        finally:
            tried.set()
            worker.progress.joined = False

    async def _keep_going(self, worker: Worker, tried: asyncio.Event) -> None:
        pauses = _STARTS.pauses()
        while worker.progress.failure is None:
            if not await self._started(worker):
                tried.set()
                await asyncio.sleep(next(pauses))
                continue
            await update_progress(worker)
            tried.set()
            pauses = _STARTS.pauses()
            await self._watch(worker)
            await worker.close()

    async def _started(self, worker: Worker) -> bool:
        """Return whether the worker could be started. A client that breaks meanwhile would let it wait for ever."""
        progress = worker.progress
        starting = asyncio.create_task(worker.start())
        deadline = time.monotonic() + 2 * self._settings.rebalance_timeout.total_seconds()
        try:
            while not starting.done():
                await asyncio.wait([starting], timeout=self._settings.check_every.total_seconds())
                client = worker.client
                name = None if client is None else dead_task(client)
                if not starting.done() and (name is not None or time.monotonic() > deadline):
                    await end("start", _cancelled(starting), CLOSE_SECONDS)
                    await worker.close()
                    progress.broke("the client did not start" if name is None else f"the client's {name} task has ended")
                    worker.log.error("consumer_not_started", error=progress.broken)
                    return False
            starting.result()
        except (KafkaError, OSError, TimeoutError) as error:
            worker.log.warning("consumer_not_started", error=repr(error))
            progress.away()
            return False
        except Exception as error:
            worker.log.exception("consumer_not_started")
            progress.broke(f"{type(error).__name__} at the start of the client")
            return False
        finally:
            if not starting.done():
                await end("start", _cancelled(starting), CLOSE_SECONDS)
        return True

    async def _watch(self, worker: Worker) -> None:
        """Return when the worker has stopped itself or must be replaced."""
        progress = worker.progress
        while progress.failure is None:
            await asyncio.sleep(self._settings.check_every.total_seconds())
            await update_progress(worker)
            if needs_restart(worker):
                worker.log.error("consumer_restarted", reason=progress.broken or "no progress", stuck_for=progress.stuck_for)
                metrics.RESTARTS.labels(worker.group).inc()
                return
            if await found_missing(worker):
                worker.log.info("topic_found", topics=sorted(worker.subscription.missing))
                return


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
