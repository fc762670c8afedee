"""Runs the work of a command to its end: signals, clean-up and exit codes are the same for all of them."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import typer
import uvloop

from shared.errors import MarktplatzError
from shared.process.logs import configure_logs


def run_async(work: Coroutine[Any, Any, int | None]) -> None:
    """Run to the end; SIGTERM ends the work as Ctrl-C does, with its clean-up. A person reads: only warnings are logged."""
    configure_logs(level="WARNING", stream=sys.stderr)

    async def until_ended() -> int | None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - inside a coroutine there is one
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    _run(lambda: uvloop.run(until_ended()))


def run_blocking(work: Callable[[], None]) -> None:
    """Run work that waits for files and pipes, to the end; SIGTERM interrupts it as Ctrl-C does, with its clean-up.

    SIGINT too where it is ignored, as in a job that a script has put into the background: ``run_async`` treats it alike.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    _run(work)


def time_of(text: str) -> datetime:
    """Return the time of an option, in UTC. Raises typer.BadParameter for what is none or names no time zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no time such as 2026-11-24T01:15:00Z") from None
    if time.tzinfo is None:
        raise typer.BadParameter(f"{text} names no time zone; write 2026-11-24T01:15:00Z or 2026-11-24T02:15:00+01:00")
    return time.astimezone(UTC)


def _run(work: Callable[[], int | None]) -> None:
    try:
        code = work()
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except MarktplatzError as error:
        typer.echo(f"{error.code}: {error.detail}", err=True)
        raise typer.Exit(1) from error
    if code:
        raise typer.Exit(code)
