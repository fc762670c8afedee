"""Work that a process repeats until it ends."""

from __future__ import annotations

import asyncio
import random

import structlog

from shared.errors import MarktplatzError
from shared.process.metrics import PERIODIC_INTERVAL, PERIODIC_RUNS, PERIODIC_SUCCESS
from shared.process.service import Periodic

log = structlog.get_logger()


async def repeat(periodic: Periodic) -> None:
    """Run the work again and again, about ``every`` apart; errors are logged and counted. Ends by cancellation."""
    success = PERIODIC_SUCCESS.labels(periodic.name)
    success.set_to_current_time()
    PERIODIC_INTERVAL.labels(periodic.name).set(periodic.every.total_seconds())
    while True:
        outcome = "failed"
        try:
            await periodic.run()
        except MarktplatzError as error:
            log.warning("periodic_failed", task=periodic.name, code=error.code, detail=error.detail)
        except Exception:
            log.exception("periodic_failed", task=periodic.name)
        else:
            outcome = "done"
            success.set_to_current_time()
        PERIODIC_RUNS.labels(periodic.name, outcome).inc()
        await asyncio.sleep(periodic.every.total_seconds() * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret
