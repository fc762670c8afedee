"""A record of a catalog topic as the store takes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CatalogRecord:
    """Place, key and bytes of a record; a ``value`` of None is a tombstone. ``time`` is RFC 3339, or empty."""

    partition: int
    offset: int
    key: bytes
    value: bytes | None
    type: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """What an applied record replaced: the digest of the entry before it, None if there was none."""

    partition: int
    offset: int
    key: bytes
    before: str | None
