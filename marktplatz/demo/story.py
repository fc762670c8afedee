"""How the demo narrates what happens: scenes, steps with their check, tables."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from marktplatz.console import make_console, print_table


class Story:
    """Prints the story and remembers every check. ``failures`` decides the exit code."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or make_console()
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

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table."""
        print_table(self.console, title, columns, rows)
