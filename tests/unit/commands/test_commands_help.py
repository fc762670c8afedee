"""What the command line says of itself follows the rule of the house: the verb of the field first, plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup

from marktplatz.cli import app

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "kits/*/README.md", "examples/*.md", "deploy/**/*.md")
    for page in ROOT.glob(pattern)
)
WRITTEN = re.compile(r"(?:^|`|-- |\$\(|[|;&] )marktplatz ([a-z][^`#|;)\n]*)", re.MULTILINE)
"""A command as a page writes it: at the beginning of a line or of code, in a container, behind another one."""

NOT_FIRST = {"say", "tell", "let", "spare", "take", "put", "the", "a", "an"}
NOWHERE = re.compile(r"\b(anew|told|wanted|kept|tells)\b")


def commands(group: TyperGroup, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each command's path with all its help texts."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command.help or ""


def command_line() -> TyperGroup:
    found = typer.main.get_command(app)
    assert isinstance(found, TyperGroup)
    return found


COMMANDS = dict(commands(command_line()))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_begins_with_its_verb(name: str) -> None:
    text = COMMANDS[name]
    assert text[0].isupper()
    assert text.endswith((".", ";", ")")) or "exit code" in text
    assert text.split()[0].lower() not in NOT_FIRST
    assert NOWHERE.search(text.lower()) is None


def fault_of(written: str) -> str | None:
    """Return what of a command that a page names does not exist, None if all does."""
    command: Any = command_line()
    words = written.split()
    while isinstance(command, TyperGroup) and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        command = command.commands.get(words.pop(0))
    if command is None:
        return f"no command: {written}"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)} - known - {"--help"}
    return f"no option {', '.join(sorted(unknown))}: {written}" if unknown else None


@pytest.mark.parametrize("page", [page for page in PAGES if WRITTEN.search((ROOT / page).read_text(encoding="utf-8"))])
def test_each_command_that_a_page_names_exists_with_its_options(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    assert [fault for written in WRITTEN.findall(text) if (fault := fault_of(written)) is not None] == []


def test_a_command_or_option_that_is_none_is_found() -> None:
    assert fault_of("topics aply") == "no command: topics aply"
    assert fault_of("topics check --all") == "no option --all: topics check --all"
    assert fault_of("contracts statements run --channel govdigital --year 2026 --by X") is None


def test_rebuild_reads_as_what_an_operator_must_know() -> None:
    assert COMMANDS["topics rebuild"] == "Republish store state after a restore or topic loss. Stop the services first."


def test_the_command_line_is_the_sum_of_its_areas() -> None:
    assert set(COMMANDS) >= {"run", "migrate", "up", "demo", "load", "token", "url", "backup", "restore", "reconcile", "drill"}
    assert set(COMMANDS) >= {"topics list", "topics apply", "topics check", "topics rebuild", "mails retry"}
    assert set(COMMANDS) >= {"dlq list", "dlq show", "dlq replay"}
