"""What is printed for a person: one console for all commands, plain where nobody sees colours."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

COLUMNS = 120
"""Columns of the output where there is no terminal to ask."""

ShowProgress = Callable[[str, int, int], None]
"""Takes a kind of record, how many are done, and how many there are."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def make_console(*, columns: int = COLUMNS, stream: TextIO | None = None) -> Console:
    """Return a console on ``stream`` (standard output); ``columns`` is its width where there is no terminal.

    Without a terminal, on a dumb one and with ``NO_COLOR`` (https://no-color.org) it prints characters only, no control codes.
    """
    output = stream or sys.stdout
    if isinstance(output, io.TextIOWrapper):
        output.reconfigure(errors="replace")  # a sign that the terminal lacks must not end the work
    if is_plain(output, os.environ):
        width = None if output.isatty() else columns
        return Console(
            file=stream, force_terminal=False, color_system=None, width=width, highlight=False, soft_wrap=True, emoji=False
        )
    return Console(file=stream, highlight=False, soft_wrap=True, emoji=False)


def is_plain(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Return whether a stream shall get characters only."""
    return not stream.isatty() or bool(environment.get("NO_COLOR")) or environment.get("TERM") in ("dumb", "unknown")


def without_controls(text: str) -> str:
    """Return a text without characters that steer a terminal; line feeds stay."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def print_table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; nothing in it is read as markup."""
    table = Table(title=_literal(title), title_justify="left", title_style="bold", header_style="dim")
    for column in columns:
        table.add_column(_literal(column), overflow="fold")
    for row in rows:
        table.add_row(*(_literal(str(cell)) for cell in row))
    console.print(table)


def _literal(text: str) -> str:
    return escape(without_controls(text))


@contextmanager
def progress_bars(console: Console, *, transient: bool = False) -> Iterator[ShowProgress]:
    """Yield what shows one bar per kind of record; a plain console gets one line per kind, when it is done.

    ``transient`` bars leave nothing behind.
    """
    if not console.is_terminal:
        yield _no_progress if transient else _lines(console)
        return
    columns = (TextColumn("   {task.description:<34}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, int] = {}
    with Progress(*columns, console=console, transient=transient) as bars:

        def show(kind: str, done: int, total: int) -> None:
            if kind not in tasks:
                tasks[kind] = bars.add_task(kind, total=total)
            bars.update(tasks[kind], completed=done, total=total)  # type: ignore[arg-type]

        yield show


def _lines(console: Console) -> ShowProgress:
    def show(kind: str, done: int, total: int) -> None:
        if done == total:
            console.print(f"{kind}: {total}")

    return show


def _no_progress(_kind: str, _done: int, _total: int) -> None:
    return
