"""How a consumer is doing: the facts behind readiness, liveness and the lag metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """Facts about one consumer, kept by its worker. Times are seconds of ``clock``, a clock that never goes back."""

    stall_after: float
    clock: Callable[[], float] = time.monotonic
    started: bool = False
    joined: bool = False
    failure: str | None = None
    waiting: bool = False
    reachable: bool = False
    turned_at: float = 0.0
    moved_at: float = 0.0

    def begin(self) -> None:
        """Begin anew: a consumer was started."""
        self.started = True
        self.joined = False
        self.turned_at = self.moved_at = self.clock()

    def turned(self) -> None:
        """Note a turn of the loop."""
        self.turned_at = self.clock()

    def moved(self) -> None:
        """Note that offsets were committed, or that there is nothing to commit."""
        self.moved_at = self.clock()

    @property
    def stuck_for(self) -> float:
        """Seconds without progress that nothing outside explains; 0 while the broker is away or a retry is waiting."""
        if not self.started or self.waiting or not self.reachable:
            return 0.0
        return self.clock() - min(self.moved_at, self.turned_at)

    def live(self) -> bool:
        """Return whether restarting the process would be wrong: it works, or waits for something outside."""
        return self.failure is None and self.stuck_for <= self.stall_after

    def ready(self) -> bool:
        """Return whether events are being processed, or would be."""
        return self.started and self.joined and self.reachable and not self.waiting and self.failure is None
