"""Programs beside the marketplace, as another house runs them: the commands of the kits, and our own."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from marktplatz.infrastructure.errors import InfrastructureError


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: its exit code and what it printed."""

    code: int
    text: str


async def run(program: str | Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Run a program to its end, with some variables of the environment set. Raises OSError if it cannot be started."""
    process = await asyncio.create_subprocess_exec(
        str(program), *arguments, stdout=PIPE, stderr=STDOUT, env={**os.environ, **(environment or {})}
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(process.returncode or 0, output.decode(errors="replace"))


def installed(program: str, kit: str) -> Path:
    """Return the path of a kit's command. Raises InfrastructureError if it is not installed."""
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if found is None:
        raise InfrastructureError(f"The kit {kit} is not installed: there is no {program}.", remedy=f"pip install ./kits/{kit}")
    return Path(found)
