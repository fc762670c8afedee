"""What holds for every log: the verifier of the kit, written apart from the archive, takes its proofs and no others."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from marktplatz_verify.tree import is_consistent, is_included, roots
from services.contracts.archive import bundle
from services.contracts.archive.commitment import commit, new_salt
from services.contracts.archive.receipt import NoReceiptError, receipt
from services.contracts.archive.tree import Frontier, Tree, leaf_hash
from tests.support.archive_log import ORIGIN, RECORD, SALT, MemoryLog, document_of, effect, verified

LOG = MemoryLog.of(7)
LEAVES = [leaf_hash(str(number).encode()) for number in range(2000)]
TREE = Tree(LEAVES)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_proofs_of_random_trees_verify_and_stand_for_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    first, index = data.draw(st.integers(0, size)), data.draw(st.integers(0, size - 1))
    root, earlier = TREE.root(size), TREE.root(first)
    included, consistent = TREE.inclusion(index, size), TREE.consistency(first, size)
    assert is_included(LEAVES[index], index, size, included, root)
    assert is_consistent(first, size, consistent, earlier, root)
    assert not is_included(LEAVES[index - 1], index, size, included, root) or size == 1
    assert not is_included(LEAVES[index], (index + 1) % size, size, included, root) or size == 1
    for proof in (included, consistent):
        if proof:
            place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
            proof[place] = (int.from_bytes(proof[place]) ^ 1 << bit).to_bytes(32)
    assert not is_included(LEAVES[index], index, size, included, root) or not included
    assert not is_consistent(first, size, consistent, earlier, root) or not consistent


def test_a_frontier_grows_as_the_tree_does() -> None:
    frontier = Frontier()
    expected = roots(LEAVES, range(len(LEAVES) + 1))
    for size, leaf in enumerate(LEAVES):
        assert frontier.root == expected[size]
        frontier, completed = frontier.grown(leaf)
        assert completed[0] == leaf
    assert (frontier.root, frontier) == (expected[len(LEAVES)], TREE.frontier)


@pytest.mark.parametrize("count", range(9))
def test_a_whole_bundle_of_any_size_is_valid(count: int) -> None:
    log = MemoryLog.of(count)
    proofs = [bundle.inclusion(index, count, log.tree.inclusion(index, count)) for index in range(count)]
    proofs += [bundle.consistency(size, count, log.tree.consistency(size, count)) for size in range(count + 1)]
    records = [bundle.document(document_of(place)) for place in range(count)]
    records += [bundle.disclosure(place, "grantee.contact", SALT, RECORD) for place in range(count)]
    assert verified(log.full(range(count + 1), *proofs, *records)) == ("VALID", [])


def test_erasing_persons_and_documents_leaves_the_log_verifying() -> None:
    lines = LOG.full([7], bundle.document(document_of(3)), bundle.disclosure(3, "grantee.contact", SALT, RECORD))
    assert verified(lines) == verified(lines[:-2]) == ("VALID", [])
    salts = {new_salt() for _ in range(100)}
    assert len(salts) == len({commit(RECORD, salt) for salt in salts}) == 100


def test_a_log_that_rewrites_its_past_is_found_by_a_checkpoint_of_before() -> None:
    rewritten = MemoryLog()
    for place in range(7):
        rewritten.append(effect(place, state="ABGELEHNT") if place == 2 else effect(place))
    assert verified(rewritten.full([7])) == ("VALID", [])
    assert verified(rewritten.full([7]), LOG.note(5)) == ("INVALID", [("FORK", None), ("ROOT_MISMATCH", 1)])
    assert verified(rewritten.full([7]), LOG.note(2)) == ("VALID", [])


def test_every_flipped_bit_of_an_entry_is_found() -> None:
    chance = random.Random(3)  # noqa: S311 - places to change
    for place, raw in enumerate(LOG.entries):
        for bit in chance.sample(range(8 * len(raw)), 40):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            entries = [*LOG.entries[:place], bytes(changed), *LOG.entries[place + 1 :]]
            verdict, findings = verified(replace(LOG, entries=entries).full([])[:], LOG.note())
            assert (verdict, ("ROOT_MISMATCH", 0) in findings) == ("INVALID", True), (place, bit)


def test_a_receipt_proves_the_entries_of_one_subject_and_shows_no_other() -> None:
    records = (
        bundle.document(document_of(2)),
        bundle.document(document_of(5)),
        bundle.disclosure(3, "grantee.contact", SALT, RECORD),
    )
    subject = effect(2).subject.id
    lines = receipt([b"\n", *LOG.full([7, 1, 4], *records)], subject)
    assert verified(lines, LOG.note(1)) == ("VALID", [])
    assert lines[1:3] == [bundle.inclusion(place, 7, LOG.tree.inclusion(place, 7), LOG.entries[place]) for place in (2, 3)]
    assert (records[0] in lines, records[1] in lines, records[2] in lines) == (True, False, True)
    assert [line for line in lines if b'"FITST/2025/0001"' in line] == []


def test_a_receipt_covers_what_the_greatest_checkpoint_covers() -> None:
    lines = receipt(LOG.full([3]), effect(2).subject.id)
    assert [line for line in lines if b'"t":"inclusion"' in line] == [
        bundle.inclusion(2, 3, LOG.tree.inclusion(2, 3), LOG.entries[2])
    ]
    for faulty in ([], LOG.full([2]), LOG.full([]), [b"{}"], [b"["], lines, [*LOG.full([7]), b'{"t":"checkpoint"}']):
        with pytest.raises(NoReceiptError):
            receipt(faulty, effect(2).subject.id)


@pytest.mark.parametrize(
    "more",
    [
        {"effect": ""},
        {"effect_id": "ABCDEF00-0000-0000-0000-000000000000"},
        {"number": ""},
        {"documents": {"a": "A" * 64}},
        {"documents": {"": "a" * 64}},
        {"commitments": {"a": "a" * 63}},
    ],
)
def test_what_no_entry_can_hold_is_refused_before_it_is_written(more: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        effect(0, **more)
    for seq in (-1, 2**53):
        with pytest.raises(ValueError, match="no place"):
            effect(0).entry(ORIGIN, seq)
