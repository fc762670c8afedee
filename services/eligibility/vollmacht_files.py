"""The contents of Vollmachten: each encrypted by a key of its own, so that to forget the key is to delete the document.

Files are written once and have no deletion; what a backup or another version of the place still holds is unreadable with it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.eligibility.domain.vollmacht import Vollmacht
from shared.files.port import FileDamagedError, Files

_NONCE_BYTES = 12


async def store_content(files: Files, content: bytes, media_type: str, person: str, at: datetime) -> Vollmacht:
    """Write a content and return the Vollmacht that it makes. Raises FilesUnavailableError."""
    digest, key = hashlib.sha256(content).hexdigest(), AESGCM.generate_key(256)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, content, digest.encode())
    name = hashlib.sha256(sealed).hexdigest()
    await files.put(name, sealed)
    return Vollmacht(
        file=name,
        key=base64.b64encode(key).decode(),
        sha256=digest,
        media_type=media_type,
        size=len(content),
        brought_by=person,
        brought_at=at,
    )


async def read_content(files: Files, vollmacht: Vollmacht) -> bytes | None:
    """Return the content of a Vollmacht, None if it is not there, or not as it was written."""
    try:
        sealed = await files.get(vollmacht.file)
    except FileDamagedError:
        return None
    if sealed is None:
        return None
    cipher = AESGCM(base64.b64decode(vollmacht.key))
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], vollmacht.sha256.encode())
    except InvalidTag:
        return None
