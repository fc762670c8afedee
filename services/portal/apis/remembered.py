"""What a service says of itself, the same to everybody and for weeks: asked for now and then, not for each page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
SECONDS = 300.0
"""No longer than the services let everybody hold these answers."""


class Remembered(Generic[T]):
    """An answer that is asked for once in five minutes; a failure is not remembered."""

    def __init__(self, ask: Callable[[], Awaitable[T]], steady: Callable[[], float]) -> None:
        self._ask = ask
        self._steady = steady
        self._answer: T | None = None
        self._until = 0.0

    async def __call__(self) -> T:
        """Return the answer. Raises as what is asked."""
        if self._answer is None or self._steady() >= self._until:
            self._answer = await self._ask()
            self._until = self._steady() + SECONDS
        return self._answer
