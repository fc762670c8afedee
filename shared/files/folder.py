"""Files in a folder of this machine, or of a volume that all processes mount."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path

from shared.errors import StoreUnavailableError

_NAME = re.compile(r"[0-9a-f]{8,128}")


class FolderFiles:
    """One file per name, in subfolders by the first two letters. What is half written is never seen under its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def put(self, name: str, content: bytes) -> None:
        """Write a file; one of this name that is there already stays. Raises StoreUnavailableError."""
        path = self._path(name)
        try:
            await asyncio.to_thread(_put, path, content)
        except OSError as error:
            raise self._away(error) from error

    async def get(self, name: str) -> bytes | None:
        """Return a file, None if there is none. Raises StoreUnavailableError."""
        path = self._path(name)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._away(error) from error

    def _path(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no name of a file here: lower-case hexadecimal, 8 to 128 digits")
        return self.folder / name[:2] / name

    def _away(self, error: OSError) -> StoreUnavailableError:
        return StoreUnavailableError(f"the folder of files {self.folder} cannot be used: {error.strerror}")


def _put(path: Path, content: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
