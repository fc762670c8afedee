"""The background tasks of our Kafka clients: whether one of them has died, and how a client ends within bounds.

aiokafka notices the end of its own tasks only in part, and nothing starts them again: a client whose metadata task has died
answers no call any more. Every client of ours, consumer or producer, is looked at and ended here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.protocol.group import LeaveGroupRequest

from shared.bus.settings import KafkaSettings

Client: TypeAlias = AIOKafkaConsumer | AIOKafkaProducer

CLOSE_SECONDS = 5.0
_CANCEL_SECONDS = 2.0

log = structlog.get_logger()

_Task = asyncio.Task[Any]


def dead_task(client: Client) -> str | None:
    """Return the name of a background task of a running client that has died, or None."""
    for name, (task, may_end) in _tasks(client).items():
        if task is not None and task.done() and not (may_end and not task.cancelled() and task.exception() is None):
            return name
    return None


async def end(what: str, ending: Coroutine[Any, Any, Any], seconds: float) -> bool:
    """Return whether ``ending`` came to its end within ``seconds``. Its errors are logged, never raised; cancellation passes."""
    # A task of its own: aiokafka's close swallows a cancellation, and with it any time-out around it.
    task = asyncio.ensure_future(ending)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
    if not task.done():
        log.warning("close_timed_out", what=what, seconds=seconds)
        await asyncio.wait([task], timeout=_CANCEL_SECONDS)
        task.add_done_callback(_error)
        return False
    error = _error(task)
    if error is not None:
        log.warning("close_failed", what=what, error=repr(error)[:300])
    return error is None


async def drop(client: Client) -> None:
    """Cut a client off at once: cancel its tasks and close its connections, whatever state it is in. Does not raise."""
    client._closed = True  # noqa: SLF001 - no public way to close without a flush or a farewell
    tasks = [task for task, _ in _tasks(client).values() if task is not None]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
    for task in tasks:
        task.add_done_callback(_error)
    # What the cancelled tasks still held was closed with them; what they opened meanwhile is closed here.
    for connection in list(_inner(client)._conns.values()):  # noqa: SLF001
        try:
            connection.close()
        except Exception as error:  # noqa: BLE001 - a transport may be closed already
            log.warning("close_failed", what="connection", error=repr(error)[:300])


async def say_goodbye(settings: KafkaSettings, group: str, member: str) -> None:
    """Remove a member from its group over a separate connection, because its own client cannot. Does not raise.

    Otherwise the group would wait for the dead member until its session ends.
    """
    try:
        client = AIOKafkaClient(**settings.connection())
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await client.bootstrap()
                node = await client.coordinator_lookup(CoordinationType.GROUP, group)
                await client.send(node, LeaveGroupRequest(group, member), group=ConnectionGroup.COORDINATION)
        finally:
            await end("farewell", client.close(), CLOSE_SECONDS)
    except Exception as error:  # noqa: BLE001 - the session ends by itself, later
        log.warning("group_not_left", group=group, error=repr(error)[:300])


def _tasks(client: Client) -> dict[str, tuple[_Task | None, bool]]:
    """Return the tasks by name, each with whether it may end by itself while the client runs."""
    tasks: dict[str, tuple[_Task | None, bool]] = {"metadata": (_inner(client)._sync_task, False)}  # noqa: SLF001
    if isinstance(client, AIOKafkaProducer):
        sender = client._sender  # noqa: SLF001
        return {**tasks, "sender": (None if sender is None else sender.sender_task, False)}
    fetcher, coordinator = client._fetcher, client._coordinator  # noqa: SLF001
    if fetcher is not None:
        tasks["fetcher"] = fetcher._fetch_task, False  # noqa: SLF001
        for number, fetch in enumerate(fetcher._pending_tasks):  # noqa: SLF001
            tasks[f"fetch_{number}"] = fetch, True
    if coordinator is not None:
        tasks["coordinator"] = getattr(coordinator, "_coordination_task", None), False
        tasks["reset"] = getattr(coordinator, "_reset_committed_task", None), False
        # Both end when the member leaves a generation, and begin again with the next one.
        tasks["heartbeat"] = getattr(coordinator, "_heartbeat_task", None), True
        tasks["commit_refresh"] = getattr(coordinator, "_commit_refresh_task", None), True
    return tasks


def _inner(client: Client) -> AIOKafkaClient:
    return client.client if isinstance(client, AIOKafkaProducer) else client._client  # noqa: SLF001


def _error(task: asyncio.Future[Any]) -> BaseException | None:
    """Return what a task ended with, so that nobody warns that it was never asked."""
    return None if task.cancelled() else task.exception()
