"""What the probes of a process answer, and how its stores and its broker are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from shared.bus.consume.runner import ConsumerRunner
from shared.errors import MarktplatzError
from shared.process.metrics import READY

PROBE_EVERY = 2.0
PROBE_TIMEOUT = 3.0

log = structlog.get_logger()


class ProcessHealth:
    """What the probes of a process answer. Readiness is measured every two seconds; liveness asks the consumers' progress."""

    def __init__(self) -> None:
        self.runner: ConsumerRunner | None = None
        self.checks: dict[str, bool] = {"started": False}
        self.draining = False

    def live(self) -> bool:
        """Return False when a consumer has stopped or is stuck: the process should be restarted."""
        return self.runner is None or self.runner.live()

    def ready(self) -> dict[str, bool]:
        """Return each check by name; the process is ready when all hold."""
        return {**self.checks, "not_draining": not self.draining}

    def show(self) -> None:
        """Export to Prometheus what the readiness probe answers."""
        for check, holds in {"started": True, **self.ready()}.items():
            READY.labels(check).set(holds)


async def answers(ping: Callable[[], Awaitable[None]]) -> bool:
    """Return whether a store or the broker answers within the time of a probe. Does not raise."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            await ping()
    except (MarktplatzError, TimeoutError):
        return False
    except Exception:
        # Whatever it is, it is no answer; and the probe must go on, else readiness would stay as it was last.
        log.exception("probe_failed")
        return False
    return True
