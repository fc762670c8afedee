"""Checkpoints: origin, size and root as text, signed by the log and cosigned by witnesses (C2SP tlog-checkpoint)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from marktplatz_verify.forms import UnreadableError, binary
from marktplatz_verify.keys import VerifierKey, is_name

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_LARGEST: Final = 2**63 - 1
_ROOT: Final = 32
_DASH: Final = "—"
_PARTS: Final = 3
_KEY_ID: Final = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who signed, with which key, what."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A head of a log. ``text`` is what is signed, ``root`` 32 bytes."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...]

    def by(self, key: VerifierKey) -> list[bool]:
        """Return for each signature that names the key whether the key made it."""
        mine = [it for it in self.signatures if (it.name, it.key_id) == (key.name, key.id)]
        return [key.signed(self.text, it.value) for it in mine]


def parse_checkpoint(note: str) -> Checkpoint:
    """Return the checkpoint in a note. Raises UnreadableError if it does not have the form of one."""
    if any(sign < " " and sign != "\n" for sign in note):
        raise UnreadableError("a control character")
    text, divider, signed = note.rpartition("\n\n")
    if not divider or not signed.endswith("\n"):
        raise UnreadableError("no empty line between text and signatures")
    lines = text.split("\n")
    if len(lines) < _PARTS or "" in lines:
        raise UnreadableError("the text has three lines or more and no empty one")
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) > _LARGEST:
        raise UnreadableError("no size")
    root = binary(lines[2])
    if len(root) != _ROOT:
        raise UnreadableError("no root")
    signatures = tuple(_signature(line) for line in signed[:-1].split("\n"))
    return Checkpoint(text + "\n", lines[0], int(lines[1]), root, signatures)


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != _PARTS or parts[0] != _DASH or not is_name(parts[1]):
        raise UnreadableError("a signature line is a dash, a name and base64")
    value = binary(parts[2])
    if len(value) <= _KEY_ID:
        raise UnreadableError("an empty signature")
    return Signature(parts[1], value[:_KEY_ID], value[_KEY_ID:])
