"""The measured side: one worker of ordering as it is shipped, its consumer of verdicts alone."""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import uvloop
from aiokafka import TopicPartition

from benchmarks.figures import BenchError, Sample, Stopwatch
from benchmarks.records import Offsets
from services.ordering.app import build
from shared.bus.consume.runner import ConsumerRunner
from shared.bus.handling import Consumer, Received, Rejection
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.process.logs import configure_logs
from shared.process.runtime import tune_gc
from shared.process.service import Resources
from shared.process.settings import ProcessSettings
from shared.store.opening import open_store
from shared.topics import ORDERING_VERDICTS, VERDICTS

GROUP = ORDERING_VERDICTS


def run(bootstrap: str, database: Path, ends: Offsets, events: int) -> Sample:
    """Work until the committed offsets have come to the ends; for a process of its own."""
    return uvloop.run(_run(bootstrap, database, ends, events))


def run_profiled(bootstrap: str, database: Path, ends: Offsets, events: int) -> Sample:
    """As ``run``, and print the functions that cost most. The profiler slows everything down: only the shares count."""
    profile = cProfile.Profile()
    sample = profile.runcall(run, bootstrap, database, ends, events)
    for order in ("tottime", "cumulative"):
        pstats.Stats(profile).sort_stats(order).print_stats(45)
    return sample


async def _run(bootstrap: str, database: Path, ends: Offsets, events: int) -> Sample:
    configure_logs(level="WARNING", stream=sys.stderr)
    settings = KafkaSettings(bootstrap_servers=bootstrap)
    store = open_store(f"sqlite:///{database}")
    publisher = KafkaPublisher(settings)
    await publisher.start()
    service = build(Resources(store, publisher, ProcessSettings().data))
    await store.prepare(service.collections)
    stopwatch = Stopwatch()
    consumer = next(consumer for consumer in service.consumers if consumer.group == GROUP)
    runner = ConsumerRunner(settings, [_timed(consumer, stopwatch)], publisher)
    tune_gc()
    await runner.start()
    try:
        await _committed(runner, ends)
        return stopwatch.stop(events)
    finally:
        await runner.stop()
        await publisher.stop()
        await store.close()


def _timed(consumer: Consumer, stopwatch: Stopwatch) -> Consumer:
    """Return the consumer so that its first batch starts the stopwatch: joining the group is not what is measured."""

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        stopwatch.start()
        return await consumer.handle(batch)

    return replace(consumer, handle=handle)


async def _committed(runner: ConsumerRunner, ends: Offsets) -> None:
    (worker,) = runner.workers
    goal = {TopicPartition(VERDICTS.name, partition): end for partition, end in ends.items() if end}
    while any(worker.commits.positions.get(partition, 0) < end for partition, end in goal.items()):
        if failures := runner.failures():
            raise BenchError(f"the worker has stopped itself: {failures}")
        await asyncio.sleep(0.005)
