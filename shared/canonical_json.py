"""Canonical JSON and its SHA-256: sorted by code point, no white space, no floats."""

from __future__ import annotations

import hashlib
import json


def canonical(value: object) -> bytes:
    """Return the canonical JSON of a value made of objects, arrays, text, integers, booleans and null."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON, in lower-case hex."""
    return hashlib.sha256(canonical(value)).hexdigest()
