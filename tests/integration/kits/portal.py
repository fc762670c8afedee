"""A portal under test: a follower in this process, and what its store says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from efa_portal import Catalog, Follower, FollowSettings, PortalError
from efa_portal.connection import Connection

PATIENCE = 90.0


def states(store: Path) -> dict[str, str]:
    """Return the state of each topic as the follower last recorded it."""
    try:
        return {topic.topic: topic.state.value for topic in Catalog(store).status().topics}
    except PortalError:
        return {}


def ids(store: Path) -> list[str]:
    """Return the ids of the offers that readers see."""
    return [offer.id for offer in Catalog(store).offers()]


def digest(store: Path, topic: str = "catalog.offering.v1") -> tuple[int, str]:
    """Return entries and digest of what is shown of a topic."""
    (found,) = [item for item in Catalog(store).status().topics if item.topic == topic]
    return found.live, found.sha256


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = PATIENCE) -> None:
    """Wait for a condition; what the store cannot answer yet counts as not fulfilled."""
    end = time.monotonic() + seconds
    while True:
        try:
            held = condition()
            if held if isinstance(held, bool) else await held:
                return
        except PortalError:
            pass
        if time.monotonic() > end:
            raise AssertionError("the condition did not come true in time")
        await asyncio.sleep(0.1)


async def in_step(store: Path) -> None:
    """Wait until both topics are in step."""
    await until(lambda: len(states(store)) == 2 and set(states(store).values()) == {"in-step"})


@asynccontextmanager
async def following(bootstrap: str, store: Path, portal: str | None = "portal-test") -> AsyncIterator[Follower]:
    """Run a follower that has looked at the topics once; an error that ends it fails the test."""
    follower = Follower(FollowSettings(Connection(bootstrap), store, portal))
    task = asyncio.create_task(follower.run())
    try:
        await until(lambda: bool(follower.states) or task.done())
        yield follower
    finally:
        follower.end()
        await asyncio.wait_for(task, 60)
