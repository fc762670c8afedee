"""Readers that come and go while the process runs: one worker for each of the works that somebody names."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from shared.bus import metrics
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.consume.work import Work
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.errors import RetryableError

FAILED_REST_SECONDS = 30.0
"""How long a reader that has stopped itself rests before it is started again."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Readers:
    """The works that are to run, asked for ``every`` so often: by a name, under which the same work stays the same object.

    ``max_records``: as many records a batch holds at most.
    """

    name: str
    every: timedelta
    current: Callable[[], Awaitable[Mapping[str, Work]]]
    max_records: int = 50


class ReaderRunner:
    """Runs the works that ``Readers`` names, each with a client of its own. None of them touches another's readiness."""

    def __init__(self, settings: KafkaSettings, readers: Readers, publisher: KafkaPublisher) -> None:
        self._settings = settings.model_copy(update={"max_records": readers.max_records})
        self._readers = readers
        self._publisher = publisher
        self._running: dict[str, tuple[Work, ConsumerRunner, asyncio.Task[None]]] = {}
        self._resting: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look. Works are started on their own: one that finds no topic holds up nobody."""
        await self._look()
        self._task = asyncio.create_task(self._keep_looking(), name=self._readers.name)

    async def stop(self) -> None:
        """Drain all of them."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await asyncio.gather(*(self._end(name) for name in list(self._running)))

    def running(self) -> frozenset[str]:
        """Return the names of the works that run."""
        return frozenset(self._running)

    def runner(self, name: str) -> ConsumerRunner:
        """Return what runs a work. Raises KeyError."""
        return self._running[name][1]

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self._readers.every.total_seconds())
            await self._look()

    async def _look(self) -> None:
        """Bring what runs in line with what is to run. Does not raise."""
        try:
            due_works = await self._readers.current()
        except RetryableError as error:
            log.warning("readers_not_known", readers=self._readers.name, code=error.code)
            return
        except Exception:
            log.exception("readers_not_known", readers=self._readers.name)
            return
        ending = [name for name, (work, *_) in self._running.items() if due_works.get(name) is not work]
        ending += [name for name in self._running if name not in ending and self._has_failed(name)]
        await asyncio.gather(*(self._end(name) for name in ending))
        due = [name for name in due_works if name not in self._running and self._resting.pop(name, 0.0) <= time.monotonic()]
        for name in due:
            self._begin(name, due_works[name])

    def _has_failed(self, name: str) -> bool:
        work, runner, _ = self._running[name]
        failures = runner.failures()
        if failures:
            log.error("reader_failed", readers=self._readers.name, group=work.group, reason=failures[work.group])
            self._resting[name] = time.monotonic() + FAILED_REST_SECONDS
        return bool(failures)

    def _begin(self, name: str, work: Work) -> None:
        runner = ConsumerRunner(self._settings, [work], self._publisher)
        self._running[name] = (work, runner, asyncio.create_task(runner.start(), name=f"start-{work.group}"))
        log.info("reader_started", readers=self._readers.name, group=work.group)

    async def _end(self, name: str) -> None:
        work, runner, starting = self._running.pop(name)
        await runner.stop()
        starting.cancel()
        await asyncio.wait([starting])
        metrics.forget(work.group)
        log.info("reader_ended", readers=self._readers.name, group=work.group)
