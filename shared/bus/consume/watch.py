"""Looks at a worker from outside its loop: asks the broker for the ends of the log and judges whether the worker gets on."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import BrokerResponseError, KafkaError

from shared.bus import metrics
from shared.bus.aiokafka_internals import position_now
from shared.bus.consume.worker import Worker
from shared.bus.lifeline import CLOSE_SECONDS, dead_task, drop, end
from shared.bus.settings import KafkaSettings

_ASK_SECONDS = 5.0
_REBALANCES = 2


async def update_progress(worker: Worker) -> None:
    """Bring the worker's progress and lag metrics up to date. Does not raise, whatever the client does."""
    client, progress = worker.client, worker.progress
    if client is None:
        progress.broke("there is no client")
        return
    if (name := dead_task(client)) is not None:
        progress.broke(f"the client's {name} task has ended")
        return
    partitions = list(client.assignment())
    try:
        ends = await _ends(client, partitions)
    except (TimeoutError, KafkaError) as error:
        if (name := dead_task(client)) is not None:
            progress.broke(f"the client's {name} task has ended")
        elif _refused(error) or not await _answers(worker.settings, partitions):
            worker.log.warning("broker_unreachable", error=type(error).__name__)
            progress.away()
        else:
            worker.log.warning("client_silent", error=type(error).__name__)
            progress.silent()
        return
    except Exception as error:
        worker.log.exception("client_broken")
        progress.broke(f"{type(error).__name__} in the client")
        return
    progress.answered()
    if progress.without_for > _REBALANCES * worker.settings.rebalance_timeout.total_seconds():
        progress.broke("the client does not get back into its group")
        return
    behind = [lag(worker, partition, end) for partition, end in ends.items()]
    metrics.LAG_RECORDS.labels(worker.group).set(sum(records or 0 for records in behind))
    if all(records == 0 for records in behind):
        progress.moved()
        metrics.LAG_SECONDS.labels(worker.group).set(0)
    elif worker.busy and worker.oldest:
        # A batch that is repeated in place grows older: its age at the start would hide that.
        worker.show_lag()


async def found_missing(worker: Worker) -> bool:
    """Return whether a topic that was missing when an idle worker's client was made is there now. Does not raise."""
    client = worker.client
    if not worker.subscription.missing or client is None or worker.busy or not worker.progress.reachable:
        return False
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            return not worker.subscription.missing.isdisjoint(await client.topics())
    except Exception:  # noqa: BLE001 - whatever is wrong with the client, the next look finds it
        return False


async def _ends(client: AIOKafkaConsumer, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    async with asyncio.timeout(_ASK_SECONDS):
        if partitions:
            found: dict[TopicPartition, int] = await client.end_offsets(list(partitions))
            return found
        await client.topics()
        return {}


def _refused(error: Exception) -> bool:
    """Return whether the broker answered, but refuses: a new client would fare no better."""
    return isinstance(error, BrokerResponseError) and not error.retriable


async def _answers(settings: KafkaSettings, partitions: Collection[TopicPartition]) -> bool:
    """Return whether a connection of its own gets an answer to the same question."""
    client: AIOKafkaConsumer | None = None
    try:
        client = AIOKafkaConsumer(**settings.connection(), enable_auto_commit=False)
        async with asyncio.timeout(_ASK_SECONDS):
            await client.start()
        await _ends(client, partitions)
    except Exception:  # noqa: BLE001 - no answer, whatever the reason
        return False
    else:
        return True
    finally:
        if client is not None:
            await end("probe", client.stop(), CLOSE_SECONDS)
            await drop(client)


def lag(worker: Worker, partition: TopicPartition, end: int) -> int | None:
    """Return how many records of a partition are not committed; None while the client has no position there."""
    position = worker.commits.positions.get(partition)
    if position is None:
        position = None if worker.client is None else position_now(worker.client, partition)
        if position is None:
            return None
    return max(0, end - position)


def needs_restart(worker: Worker) -> bool:
    """Return whether the client is broken for good, or makes no progress at all."""
    progress = worker.progress
    return progress.broken is not None or (not worker.busy and progress.stuck_for > progress.stall_after / 2)
