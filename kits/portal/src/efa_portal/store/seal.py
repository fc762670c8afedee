"""Seals: a digest over the columns of a row, so that a byte changed outside this package shows."""

from __future__ import annotations

from hashlib import sha256

Column = int | str | bytes | None
_MODULUS = 1 << 256


def seal(*columns: Column) -> bytes:
    """Return the digest of the columns of a row, with their types and lengths."""
    digest = sha256()
    for column in columns:
        data = column if isinstance(column, bytes) else str(column).encode("utf-8", "surrogatepass")
        digest.update(b"%b %d:" % (type(column).__name__.encode("ascii"), len(data)))
        digest.update(data)
    return digest.digest()


def add(total: bytes, *, plus: bytes | None = None, minus: bytes | None = None) -> bytes:
    """Return the sum of the seals of a partition's rows, after one came or went: whatever order they came in, it is the same."""
    number = int.from_bytes(total, "big")
    number += int.from_bytes(plus or b"", "big") - int.from_bytes(minus or b"", "big")
    return (number % _MODULUS).to_bytes(32, "big")


NOTHING = bytes(32)
"""The sum over no row."""
