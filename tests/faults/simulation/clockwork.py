"""An event loop whose time only passes while everybody waits: hours in moments, and the same course for the same seed."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class StuckError(Exception):
    """Everybody waits, and nothing will ever happen."""


class _Instant(selectors.BaseSelector):
    """Moves the clock on instead of waiting; what is ready at once is."""

    def __init__(self) -> None:
        self.now = 0.0
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if not ready:
            if timeout is None:
                raise StuckError("nothing can happen any more")
            self.now += max(0.0, timeout)
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


class ClockworkLoop(asyncio.SelectorEventLoop):
    """The loop over that clock; ``time`` begins at 0 seconds."""

    def __init__(self) -> None:
        self._instant = _Instant()
        super().__init__(self._instant)

    def time(self) -> float:
        return self._instant.now


def play(seed: int, story: Callable[[random.Random], Coroutine[Any, Any, T]]) -> T:
    """Run a story to its end and return what it returns. Also the product's own jitter comes from the seed."""
    before = random.getstate()
    random.seed(seed)
    try:
        with asyncio.Runner(loop_factory=ClockworkLoop) as runner:
            return runner.run(story(random.Random(seed)))  # noqa: S311 - a course that can be repeated, no secret
    finally:
        random.setstate(before)
