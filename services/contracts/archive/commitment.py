"""Commitments: records about persons stay outside the log, which holds nothing but a salted hash of them.

Whoever erases record and salt leaves an HMAC that says nothing, and every proof stays valid.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Any, Final

from shared.canonical_json import canonical

SALT_BYTES: Final = 32


def new_salt() -> bytes:
    """Return 32 random bytes."""
    return secrets.token_bytes(SALT_BYTES)


def commit(record: Mapping[str, Any], salt: bytes) -> str:
    """Return the HMAC-SHA-256 of a record's canonical JSON with the salt as key, in lower-case hex.

    Raises ValueError for a salt of another length.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hmac.digest(salt, canonical(record), "sha256").hex()
