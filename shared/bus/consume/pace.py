"""How fast a group may read: a bucket of records and one of bytes, which fill at a rate and hold a burst (token bucket)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

DEBT_SECONDS = 30.0
"""What one large batch may cost at most, in time: a longer silence would look like a dead client."""


@dataclass(slots=True)
class Pace:
    """Rates per second, and the burst in seconds. ``share`` is the part of them that this process has.

    A batch is read as long as both buckets hold something, and may overdraw them; then nothing is fetched until they have filled
    again. Nothing is dropped.
    """

    records_per_second: float
    bytes_per_second: float
    burst_seconds: float
    largest_record: int
    clock: Callable[[], float] = time.monotonic
    share: float = 1.0
    throttled_seconds: float = 0.0
    """How long reading has paused so far."""
    _records: float = field(init=False)
    _bytes: float = field(init=False)
    _filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._records = self.records_per_second * self.burst_seconds
        self._bytes = self.bytes_per_second * self.burst_seconds
        self._filled_at = self.clock()

    def set_rates(self, records_per_second: float, bytes_per_second: float, burst_seconds: float) -> None:
        """Change the rates; what has been read stays counted."""
        self._fill()
        self.records_per_second, self.bytes_per_second = records_per_second, bytes_per_second
        self.burst_seconds = burst_seconds

    def pause(self) -> float:
        """Return how many seconds nothing may be fetched."""
        self._fill()
        records, size = self._rates()
        return max(0.0, (1 - self._records) / records, (1 - self._bytes) / size)

    def room(self) -> int:
        """Return how many records may be fetched at once, at least one: as many as fit if all are of the largest size."""
        return max(1, int(min(self._records, self._bytes / self.largest_record)))

    def spend(self, records: int, size: int) -> None:
        """Count what was read."""
        self._fill()
        rates = self._rates()
        self._records = max(self._records - records, -DEBT_SECONDS * rates[0])
        self._bytes = max(self._bytes - size, -DEBT_SECONDS * rates[1])

    def _fill(self) -> None:
        now = self.clock()
        passed, self._filled_at = max(0.0, now - self._filled_at), now
        records, size = self._rates()
        # A burst holds at least one record, else a slow partner would never be read.
        self._records = min(self._records + passed * records, max(1.0, records * self.burst_seconds))
        self._bytes = min(self._bytes + passed * size, max(1.0, size * self.burst_seconds))

    def _rates(self) -> tuple[float, float]:
        share = max(self.share, 0.01)
        return self.records_per_second * share, self.bytes_per_second * share
