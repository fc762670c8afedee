"""Runs the work of a command to its end: signals, clean-up, exit codes and what people read of errors are the same for all."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import typer

from shared.errors import MarktplatzError

DETAILS = "MARKTPLATZ_LOG_LEVEL"
"""The variable that shows, set to DEBUG, where an unexpected error comes from."""
UNEXPECTED = 70
"""Exit code of an error that is one of the program (EX_SOFTWARE of sysexits.h)."""


def run_async(work: Coroutine[Any, Any, int | None], *, process: bool = False) -> None:
    """Run to the end; SIGTERM ends the work as Ctrl-C does, with its clean-up. A person reads: only warnings are logged.

    ``process``: it is a process of the marketplace, whose unexpected errors are logged in full.
    """
    import uvloop  # noqa: PLC0415 - a command that does not work needs neither of these

    from shared.process.logs import configure_logs  # noqa: PLC0415 - as above

    configure_logs(level="WARNING", stream=sys.stderr)

    async def until_ended() -> int | None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - inside a coroutine there is one
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    _run(lambda: uvloop.run(until_ended()), process=process)


def run_blocking(work: Callable[[], None]) -> None:
    """Run work that waits for files and pipes, to the end; SIGTERM interrupts it as Ctrl-C does, with its clean-up.

    SIGINT too where it is ignored, as in a job that a script has put into the background: ``run_async`` treats it alike.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    _run(work, process=False)


def time_of(text: str) -> datetime:
    """Return the time of an option, in UTC. Raises typer.BadParameter for what is none or names no time zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no time such as 2026-11-24T01:15:00Z") from None
    if time.tzinfo is None:
        raise typer.BadParameter(f"{text} names no time zone; write 2026-11-24T01:15:00Z or 2026-11-24T02:15:00+01:00")
    return time.astimezone(UTC)


@contextmanager
def errors_as_lines() -> Iterator[None]:
    """Print what went wrong on lines that people read, instead of where in the program: fact, and what mends it.

    Raises typer.Exit. With ``MARKTPLATZ_LOG_LEVEL=DEBUG`` an unexpected error comes through as it is.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except MarktplatzError as error:
        _print(f"{error.code}: {error.detail}")
        raise typer.Exit(1) from error
    except BrokenPipeError as error:
        # Whoever read the output has gone. What is still buffered goes nowhere, else the end would fail at it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from error
    except Exception as error:
        faults = _faults_of_settings(error) or _fault_of_file(error)
        if faults:
            _print("\n".join(faults))
            raise typer.Exit(1) from error
        if os.environ.get(DETAILS) == "DEBUG":
            raise
        _print(f"internal_error: {type(error).__name__}: {error}")
        _print(f"Where it comes from shows the same command after: export {DETAILS}=DEBUG")
        raise typer.Exit(UNEXPECTED) from error


@contextmanager
def misuse_as_usage() -> Iterator[None]:
    """Have a ValueError about the command line shown with its usage; of a setting its variable is named, never its value.

    Raises typer.BadParameter, or typer.Exit.
    """
    try:
        yield
    except ValueError as error:
        if faults := _faults_of_settings(error):
            _print("\n".join(faults))
            raise typer.Exit(1) from error
        raise typer.BadParameter(str(error)) from error


def _run(work: Callable[[], int | None], *, process: bool) -> None:
    try:
        if process:
            code = _logged(work)
        else:
            with errors_as_lines():
                code = work()
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    if code:
        raise typer.Exit(code)


def _logged(work: Callable[[], int | None]) -> int | None:
    try:
        return work()
    except MarktplatzError as error:
        _print(f"{error.code}: {error.detail}")
        raise typer.Exit(1) from error


def _print(text: str) -> None:
    typer.echo(text, err=True)


def _faults_of_settings(error: Exception) -> list[str]:
    """Return a line for each variable of the settings that is missing or wrong, never with its value; none for another error."""
    from pydantic import ValidationError  # noqa: PLC0415 - see above
    from pydantic_settings import BaseSettings  # noqa: PLC0415 - see above

    if not isinstance(error, ValidationError):
        return []
    settings = next((it for it in _below(BaseSettings) if it.__name__ == error.title), None)
    if settings is None:
        return []
    prefix = settings.model_config.get("env_prefix", "")
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"{prefix}{'.'.join(map(str, it['loc'])).upper()}: {it['msg']}" for it in found]


def _fault_of_file(error: Exception) -> list[str]:
    """Return a line for a file or folder that cannot be used as asked, such as one that is not there; none for another error."""
    if not isinstance(error, OSError) or not isinstance(error.filename, str | bytes | os.PathLike):
        return []
    return [f"file_unusable: {os.fsdecode(error.filename)}: {error.strerror}."]


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for other in kind.__subclasses__():
        yield other
        yield from _below(other)
