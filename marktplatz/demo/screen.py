"""What the demo prints while it plays: acts, one line per scene with its check marks, and remembers them for the report."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from marktplatz.console import make_console, without_controls

WIDTH = 100
"""Most columns that a line takes; a narrower terminal gets narrower lines."""
ACTOR = 13
"""Columns of who acts."""
SHOWN = 400
"""Most characters of what a failed check has found; the report has all of them."""


@dataclass(frozen=True, slots=True)
class Check:
    """A fact that must hold: what was expected, and what was found."""

    expected: str
    holds: bool
    found: str


def holds(expected: str, condition: object, found: object) -> Check:
    """Return the check of a condition; ``found`` is shown if it does not hold."""
    return Check(expected, bool(condition), str(found))


def equals(what: str, found: object, expected: object) -> Check:
    """Return the check that ``what`` has the expected value."""
    return Check(f"{what}: {expected}", found == expected, str(found))


@dataclass(frozen=True, slots=True)
class Scene:
    """One line of the story. ``waiting``: whom it waits for now; ``notes``: lines that belong to it, such as a reason."""

    actor: str
    text: str
    checks: tuple[Check, ...]
    waiting: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that do not hold."""
        return tuple(check for check in self.checks if not check.holds)


@dataclass(slots=True)
class Act:
    """A part of the story."""

    number: int
    title: str
    scenes: list[Scene] = field(default_factory=list)


class Screen:
    """Prints the story and counts the checks; ``failed`` decides the exit code."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or make_console(columns=WIDTH)
        self.width = min(self.console.width, WIDTH)
        self.acts: list[Act] = []
        self._began = time.monotonic()
        self._mark, self._cross, self._pointer, self._line = _signs(self.console.encoding)

    @property
    def checks(self) -> int:
        """Return how many facts were checked."""
        return sum(len(scene.checks) for act in self.acts for scene in act.scenes)

    @property
    def failed(self) -> int:
        """Return how many of them do not hold."""
        return sum(len(scene.failed) for act in self.acts for scene in act.scenes)

    def elapsed(self) -> float:
        """Return the seconds since the story began."""
        return time.monotonic() - self._began

    def title(self, text: str) -> None:
        """Print the headline."""
        self._print(text, style="bold")

    def line(self, text: str) -> None:
        """Print what is neither scene nor check."""
        self._print(text, style="dim")

    def act(self, title: str) -> None:
        """Begin an act."""
        act = Act(len(self.acts) + 1, title)
        self.acts.append(act)
        self.console.print()
        self._print(f"{act.number}. {title}", style="bold cyan")

    def scene(self, actor: str, text: str, *checks: Check, waiting: str | None = None, notes: Sequence[str] = ()) -> None:
        """Print what happened, whether all its checks hold, and whom it waits for now."""
        scene = Scene(actor, text, checks, waiting, tuple(notes))
        self.acts[-1].scenes.append(scene)
        mark = (self._cross, "bold red") if scene.failed else (self._mark, "green")
        head = Text.assemble(" ", mark, " ", (f"{without_controls(actor):<{ACTOR}} ", "bold"))
        indent = " " * (ACTOR + 4)
        room = self.width - len(indent)
        lines = [Text(line) for line in self._wrapped(without_controls(text), indent)]
        if waiting is not None:
            turn = Text(f"{self._pointer} {without_controls(waiting)}", "cyan")
            if lines[-1].cell_len + 2 + turn.cell_len <= room:
                lines[-1].append("  ").append_text(turn)
            else:
                lines.append(turn)
        for number, line in enumerate(lines):
            self.console.print((head if number == 0 else Text(indent)) + line)
        for note in scene.notes:
            for part in self._wrapped(without_controls(note), indent):
                self.console.print(Text(indent) + Text(part, "dim"))
        for check in scene.failed:
            self._print_failure(check, indent)

    def fail(self, expected: str, found: str) -> None:
        """Record that the story cannot go on."""
        if not self.acts:
            self.act("Start")
        self.scene("Marktplatz", "Der Durchlauf bricht ab.", Check(expected, holds=False, found=found))

    def end(self, *lines: str) -> None:
        """Print how many checks hold and in which time, and the last lines."""
        failed, count = self.failed, self.checks
        verdict = (
            "Alle Prüfungen bestanden" if not failed else f"{failed} {'Prüfung' if failed == 1 else 'Prüfungen'} nicht bestanden"
        )
        self.console.print()
        self._print(self._line * self.width, style="dim")
        seconds = f"{self.elapsed():.1f}".replace(".", ",")
        mark = self._cross if failed else self._mark
        self._print(
            f"{mark} {verdict}: {count - failed} von {count} in {seconds} s", style="bold red" if failed else "bold green"
        )
        for line in lines:
            # A path is never broken: a terminal makes it a link, a person copies it.
            self.console.print(Text(without_controls(line)))

    def _print(self, text: str, style: str) -> None:
        for line in self._wrapped(without_controls(text), ""):
            self.console.print(Text(line, style))

    def _print_failure(self, check: Check, indent: str) -> None:
        for line in self._wrapped(f"erwartet: {without_controls(check.expected)}", indent):
            self.console.print(Text(f"{indent}{line}", "red"))
        found = check.found if len(check.found) <= SHOWN else f"{check.found[:SHOWN]} ..."
        # Not wrapped: it may hold commands that a person copies.
        for number, line in enumerate(without_controls(found).splitlines() or [""]):
            self.console.print(Text(f"{indent}{'gefunden: ' if number == 0 else '          '}{line}", "red"))

    def _wrapped(self, text: str, indent: str) -> list[str]:
        room = max(self.width - len(indent), 20)
        return textwrap.wrap(text, room, break_long_words=True, break_on_hyphens=False) or [""]


def _signs(encoding: str) -> tuple[str, str, str, str]:
    """Return mark, cross, pointer and line, in characters that the encoding of the output has."""
    signs = ("✓", "✗", "▸", "─")
    try:
        "".join(signs).encode(encoding)
    except UnicodeEncodeError:
        return ("+", "x", ">", "-")
    return signs
