"""Contents of evidence and documents of contracts beside the backups: each is copied once, as it never changes; all share them.

``ROOT/contents/<two digits>/<SHA-256>``, encrypted as the backup is. Contents in a bucket are left to the bucket's own copies.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog

from marktplatz.recovery.dump.disk import DRAFT, rename
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.sealing import SEALED, sealed_file, unsealed
from marktplatz.recovery.errors import BackupError, DamagedBackupError
from marktplatz.recovery.named import NAMING, named_contents
from marktplatz.recovery.stores import Stores
from shared.files.folder import FolderFiles
from shared.files.port import FileDamagedError, Files

FOLDER = "contents"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Contents:
    """What was done with the contents: how many were copied, how many were there, and the SHA-256 of those that are nowhere."""

    copied: int = 0
    present: int = 0
    missing: tuple[str, ...] = ()


async def copy_contents(stores: Stores, root: Path, keys: Keys) -> Contents:
    """Copy every content that the stores name and no backup below ``root`` has. Call it after the stores were copied.

    Raises BackupError if ``root`` cannot be written, StoreUnavailableError, FilesUnavailableError.
    """
    copied, present, missing = 0, 0, []
    async for digest, files in _named(stores):
        target = _path(root, digest, SEALED if keys.recipients else "")
        if target.exists():
            present += 1
        elif (content := await _sound(files, digest)) is None:
            missing.append(digest)
        else:
            _write(target, content, keys)
            copied += 1
    return Contents(copied, present, tuple(missing))


async def restore_contents(stores: Stores, root: Path, keys: Keys) -> Contents:
    """Put back from below ``root`` every content that the stores name and its place lacks or has damaged.

    Raises SealedError without the private key, DamagedBackupError, StoreUnavailableError, FilesUnavailableError.
    """
    copied, present, missing = 0, 0, []
    async for digest, files in _named(stores):
        if await _sound(files, digest) is not None:
            present += 1
        elif (content := _read(root, digest, keys)) is None:
            missing.append(digest)
        else:
            await files.put(digest, content)
            copied += 1
    return Contents(copied, present, tuple(missing))


async def _named(stores: Stores) -> AsyncIterator[tuple[str, FolderFiles]]:
    """Yield the SHA-256 of each content that a store names, with its folder; what lies in a bucket is left out."""
    for service in NAMING.keys() & stores.keys():
        files = stores[service].service.files
        if isinstance(files, FolderFiles):
            for digest in sorted(await named_contents(stores, service)):
                yield digest, files


async def _sound(files: Files, digest: str) -> bytes | None:
    try:
        return await files.get(digest)
    except FileDamagedError as error:
        log.warning("content_damaged", detail=error.detail)
        return None


def _path(root: Path, digest: str, ending: str) -> Path:
    return root / FOLDER / digest[:2] / f"{digest}{ending}"


def _write(target: Path, content: bytes, keys: Keys) -> None:
    draft = target.with_name(target.name + DRAFT)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with sealed_file(draft, keys) as file:
            file.write(content)
        rename(draft, target)
    except OSError as error:
        raise BackupError(f"the content {target} cannot be written: {error.strerror or error}") from error


def _read(root: Path, digest: str, keys: Keys) -> bytes | None:
    for ending in ("", SEALED):
        path = _path(root, digest, ending)
        if path.exists():
            try:
                with _opened(path, keys) as file:
                    content = file.read()
            except OSError as error:
                raise DamagedBackupError(f"{path} cannot be read: {error.strerror or error}") from error
            if hashlib.sha256(content).hexdigest() != digest:
                raise DamagedBackupError(f"{path} is not the content that its name states")
            return content
    return None


@contextmanager
def _opened(path: Path, keys: Keys) -> Iterator[IO[bytes]]:
    with unsealed(path, keys.identities) if path.name.endswith(SEALED) else path.open("rb") as file:
        yield file
