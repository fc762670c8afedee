"""The canonical fold of a compacted topic: what its last records say, as one digest that any language can compute."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from efa_portal.canonical import NotCanonicalError, canonical, parse

EMPTY = sha256(b"").hexdigest()
"""Digest of a fold that holds no entry."""


def state_of(value: bytes, member: str) -> dict[str, object]:
    """Return the state that the body of a record carries in ``member``, as received, unknown members included.

    Raises NotCanonicalError if the value is no JSON object with such a member, or the member is no object.
    """
    body = parse(value)
    state = body.get(member) if isinstance(body, dict) else None
    if not isinstance(state, dict):
        raise NotCanonicalError(f"the body has no object '{member}'")
    return state


def entry_digest(value: bytes, member: str) -> tuple[str, bool]:
    """Return the digest of a record's state, and whether the record could be read.

    SHA-256 in lower-case hex: of the canonical JSON of the state; of the bytes of the value if there is none.
    """
    try:
        return sha256(canonical(state_of(value, member))).hexdigest(), True
    except NotCanonicalError:
        return sha256(value).hexdigest(), False


def fold_digest(entries: Mapping[bytes, str]) -> str:
    """Return the digest of a fold: SHA-256 over a line for each entry, ascending by the bytes of the key.

    A line is the key, a space, the digest of the entry and a line feed.
    """
    digest = sha256()
    for key in sorted(entries):
        digest.update(b"%b %b\n" % (key, entries[key].encode("ascii")))
    return digest.hexdigest()
