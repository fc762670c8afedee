"""What the probes ask: does the process live, and can it do its work."""

from __future__ import annotations

import asyncio
from typing import Protocol

from shared.errors import RetryableError
from shared.store.port import Store

PING_SECONDS = 2.0


class Health(Protocol):
    """State of a process. Probes call both often: they must be cheap and never raise."""

    def live(self) -> bool:
        """Return whether the process works at all; False asks for a restart. Never goes by what lies outside the process."""

    async def ready(self) -> dict[str, bool]:
        """Return for each thing needed (store, broker) whether it answers. All true: traffic is welcome."""


class StoreHealth:
    """Health of a process that needs nothing but its store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def live(self) -> bool:
        return True

    async def ready(self) -> dict[str, bool]:
        return {"store": await answers(self.store)}


async def answers(store: Store) -> bool:
    """Return whether the store answers within two seconds."""
    try:
        async with asyncio.timeout(PING_SECONDS):
            await store.ping()
    except (RetryableError, TimeoutError):
        return False
    return True
