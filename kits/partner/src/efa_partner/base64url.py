"""base64url without padding (RFC 7515, section 2), read strictly: one text for each content."""

from __future__ import annotations

import base64
import re

_TEXT = re.compile(rb"[A-Za-z0-9_-]*")


def encode(content: bytes) -> bytes:
    """Return the base64url of a content, without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def decode(text: bytes) -> bytes:
    """Return the content of a text. Raises ValueError for padding, other characters and unused bits that are not zero."""
    if _TEXT.fullmatch(text) is None or len(text) % 4 == 1:
        raise ValueError("it is not base64url without padding")
    content = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if encode(content) != text:
        raise ValueError("its last character has bits that are not used")
    return content
