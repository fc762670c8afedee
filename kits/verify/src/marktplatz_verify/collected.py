"""What is read of a bundle line by line, with the findings that need no other line.

Bytes of entries and documents are dropped at once, so that a log of millions fits into memory.
"""

from __future__ import annotations

import hmac
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from marktplatz_verify.bundle import Header, Line
from marktplatz_verify.checkpoint import Checkpoint, parse_checkpoint
from marktplatz_verify.entry import Entry, NotAnEntryError, NotCanonicalError, parse_entry
from marktplatz_verify.forms import UnreadableError, canonical
from marktplatz_verify.keys import VerifierKey
from marktplatz_verify.report import Finding, Missing
from marktplatz_verify.tree import leaf_hash

_HASH: Final = 32


class Inclusion(NamedTuple):
    """An inclusion line; ``leaf`` only in a receipt, which brings the entry."""

    place: int
    size: int
    proof: list[bytes]
    leaf: bytes | None


class Consistency(NamedTuple):
    """A consistency line."""

    first: int
    second: int
    proof: list[bytes]


class Document(NamedTuple):
    """A document line: its hash, and whether the bytes have it."""

    sha256: str
    same: bool


class Disclosure(NamedTuple):
    """A disclosure line: which commitment of which entry the record with its salt has."""

    place: int
    commitment: tuple[str, str]


class Collected:
    """The lines of a bundle, and the checkpoints in it and beside it."""

    def __init__(self, header: Header, keys: Sequence[VerifierKey]) -> None:
        self.header = header
        self.findings: set[Finding] = set()
        self.counts: Counter[str] = Counter()
        self.heads: list[tuple[int, Checkpoint]] = []
        self.inclusions: list[Inclusion] = []
        self.consistencies: list[Consistency] = []
        self.documents: list[Document] = []
        self.disclosures: list[Disclosure] = []
        self.named: dict[str, tuple[int, str]] = {}
        self.committed: dict[int, tuple[tuple[str, str], ...]] = {}
        self._keys = [key for key in keys if key.name == header.log]
        self._leaves = bytearray()
        self._effects: set[str] = set()

    def find(self, code: str, at: int | None = None) -> None:
        """Record a finding."""
        self.findings.add(Finding(code, at))

    def leaves(self) -> Iterator[bytes]:
        """Yield the leaf hashes of all entry lines."""
        return (self.leaf(index) for index in range(self.counts["entry"]))

    def leaf(self, index: int) -> bytes:
        """Return the leaf hash of an entry line that there is."""
        return bytes(self._leaves[index * _HASH : (index + 1) * _HASH])

    def missing(self) -> list[Missing]:
        """Return the documents that entries name and no line holds, in the order of the entries."""
        held = {document.sha256 for document in self.documents if document.same}
        lacking = (Missing(at, name, digest) for digest, (at, name) in self.named.items() if digest not in held)
        return sorted(lacking)

    def take(self, line: Line) -> None:
        """Add one line after the header."""
        members = line.members
        match line.type:
            case "entry":
                self._leaves += leaf_hash(members["b"])
                self._take_entry(members["b"], self.counts["entry"])
            case "checkpoint":
                self.take_note(members["note"])
                return
            case "inclusion":
                self._take_inclusion(Inclusion(members["index"], members["size"], members["proof"], None), members.get("entry"))
            case "consistency":
                self.consistencies.append(Consistency(members["from"], members["to"], members["proof"]))
            case "document":
                self.documents.append(Document(members["sha256"], sha256(members["b"]).hexdigest() == members["sha256"]))
            case _:
                code = hmac.digest(bytes.fromhex(members["salt"]), canonical(members["record"]), "sha256").hex()
                self.disclosures.append(Disclosure(members["index"], (members["role"], code)))
        self.counts[line.type] += 1

    def take_note(self, note: str) -> None:
        """Add a checkpoint of the bundle, or after those one from outside it."""
        at = self.counts["checkpoint"]
        self.counts["checkpoint"] += 1
        try:
            checkpoint = parse_checkpoint(note)
        except UnreadableError:
            self.find("CHECKPOINT_MALFORMED", at)
            return
        signed = [valid for key in self._keys for valid in checkpoint.by(key)]
        if checkpoint.origin != self.header.log:
            self.find("ORIGIN_MISMATCH", at)
        elif not signed:
            self.find("KEY_UNKNOWN", at)
        elif not all(signed):
            self.find("SIGNATURE_INVALID", at)
        else:
            self.heads.append((at, checkpoint))

    def _take_inclusion(self, line: Inclusion, entry: bytes | None) -> None:
        if entry is not None:
            self._take_entry(entry, line.place)
            line = line._replace(leaf=leaf_hash(entry))
        self.inclusions.append(line)

    def _take_entry(self, raw: bytes, place: int) -> None:
        try:
            entry = parse_entry(raw)
        except NotCanonicalError:
            self.find("ENTRY_NOT_CANONICAL", place)
        except NotAnEntryError:
            self.find("ENTRY_SCHEMA", place)
        else:
            self._take_parsed(entry, place)

    def _take_parsed(self, entry: Entry, place: int) -> None:
        if entry.seq != place:
            self.find("ENTRY_SEQ_WRONG", place)
        if entry.log != self.header.log:
            self.find("ENTRY_LOG_WRONG", place)
        if self.header.full:
            if entry.effect_id in self._effects:
                self.find("DUPLICATE_EFFECT", place)
            self._effects.add(entry.effect_id)
        for name, digest in entry.documents:
            self.named.setdefault(digest, (place, sys.intern(name)))
        if entry.commitments:
            self.committed[place] = self.committed.get(place, ()) + entry.commitments
