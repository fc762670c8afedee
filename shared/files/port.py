"""The port: whole files by name, written once. Whoever keeps them names them by their content."""

from __future__ import annotations

from typing import Protocol


class Files(Protocol):
    """Where files lie. A name is lower-case hexadecimal.

    Every method raises StoreUnavailableError when the place does not answer.
    """

    async def put(self, name: str, content: bytes) -> None:
        """Write a file; one of this name that is there already stays."""

    async def get(self, name: str) -> bytes | None:
        """Return a file, None if there is none."""
