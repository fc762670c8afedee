"""The canonical fold of a compacted topic: what its last records say, as digests that any language can compute.

``docs/anbinden/fold.md`` is the specification; its test vectors hold this module and every reader outside to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NoReturn

import rfc8785

_EXACT = 2**53 - 1
"""Integers up to here are IEEE doubles without loss."""

EMPTY = sha256(b"").hexdigest()
"""Digest of a fold without entries."""


def entry_digest(value: bytes, member: str) -> str:
    """Return the digest of one entry: of the state that the record's value carries in ``member``.

    Lower-case hex SHA-256 of the state's canonical JSON (RFC 8785); of the value's bytes where it carries no such state.
    """
    state = _state(value, member)
    return sha256(value if state is None else state).hexdigest()


def fold_digest(entries: Iterable[tuple[bytes, str]]) -> str:
    """Return the digest of a fold, given each key once with the digest of its entry, in any order.

    Lower-case hex SHA-256 over the lines ``<key> <entry digest>``, each ended by a line feed, ascending by the bytes of the key.
    """
    digest = sha256()
    for key, entry in sorted(entries):
        digest.update(b"%b %b\n" % (key, entry.encode("ascii")))
    return digest.hexdigest()


def _state(value: bytes, member: str) -> bytes | None:
    """Return the canonical JSON of the state, None if the value carries none."""
    try:
        body: Any = json.loads(value.decode(), parse_constant=_refuse, parse_int=_number)
        state = body.get(member) if isinstance(body, dict) else None
        return rfc8785.dumps(state) if isinstance(state, dict) else None
    except (ValueError, RecursionError):
        return None


def _number(digits: str) -> int | float:
    """Return an integer as ECMAScript reads it: beyond what a double holds exactly, the double nearest to it."""
    if len(digits) <= len(str(-_EXACT)) and abs(number := int(digits)) <= _EXACT:
        return number
    return float(digits)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
