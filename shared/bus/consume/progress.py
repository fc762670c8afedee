"""How a consumer is doing: the facts behind readiness, liveness and the lag metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_SILENT_LOOKS = 2


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
    broken: str | None = None
    """What is wrong with the client in use: it must be replaced."""
    turned_at: float = 0.0
    moved_at: float = 0.0
    _silent: int = 0
    _broken_since: float | None = None
    _without_since: float | None = None

    def begin(self) -> None:
        """Reset all facts: a consumer was started."""
        self.started = True
        self.joined = False
        self.reachable = False
        self.broken = None
        self._silent = 0
        self._without_since = None
        self.turned_at = self.moved_at = self.clock()

    def turned(self) -> None:
        """Note a turn of the loop."""
        self.turned_at = self.clock()

    def moved(self) -> None:
        """Note that offsets were committed, or that there is nothing to commit."""
        self.moved_at = self.clock()

    def given_up(self) -> None:
        """Note that all partitions were given up: the group rebalances."""
        self._without_since = self.clock()

    def taken_over(self) -> None:
        """Note that the member of the group knows its partitions."""
        self.joined = True
        self._without_since = None
        self.moved()

    @property
    def without_for(self) -> float:
        """Seconds for which the group has been rebalancing; 0 for a member that knows its partitions."""
        return 0.0 if self._without_since is None else self.clock() - self._without_since

    def answered(self) -> None:
        """Note that the client reached the broker."""
        self.reachable = True
        self._silent = 0
        self._broken_since = None

    def away(self) -> None:
        """Note that the broker answers nobody. The time without a broker is not the worker's fault."""
        self.reachable = False
        self._silent = 0
        self._broken_since = None
        self.moved()

    def silent(self) -> None:
        """Note that the client got no answer while another connection did: once may be a change of the leader."""
        self._silent += 1
        if self._silent >= _SILENT_LOOKS:
            self.broke("the client gets no answer while the broker answers others")

    def broke(self, reason: str) -> None:
        """Note that the client is broken, or could not be replaced, for no reason outside the process."""
        self.broken = reason
        self.reachable = False
        if self._broken_since is None:
            self._broken_since = self.clock()

    @property
    def stuck_for(self) -> float:
        """Seconds without progress that nothing outside explains; 0 while the broker is away or a retry is waiting."""
        if self._broken_since is not None:
            return self.clock() - self._broken_since
        if not self.started or self.waiting or not self.reachable:
            return 0.0
        return self.clock() - min(self.moved_at, self.turned_at)

    def live(self) -> bool:
        """Return whether restarting the process would be wrong: it works, or waits for something outside."""
        return self.failure is None and self.stuck_for <= self.stall_after

    def ready(self) -> bool:
        """Return whether events are being processed, or would be."""
        return self.started and self.joined and self.reachable and not self.waiting and self.failure is None
