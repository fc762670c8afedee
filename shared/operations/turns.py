"""The turn of who settles dead letters of a group: each writes down anew which ones are settled, so it is one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog

from shared.errors import StoreUnavailableError
from shared.retry import RetryPolicy
from shared.store.contention import Contention
from shared.store.lease import Lease
from shared.store.port import Collection, Document, Save, Store

TURNS: Final = Collection("dead_letter_turns")
TERM: Final = timedelta(minutes=1)
"""For how long a turn stands still until another process takes it."""
BEAT: Final = TERM / 6
"""Who has a turn shows so often that it is at work: a replay of all dead letters of a group may last."""
ATTEMPTS: Final = 8
"""How often a turn is asked for that another process has: some seconds long."""
_PAUSES: Final = RetryPolicy(timedelta(milliseconds=100), timedelta(seconds=1))

log = structlog.get_logger()


class Turns:
    """The turns of a service's groups, for one process of its API among several. It raises what the store raises."""

    def __init__(self, store: Store, steady: Callable[[], float], pauses: RetryPolicy = _PAUSES) -> None:
        self._store = store
        self._lease = Lease(TERM, steady)
        self._pauses = pauses
        self._own = asyncio.Lock()

    @asynccontextmanager
    async def of(self, group: str) -> AsyncIterator[None]:
        """Hold the turn of a group. Raises WriteConflictError if another process has it for longer than a moment."""
        async with self._own:
            turn = await self._claimed(group)
            beating = asyncio.create_task(self._beat(turn), name="turn-beat")
            try:
                yield
            finally:
                beating.cancel()
                await asyncio.gather(beating, return_exceptions=True)
                await self._release(turn)

    async def _claimed(self, group: str) -> Document:
        contention = Contention(f"the dead letters of {group}", attempts=ATTEMPTS, policy=self._pauses)
        while True:
            turn = {"_id": group, "rev": 1, "holder": self._lease.holder}
            if await self._store.insert_many(TURNS, [turn]):
                return turn
            found = await self._store.get(TURNS, group)
            if found is not None and self._lease.is_free(group, found["holder"], found["rev"]):
                turn["rev"] = found["rev"] + 1
                if not await self._store.save_many(TURNS, [Save(turn, expected_rev=found["rev"])]):
                    return turn
            await contention.overtaken()

    async def _beat(self, turn: Document) -> None:
        """Show others that this process is at work, until another one has the turn all the same."""
        while True:
            await asyncio.sleep(BEAT.total_seconds())
            try:
                if await self._store.save_many(TURNS, [Save({**turn, "rev": turn["rev"] + 1}, expected_rev=turn["rev"])]):
                    log.warning("turn_lost", group=turn["_id"])
                    return
                turn["rev"] += 1
            except StoreUnavailableError:
                log.warning("turn_not_held", group=turn["_id"])

    async def _release(self, turn: Document) -> None:
        """Release a turn. What was done is done in any case: a turn that is not released is taken after ``TERM``."""
        try:
            await self._store.save_many(TURNS, [Save({**turn, "rev": turn["rev"] + 1, "holder": None}, expected_rev=turn["rev"])])
        except StoreUnavailableError:
            log.warning("turn_not_released", group=turn["_id"])
