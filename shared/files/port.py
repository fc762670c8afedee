"""The port: whole files, each named by the SHA-256 of its content."""

from __future__ import annotations

import hashlib
import re
from typing import Protocol

from shared.errors import MarktplatzError, StoreUnavailableError

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that is read or written: as much memory as one call may take. Uploads are bounded lower."""

_NAME = re.compile(r"[0-9a-f]{64}")


class FilesUnavailableError(StoreUnavailableError):
    """The place where files lie did not answer or refused; a write may have taken effect, and repeating it is safe (HTTP 503)."""

    code = "files_unavailable"


class FileDamagedError(MarktplatzError):
    """What lies under a name is not the content that the name stands for."""

    code = "file_damaged"


class Files(Protocol):
    """Where files lie. A name is the SHA-256 of the content in lower-case hexadecimal, so it can lead to no other place.

    Methods raise FilesUnavailableError when the place does not answer, ValueError for a name that is none.
    """

    async def put(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all; a repeat mends a damaged one. Raises ValueError if the name is not its SHA-256."""

    async def get(self, name: str) -> bytes | None:
        """Return a file, None if there is none. Raises FileDamagedError."""

    async def ping(self) -> None:
        """Ask the place whether files can be read there."""


def require_name(name: str) -> str:
    """Return the name of a file. Raises ValueError for anything else."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name of a file here: 64 lower-case hexadecimal digits")
    return name


def require_content(name: str, content: bytes) -> None:
    """Raise ValueError for a content that is too large, or not the one that its name stands for."""
    if len(content) > LARGEST:
        raise ValueError(f"a file of {len(content)} bytes is larger than {LARGEST}")
    if hashlib.sha256(content).hexdigest() != require_name(name):
        raise ValueError(f"the content of {len(content)} bytes does not have the SHA-256 {name}")


def verified(name: str, content: bytes) -> bytes:
    """Return the content that was read under a name. Raises FileDamagedError if it is another one."""
    found = hashlib.sha256(content).hexdigest()
    if found != name:
        raise FileDamagedError(f"the file {name} holds {len(content)} bytes with another SHA-256: {found}", name=name)
    return content


def too_large(name: str) -> FileDamagedError:
    """Return the error for a file that is longer than any that was written here."""
    return FileDamagedError(f"the file {name} is longer than {LARGEST} bytes", name=name)
