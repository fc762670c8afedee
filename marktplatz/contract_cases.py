"""Cases of contracts in files: one line of JSON for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer

NO_CASE: Final = 1
REFUSED: Final = 2
_DIGITS: Final = 4000
"""Integers of more digits are not read as such: Python refuses them, and no format allows them."""

LineOf = Callable[[Mapping[str, Any]], tuple[dict[str, Any], Exception | None]]


def print_cases(files: Sequence[Path], line_of: LineOf) -> int:
    """Print the line of each file that is a case and return the exit code: 2 if an input was refused, 1 if a file is no case.

    What was wrong goes to standard error. ``line_of`` returns the line of a case, with the refusal if its input was refused.
    """
    code = 0
    for file in files:
        try:
            case = _read(file)
        except (OSError, ValueError, RecursionError) as error:
            typer.echo(f"{file}: no case: {error}", err=True)
            code = max(code, NO_CASE)
            continue
        line, refused = line_of(case)
        typer.echo(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        if refused is not None:
            typer.echo(f"{file}: {refused}", err=True)
            code = REFUSED
    return code


def _read(file: Path) -> dict[str, Any]:
    """Return a case. Raises ValueError if there is none; what its input holds is for the rules to judge."""
    case = json.loads(
        file.read_bytes().decode(), parse_int=_integer, parse_constant=_constant, object_pairs_hook=_without_repeats
    )
    if not isinstance(case, dict) or not isinstance(case.get("id"), str) or "input" not in case:
        raise ValueError("a case is an object with at least id and input")
    case["id"].encode()
    return case


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("two members of one name in an object")
    return found
