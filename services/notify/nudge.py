"""What wakes a periodic sender before its time."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta


class Nudge:
    """There may be something to send: a nudge before anybody waits is not lost."""

    def __init__(self) -> None:
        self._nudged = asyncio.Event()

    def __call__(self) -> None:
        """Wake whoever waits, or who waits next."""
        self._nudged.set()

    async def wait(self, at_most: timedelta) -> None:
        """Wait for a nudge, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most.total_seconds()):
                await self._nudged.wait()
        self._nudged.clear()
