"""What a measurement gives, and how it is summed up."""

from __future__ import annotations

import math
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


class BenchError(Exception):
    """The bench cannot measure, or what it measured did not do its work; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured run: wall and CPU seconds for a number of events (all threads), and the process's peak memory in MiB."""

    events: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Events per second of wall time."""
        return self.events / self.seconds

    @property
    def cpu_micros(self) -> float:
        """Microseconds of CPU time per event."""
        return self.cpu_seconds / self.events * 1e6


class Stopwatch:
    """Measures from the first call of ``start`` to ``stop``; later calls of ``start`` change nothing."""

    def __init__(self) -> None:
        self._wall: float | None = None
        self._cpu = 0.0

    @property
    def running(self) -> bool:
        """Whether it was started."""
        return self._wall is not None

    def start(self) -> None:
        """Begin, unless begun."""
        if self._wall is None:
            self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self, events: int) -> Sample:
        """Return what it took to process ``events``. Raises BenchError if it was never started."""
        if self._wall is None:
            raise BenchError("nothing was processed")
        return Sample(events, time.perf_counter() - self._wall, time.process_time() - self._cpu, _peak_mib())


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and extremes of some values."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, samples: Sequence[Sample], value: Callable[[Sample], float]) -> Spread:
        """Return the spread of a value over samples."""
        values = [value(sample) for sample in samples]
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{self.median:,.0f} ({self.least:,.0f} .. {self.most:,.0f})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least ``share`` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _peak_mib() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count the parent's memory too: Linux carries its maximum over fork and exec.
        fields = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024) if sys.platform == "darwin" else most / 1024
