"""What the commands of the in-house pre-check do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from services.eligibility.engine.case import line_of
from shared import strict_json

_BOUNDS = strict_json.Bounds(depth=32, nodes=20_000_000)


def evaluate_files(files: Sequence[Path]) -> bool:
    """Print one line of JSON per case and return whether none was refused; why one was goes to standard error."""
    refused = 0
    for file in files:
        line, why = _line(file)
        typer.echo(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        if why is not None:
            refused += 1
            typer.echo(f"{file}: {why}", err=True)
    return not refused


def _line(file: Path) -> tuple[dict[str, Any], str | None]:
    try:
        data = strict_json.parse(file.read_bytes(), _BOUNDS)
    except (OSError, strict_json.StrictJsonError) as error:
        return {"case": file.stem, "error": "INVALID_FIELD"}, f"INVALID_FIELD: {error}"
    line, refused = line_of(data, file.stem)
    return line, None if refused is None else str(refused)
