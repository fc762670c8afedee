"""Checkpoints: the size and root of a log at some time, as text that the log signs (C2SP tlog-checkpoint)."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from services.contracts.archive.keys import LogKey

_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A head of the log ``origin``; ``root`` has 32 bytes."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, key: LogKey) -> str:
        """Return the note: the text, an empty line and the signature. Raises ValueError for the key of another log."""
        if key.name != self.origin:
            raise ValueError(f"the key of {key.name} cannot sign for {self.origin}")
        return f"{self.text}\n{key.signature_line(self.text)}"

    @classmethod
    def read(cls, note: str) -> Checkpoint:
        """Return the head that a note of ours states; who signed it is for verifiers. Raises ValueError."""
        text = note.rpartition("\n\n")[0].split("\n")
        if len(text) < _LINES:
            raise ValueError("no checkpoint")
        return cls(text[0], int(text[1]), base64.b64decode(text[2], validate=True))
