"""The port: looks for harmful software in a file that somebody brings, before it is stored."""

from __future__ import annotations

from typing import Protocol

from shared.errors import InvalidError, RetryableError


class FileInfectedError(InvalidError):
    """The scanner has found harmful software in a file; nothing of it was stored (HTTP 422)."""

    code = "file_infected"


class ScannerUnavailableError(RetryableError):
    """The scanner does not answer, so the file is not taken just now; the same file may be brought later (HTTP 503)."""

    code = "scanner_unavailable"


class Scanner(Protocol):
    """Looks into files."""

    async def require_clean(self, content: bytes) -> None:
        """Return if nothing was found in a file. Raises FileInfectedError, ScannerUnavailableError."""


class NoScanner:
    """Accepts every file: no scanner is set."""

    async def require_clean(self, content: bytes) -> None:
        """Return."""
