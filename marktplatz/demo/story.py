"""How the demo narrates what happens: scenes, steps with their check, tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

WIDTH = 120
"""Columns of the output where there is no terminal to ask."""


class Story:
    """Prints the story and remembers every check. ``failures`` decides the exit code."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)
        self.passed = 0
        self.failures: list[str] = []
        self._began = time.monotonic()

    def title(self, text: str) -> None:
        """Print the headline."""
        self.console.rule(f"[bold]{escape(text)}[/]")

    def scene(self, number: int, text: str) -> None:
        """Begin a scene."""
        self.console.print(f"\n[bold cyan]{number}. {escape(text)}[/]  [dim]({self.elapsed():.1f} s)[/]")

    def say(self, text: str) -> None:
        """Print a line of the story."""
        self.console.print(f"   {escape(text)}")

    def check(self, text: str, holds: object, found: object = None) -> None:
        """State something and check it. ``found`` is shown when it does not hold."""
        if holds:
            self.passed += 1
            self.console.print(f"   [green]✔[/] {escape(text)}")
            return
        self.failures.append(text)
        self.console.print(f"   [bold red]✘ {escape(text)}[/] — found: {escape(repr(found))}")

    def elapsed(self) -> float:
        """Return the seconds since the story began."""
        return time.monotonic() - self._began

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show progress bars while loading."""
        columns = (
            TextColumn("   {task.description:<34}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console) as bars:
            yield bars

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table."""
        table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(escape(str(cell)) for cell in row))
        self.console.print(table)
