"""A receipt from a full bundle: the entries of one subject with their proofs, for somebody to whom the others are no business."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.contracts.archive import bundle
from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archive.entry import Entry
from services.contracts.archive.tree import Tree, leaf_hash
from shared.strict_json import parse


class NoReceiptError(ValueError):
    """No receipt can be made: the bundle is none of a whole log, or holds nothing about the subject."""


@dataclass(slots=True)
class _Read:
    """A bundle of a whole log: its tree, the entries about one subject, and checkpoints by size."""

    log: str
    tree: Tree = field(default_factory=Tree)
    about: dict[int, bytes] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)

    def take(self, value: dict[str, Any], subject: str) -> None:
        if value["t"] == "entry":
            raw = base64.b64decode(value["b"])
            if Entry.read(raw).subject.id == subject:
                self.about[self.tree.frontier.size] = raw
            self.tree.append(leaf_hash(raw))
        elif value["t"] == "checkpoint":
            self.notes.setdefault(Checkpoint.read(value["note"]).size, value["note"])

    def heads(self) -> Iterator[bytes]:
        """Yield the checkpoints that entries are there for, each connected with the greatest."""
        sizes = sorted(size for size in self.notes if size <= self.tree.frontier.size)
        for size in sizes:
            yield bundle.checkpoint(self.notes[size])
            if 0 < size < sizes[-1]:
                yield bundle.consistency(size, sizes[-1], self.tree.consistency(size, sizes[-1]))


def _records(values: Iterable[dict[str, Any]], shown: Mapping[int, bytes]) -> Iterator[bytes]:
    """Yield the documents and disclosures of some entries."""
    named = {document.sha256 for raw in shown.values() for document in Entry.read(raw).documents}
    for value in values:
        if value["t"] == "document" and value["sha256"] in named:
            named.remove(value["sha256"])
            yield bundle.document(base64.b64decode(value["b"]))
        if value["t"] == "disclosure" and value["index"] in shown:
            yield bundle.disclosure(value["index"], value["role"], bytes.fromhex(value["salt"]), value["record"])


def receipt(lines: Iterable[bytes], subject: str) -> list[bytes]:
    """Return the lines of a receipt about the subject with this id.

    ``lines`` are gone through twice, so that documents of others are never held in memory.

    It holds each entry about it that the greatest checkpoint covers, with a proof of inclusion; the checkpoints, the smaller ones
    with a proof of consistency; documents and disclosures of those entries as far as the bundle has them. Nothing is verified
    here. Raises NoReceiptError.
    """
    try:
        return list(_receipt(lines, subject))
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, NoReceiptError):
            raise
        raise NoReceiptError("The bundle does not have its form: verify it.") from error


def _receipt(lines: Iterable[bytes], subject: str) -> Iterator[bytes]:
    values = _values(lines)
    head = next(values, {})
    if (head.get("t"), head.get("mode")) != ("bundle", "full"):
        raise NoReceiptError("The file is no bundle of a whole log.")
    read = _Read(head["log"])
    for value in values:
        read.take(value, subject)
    size = max((size for size in read.notes if size <= read.tree.frontier.size), default=0)
    shown = {index: raw for index, raw in read.about.items() if index < size}
    if not shown:
        raise NoReceiptError(f"No checkpoint covers an entry about {subject}.")
    yield bundle.header(read.log, full=False)
    for index, raw in shown.items():
        yield bundle.inclusion(index, size, read.tree.inclusion(index, size), raw)
    yield from read.heads()
    yield from _records(_values(lines), shown)


def _values(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.strip():
            value = parse(line)
            yield value if isinstance(value, dict) else {}
