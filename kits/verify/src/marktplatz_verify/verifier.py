"""The verifier: what of a bundle is wrong, and what is not proven."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from marktplatz_verify.bundle import read_bundle
from marktplatz_verify.checkpoint import Checkpoint
from marktplatz_verify.collected import Collected
from marktplatz_verify.forms import UnreadableError
from marktplatz_verify.keys import VerifierKey
from marktplatz_verify.report import UNREADABLE, Report
from marktplatz_verify.tree import is_consistent, is_included, roots

Good = dict[int, Checkpoint]
"""The first good checkpoint of each size."""


def verify(
    bundle: Iterable[bytes],
    keys: Sequence[VerifierKey],
    against: Iterable[str] = (),
    *,
    witnesses: Iterable[VerifierKey] = (),
    quorum: int = 0,
) -> Report:
    """Return the report on a bundle, read line by line.

    ``keys`` are those of logs; ``against`` are notes of checkpoints that were kept earlier; ``quorum`` of the ``witnesses`` must
    have cosigned the greatest good checkpoint.
    """
    try:
        header, lines = read_bundle(bundle)
        read = Collected(header, keys)
        for line in lines:
            read.take(line)
    except UnreadableError:
        return UNREADABLE
    for note in against:
        read.take_note(note)
    good: Good = {}
    for _, checkpoint in read.heads:
        good.setdefault(checkpoint.size, checkpoint)
    greatest = good[max(good)] if good else None
    _judge_heads(read, good)
    _judge_inclusions(read, good)
    _judge_consistencies(read, good)
    _judge_records(read)
    if quorum > _cosigned(greatest, witnesses):
        read.find("WITNESS_MISSING")
    return Report(
        log=header.log,
        entries=read.counts["entry" if header.full else "inclusion"],
        size=greatest.size if greatest else None,
        root=greatest.root if greatest else None,
        findings=frozenset(read.findings),
        documents=len(read.named),
        missing=tuple(read.missing()),
    )


def _judge_heads(read: Collected, good: Good) -> None:
    if not read.counts["checkpoint"]:
        read.find("NO_CHECKPOINT")
    if any(checkpoint.root != good[checkpoint.size].root for _, checkpoint in read.heads):
        read.find("FORK")
    if not read.header.full:
        return
    entries = read.counts["entry"]
    if good and entries > max(good):
        read.find("ENTRIES_UNSIGNED")
    found = roots(read.leaves(), good.keys())
    matching = max((head.size for _, head in read.heads if found.get(head.size) == head.root), default=-1)
    for at, head in read.heads:
        if head.size > entries:
            read.find("ENTRIES_MISSING", at)
        elif found[head.size] != head.root:
            read.find("ROOT_MISMATCH", at)
            if head.size <= matching:
                read.find("FORK")


def _judge_inclusions(read: Collected, good: Good) -> None:
    for at, line in enumerate(read.inclusions):
        head = good.get(line.size)
        leaf = read.leaf(line.place) if read.header.full and line.place < read.counts["entry"] else line.leaf
        if head is None:
            read.find("PROOF_WITHOUT_CHECKPOINT", at)
        elif leaf is None or not is_included(leaf, line.place, line.size, line.proof, head.root):
            read.find("INCLUSION_INVALID", at)


def _judge_consistencies(read: Collected, good: Good) -> None:
    connected: set[int] = set()
    for at, line in enumerate(read.consistencies):
        first, second = good.get(line.first), good.get(line.second)
        if first is None or second is None:
            read.find("PROOF_WITHOUT_CHECKPOINT", at)
        elif not is_consistent(line.first, line.second, line.proof, first.root, second.root):
            read.find("CONSISTENCY_INVALID", at)
        elif line.first < line.second:
            connected.add(line.first)
    if not read.header.full and good and good.keys() - connected - {0, max(good)}:
        read.find("CONSISTENCY_MISSING")


def _judge_records(read: Collected) -> None:
    for at, document in enumerate(read.documents):
        if not document.same:
            read.find("DOCUMENT_HASH_MISMATCH", at)
        elif document.sha256 not in read.named:
            read.find("DOCUMENT_UNREFERENCED", at)
    for at, disclosure in enumerate(read.disclosures):
        if disclosure.commitment not in read.committed.get(disclosure.place, ()):
            read.find("COMMITMENT_MISMATCH", at)


def _cosigned(head: Checkpoint | None, witnesses: Iterable[VerifierKey]) -> int:
    return sum(any(head.by(key)) for key in set(witnesses)) if head else 0
