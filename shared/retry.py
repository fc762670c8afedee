"""Pauses between attempts: they double from the shortest to the longest, with jitter, and begin again after a success.

Jitter keeps many processes that lost the same thing from asking for it again at the same moments.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to pause: ``shortest`` after the first failure, then twice as long each time, at most ``longest``.

    A pause is cut at random to between ``least`` and the whole of that.
    """

    shortest: timedelta
    longest: timedelta
    least: float = 0.5

    def pauses(self) -> Iterator[float]:
        """Yield the pauses of one run of failures in seconds, without end."""
        pause, longest = self.shortest.total_seconds(), self.longest.total_seconds()
        while True:
            yield min(pause, longest) * random.uniform(self.least, 1)  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, longest)
