"""Looks at a worker from outside its loop: asks the broker for the ends of the log and judges whether the worker gets on."""

from __future__ import annotations

import asyncio

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.bus import metrics
from shared.bus.worker import Worker

_ASK_SECONDS = 5.0


async def look(worker: Worker) -> None:
    """Bring the worker's progress and lag metrics up to date. Does not raise when the broker does not answer."""
    client, progress = worker.client, worker.progress
    if client is None:
        progress.reachable = False
        return
    partitions = list(client.assignment())
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            if partitions:
                ends: dict[TopicPartition, int] = await client.end_offsets(partitions)
            else:
                await client.topics()
                ends = {}
    except (TimeoutError, KafkaError) as error:
        worker.log.warning("broker_unreachable", error=type(error).__name__)
        progress.reachable = False
        # The time without a broker is not the worker's fault.
        progress.moved()
        return
    progress.reachable = True
    behind = [lag(worker, partition, end) for partition, end in ends.items()]
    metrics.LAG_RECORDS.labels(worker.group).set(sum(records or 0 for records in behind))
    if all(records == 0 for records in behind):
        progress.moved()
        metrics.LAG_SECONDS.labels(worker.group).set(0)
    elif worker.busy and worker.oldest:
        # A batch that is repeated in place grows older: its age at the start would hide that.
        worker.show_lag()


def lag(worker: Worker, partition: TopicPartition, end: int) -> int | None:
    """Return how many records of a partition are not committed; None while the client has no position there."""
    position = worker.committed.get(partition)
    if position is None:
        client = worker.client
        subscription = None if client is None else client._subscription.subscription  # noqa: SLF001 - position() would wait
        assignment = None if subscription is None else subscription.assignment
        state = None if assignment is None else assignment.state_value(partition)
        if state is None or not state.has_valid_position:
            return None
        position = state.position
    return max(0, end - position)


def needs_restart(worker: Worker) -> bool:
    """Return whether the client is broken for good: a task inside it is dead, or it makes no progress at all."""
    client = worker.client
    if client is None:
        return True
    tasks = [
        None if client._fetcher is None else client._fetcher._fetch_task,  # noqa: SLF001 - their end shows nowhere else
        None if client._coordinator is None else client._coordinator._coordination_task,  # noqa: SLF001
    ]
    if any(task is not None and task.done() for task in tasks):
        return True
    return not worker.busy and worker.progress.stuck_for > worker.progress.stall_after / 2
