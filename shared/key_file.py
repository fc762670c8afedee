"""Files of keys: one per line in base64, the first for what is new, the others for what is still in use."""

from __future__ import annotations

import base64
import binascii
import secrets
from pathlib import Path

from shared.private_file import create_private_file

KEY_BYTES = 32


def key_materials(file: Path | None) -> list[bytes]:
    """Return the keys of a file, none without one. Raises OSError, and ValueError for what is no key of ``KEY_BYTES`` or more."""
    return [] if file is None else [_material(line) for line in file.read_text(encoding="ascii").split()]


def ensure_key_file(file: Path) -> None:
    """Write a file with a first key, for its owner only; one that is there stays. Raises OSError."""
    create_private_file(file, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")


def _material(line: str) -> bytes:
    try:
        material = base64.b64decode(line.translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None
    if len(material) < KEY_BYTES:
        raise ValueError(f"a key of less than {KEY_BYTES} bytes")
    return material
