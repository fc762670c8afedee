"""Whose certificates are trusted, where a server has an authority of its own."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from shared.errors import InvalidError


@lru_cache
def trust_in(authority: Path | None, setting: str, *, code: str) -> ssl.SSLContext:
    """Return the trust in one authority alone, in those of the system where none is named. It is read once a process.

    Raises InvalidError with ``code`` if the file that ``setting`` names holds no certificates.
    """
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise InvalidError(
            f"{setting} {authority} holds no certificates that can be read ({type(error).__name__})", code=code
        ) from error
