"""Where the processes listen that run on this machine: the files that ``marktplatz up`` leaves in its data folder."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path

from shared.process.settings import ProcessSettings

LOCK = "lock"
"""The file in its data folder that a run locks as long as it lasts."""


def is_used(folder: Path) -> bool:
    """Return whether a run uses a data folder: the files of one that was killed, or lost its power, name nothing that listens."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def endpoints(process: ProcessSettings | None = None) -> Mapping[str, str]:
    """Return the base URL of each process that runs here, by its name; empty if none does."""
    folder = (process or ProcessSettings()).var
    files = sorted(folder.glob("endpoints-*.json")) if is_used(folder) else []
    return {name: url for file in files for name, url in json.loads(file.read_text(encoding="utf-8")).items()}
