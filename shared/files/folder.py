"""Files in a folder of this machine, or of a volume that all processes mount."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from shared.files.port import LARGEST, FilesUnavailableError, require_content, require_name, too_large, verified


class FolderFiles:
    """One file per name, in subfolders by the first two letters. What is half written is never seen under its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def put(self, name: str, content: bytes) -> None:
        """Write a file. Raises ValueError, FilesUnavailableError."""
        require_content(name, content)
        try:
            await asyncio.to_thread(_put, self._path(name), content)
        except OSError as error:
            raise self._away(error) from error

    async def get(self, name: str) -> bytes | None:
        """Return a file, None if there is none. Raises FileDamagedError, FilesUnavailableError."""
        path = self._path(name)
        try:
            content = await asyncio.to_thread(_get, path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._away(error) from error
        return verified(name, content)

    async def ping(self) -> None:
        """Make the folder where it is missing and look into it. Raises FilesUnavailableError."""
        try:
            await asyncio.to_thread(_look, self.folder)
        except OSError as error:
            raise self._away(error) from error

    def _path(self, name: str) -> Path:
        return self.folder / require_name(name)[:2] / name

    def _away(self, error: OSError) -> FilesUnavailableError:
        return FilesUnavailableError(f"the folder of files {self.folder} cannot be used: {error.strerror}")


def _put(path: Path, content: bytes) -> None:
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


def _get(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise too_large(path.name)
    return path.read_bytes()


def _look(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.scandir(folder) as entries:
        next(entries, None)
