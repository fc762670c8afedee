"""What the services answer alike for a while: asked for now and then, not for each page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
SECONDS = 300.0
"""No longer than the services let everybody hold what they say of themselves."""
ANSWERS: Final = 1000


class Remembered(Generic[T]):
    """An answer that is the same to everybody, and for weeks: asked for once in five minutes. A failure is not remembered."""

    def __init__(self, ask: Callable[[], Awaitable[T]], steady: Callable[[], float]) -> None:
        self._answers = RememberedEach[None, T](lambda _: ask(), steady, SECONDS)

    async def __call__(self) -> T:
        """Return the answer. Raises as what is asked."""
        return await self._answers(None)


class RememberedEach(Generic[K, T]):
    """Answers of several keys, each asked for once in ``seconds``; of more than a thousand the oldest are forgotten."""

    def __init__(self, ask: Callable[[K], Awaitable[T]], steady: Callable[[], float], seconds: float) -> None:
        self._ask = ask
        self._steady = steady
        self._seconds = seconds
        self._answers: OrderedDict[K, tuple[float, T]] = OrderedDict()

    async def __call__(self, key: K) -> T:
        """Return the answer of a key. Raises as what is asked."""
        found = self._answers.get(key)
        if found is not None and self._steady() < found[0]:
            return found[1]
        answer = await self._ask(key)
        self._answers[key] = (self._steady() + self._seconds, answer)
        self._answers.move_to_end(key)
        if len(self._answers) > ANSWERS:
            self._answers.popitem(last=False)
        return answer
