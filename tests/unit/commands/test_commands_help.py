"""What the command line says of itself follows the rule of the house: the verb of the field first, plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer.main
from typer.core import TyperGroup

from marktplatz.cli import app

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


def test_rebuild_reads_as_what_an_operator_must_know() -> None:
    assert COMMANDS["topics rebuild"] == "Republish store state after a restore or topic loss. Stop the services first."


def test_the_command_line_is_the_sum_of_its_areas() -> None:
    assert set(COMMANDS) >= {"run", "migrate", "up", "demo", "load", "token", "url", "backup", "restore", "reconcile", "drill"}
    assert set(COMMANDS) >= {"topics list", "topics apply", "topics check", "topics rebuild", "mails retry"}
    assert set(COMMANDS) >= {"dlq list", "dlq show", "dlq replay"}
