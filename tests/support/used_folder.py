"""A data folder as it is while a marketplace runs in it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marktplatz.addresses import LOCK


@contextmanager
def used(folder: Path) -> Iterator[Path]:
    """Hold the lock that a run holds, and give the folder."""
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
