"""Folders that a run writes to: made and tried before anything is started."""

from __future__ import annotations

import tempfile
from pathlib import Path

from marktplatz.infrastructure.errors import InfrastructureError


def make_writable(folder: Path, what: str, remedy: str) -> Path:
    """Make a folder with its parents, write a file there and delete it, return the folder.

    ``what`` names the folder in a sentence, ``remedy`` is the command that gives the run another one.
    Raises InfrastructureError if the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InfrastructureError(f"{what} {folder} cannot be written: {reason}.", remedy=remedy, folder=str(folder)) from error
    return folder
