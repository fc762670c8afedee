"""Files of backups on the disk: created once, for their owner only, and complete before anything refers to them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

DRAFT = ".part"
"""End of the name of whatever is not complete yet."""
BLOCK = 1024 * 1024


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Create a file that must not exist, readable by its owner only; its content is on the disk when the block ends.

    Raises OSError.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write a text into a file that must not exist. Raises OSError."""
    with new_file(path) as file:
        file.write(text.encode())


def rename(draft: Path, path: Path) -> None:
    """Give a complete file or folder its name, on the disk. Raises OSError."""
    draft.rename(path)
    opened = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
