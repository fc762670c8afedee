"""The previous version's code, as it was released: ``previous.tar.xz`` holds it, so that a clone without history will do."""

from __future__ import annotations

import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ARCHIVE = HERE / "previous.tar.xz"


def unpack_previous(folder: Path) -> Path:
    """Write the previous version's files into ``folder`` and return it. Raises OSError or tarfile.TarError."""
    with tarfile.open(ARCHIVE) as files:
        files.extractall(folder, filter="data")
    return folder
