"""Keys that tokens of sessions are encrypted with at rest: the first seals, all open, so that a key can be replaced in use."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.private_file import create_private_file

KEY_BYTES = 32
NONCE_BYTES = 12


class Seal:
    """Seals texts with AES-256-GCM, each bound to what it belongs to. Raises ValueError without a key of 32 bytes."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError("session keys are one or more of 32 bytes each, in base64, one a line")
        self._ciphers = [AESGCM(key) for key in keys]

    @classmethod
    def read(cls, path: Path) -> Seal:
        """Return the keys of a file. Raises ValueError if it holds none, OSError if it cannot be read."""
        lines = [line.strip() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
        try:
            return cls([base64.b64decode(line, validate=True) for line in lines])
        except binascii.Error as error:
            raise ValueError(f"{path} holds something that is no base64") from error

    def seal(self, text: str, of: str) -> str:
        """Return a text sealed; only together with ``of`` it opens again."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return base64.b64encode(nonce + self._ciphers[0].encrypt(nonce, text.encode(), of.encode())).decode()

    def open(self, sealed: str, of: str) -> str | None:
        """Return a text that one of the keys has sealed, None if none has, or for something else."""
        try:
            content = base64.b64decode(sealed, validate=True)
        except ValueError:
            # Of a cookie: it may hold any character.
            return None
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], of.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        return None


def ensure_session_keys(path: Path) -> None:
    """Write a file with a fresh key, unless there is one."""
    create_private_file(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
