"""Bundles: what a verifier gets, one line of canonical JSON for each part."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from shared.canonical_json import canonical


def header(log: str, *, full: bool) -> bytes:
    """Return the first line: of which log, and whether all entries follow (``full``) or receipts of some."""
    return _line("bundle", v=1, log=log, mode="full" if full else "receipt")


def entry(raw: bytes) -> bytes:
    """Return the line of an entry, for full bundles."""
    return _line("entry", b=_text(raw))


def checkpoint(note: str) -> bytes:
    """Return the line of a signed checkpoint."""
    return _line("checkpoint", note=note)


def inclusion(index: int, size: int, proof: Sequence[bytes], raw: bytes | None = None) -> bytes:
    """Return the line of an inclusion proof; a receipt brings the entry with it."""
    more = {} if raw is None else {"entry": _text(raw)}
    return _line("inclusion", index=index, size=size, proof=[it.hex() for it in proof], **more)


def consistency(first: int, second: int, proof: Sequence[bytes]) -> bytes:
    """Return the line of a consistency proof."""
    return _line("consistency", **{"from": first, "to": second, "proof": [it.hex() for it in proof]})


def document(content: bytes) -> bytes:
    """Return the line of a document."""
    return _line("document", sha256=sha256(content).hexdigest(), b=_text(content))


def disclosure(index: int, role: str, salt: bytes, record: Mapping[str, Any]) -> bytes:
    """Return the line that discloses the record about persons behind a commitment of an entry."""
    return _line("disclosure", index=index, role=role, salt=salt.hex(), record=record)


def _line(type_: str, **members: Any) -> bytes:  # noqa: ANN401 - any JSON
    return canonical({"t": type_, **members}) + b"\n"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
