"""Steps of a page of documentation: fenced blocks that say which file they are, how one is changed, or what is run."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OPENED = re.compile(r"(?P<indent> *)```(?P<language>\w+)(?: (?P<path>\S+))?")


@dataclass(frozen=True, slots=True)
class Step:
    """One block under a heading of the second level. ``diff`` changes the file at ``path``, ``sh`` has none, others are the file."""

    section: str
    language: str
    path: str | None
    text: str

    def take(self, folder: Path) -> None:
        """Write or change the file. Raises ValueError if a diff does not fit exactly once."""
        if self.path is None:
            raise ValueError(f"a block of {self.section} names no file")
        file = folder / self.path
        if self.language != "diff":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text, encoding="utf-8")
            return
        before, after = self._sides()
        present = file.read_text(encoding="utf-8")
        if present.count(before) != 1:
            raise ValueError(f"{self.path} holds these lines {present.count(before)} times, not once:\n{before}")
        file.write_text(present.replace(before, after), encoding="utf-8")

    def undo(self, folder: Path) -> None:
        """Take a diff back, or delete the file."""
        file = folder / (self.path or "")
        if self.language != "diff":
            file.unlink()
            return
        before, after = self._sides()
        present = file.read_text(encoding="utf-8")
        if present.count(after) != 1:
            raise ValueError(f"{self.path} does not hold the change once:\n{after}")
        file.write_text(present.replace(after, before), encoding="utf-8")

    @property
    def commands(self) -> list[list[str]]:
        """The commands of a ``sh`` block, each as a module with its arguments."""
        lines = [line.split() for line in self.text.splitlines() if line.strip()]
        if any(line[:2] != ["python", "-m"] for line in lines):
            raise ValueError(f"a command of {self.section} does not begin with 'python -m'")
        return [line[2:] for line in lines]

    def _sides(self) -> tuple[str, str]:
        lines = [(line[:1] or " ", line[1:]) for line in self.text.splitlines()]
        before = [line for sign, line in lines if sign in " -"]
        after = [line for sign, line in lines if sign in " +"]
        return "".join(f"{line}\n" for line in before), "".join(f"{line}\n" for line in after)


def steps_of(page: Path) -> list[Step]:
    """Return the steps of a page in their order."""
    return list(_steps(page.read_text(encoding="utf-8").splitlines()))


def _steps(lines: list[str]) -> Iterator[Step]:
    section, block, opened = "", list[str](), None
    for line in lines:
        if opened is None:
            if line.startswith("## "):
                section = line[3:]
            opened, block = _OPENED.fullmatch(line), []
        elif line == f"{opened['indent']}```":
            text = textwrap.dedent("\n".join(block)) if opened["language"] != "diff" else _without(opened["indent"], block)
            yield Step(section, opened["language"], opened["path"], f"{text}\n")
            opened = None
        else:
            block.append(line)


def _without(indent: str, block: list[str]) -> str:
    """Return a diff without the indentation of its list item; its first column is meant."""
    return "\n".join(line.removeprefix(indent) for line in block)
