"""How a generated file stands beside what it must hold."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.checks.product.settings import PROJECT


def present(file: Path) -> str | None:
    """Return the text of a file, None for one that is not there."""
    return file.read_text(encoding="utf-8") if file.exists() else None


def run(name: str, description: str | None, file: Path, text: Callable[[], str], arguments: Sequence[str] | None) -> int:
    """Run the command of a module that generates one file, by its ``name``, and return the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=description)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the file is not up to date")
    check: bool = parser.parse_args(arguments).check
    wished = text()
    if present(file) == wished:
        return 0
    if not check:
        file.write_text(wished, encoding="utf-8")
    sys.stdout.write(f"{'not up to date' if check else 'written'}: {file.relative_to(PROJECT)}\n")
    return 1 if check else 0
