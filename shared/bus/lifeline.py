"""The background tasks of our Kafka clients: whether one of them has died, and how a client ends within bounds.

aiokafka notices the end of its own tasks only in part, and nothing starts them again: a client whose metadata task has died
answers no call any more. Every client of ours, consumer or producer, is looked at and ended here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.protocol.group import LeaveGroupRequest

from shared.bus.aiokafka_internals import Client, background_tasks, connections, mark_closed
from shared.bus.settings import KafkaSettings

CLOSE_SECONDS = 5.0
_CANCEL_SECONDS = 2.0

log = structlog.get_logger()


def dead_task(client: Client) -> str | None:
    """Return the name of a background task of a running client that has died, or None."""
    for name, (task, may_end) in background_tasks(client).items():
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
    mark_closed(client)
    tasks = [task for task, _ in background_tasks(client).values() if task is not None]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
    for task in tasks:
        task.add_done_callback(_error)
    # What the cancelled tasks still held was closed with them; what they opened meanwhile is closed here.
    for connection in connections(client):
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


def _error(task: asyncio.Future[Any]) -> BaseException | None:
    """Return what a task ended with, so that nobody warns that it was never asked."""
    return None if task.cancelled() else task.exception()
