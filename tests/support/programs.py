"""Stand-ins for the programs that a run on one machine looks for."""

from __future__ import annotations

import stat
from pathlib import Path


def program(folder: Path, name: str, script: str = "exit 0") -> None:
    """Put an executable shell script into a folder of the search path."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
