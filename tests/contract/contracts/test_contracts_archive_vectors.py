"""The archive writes the bytes of the published vectors: hashes, proofs, entries, commitments, checkpoints, bundles."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.contracts.archive import bundle
from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archive.commitment import commit
from services.contracts.archive.entry import Effect, Entry
from services.contracts.archive.keys import LogKey
from services.contracts.archive.receipt import receipt
from services.contracts.archive.tree import EMPTY, Tree, leaf_hash
from shared.canonical_json import canonical, digest

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "docs/anbinden/vectors/archive.json").read_text(encoding="utf-8")
)
TREES = VECTORS["trees"]
TREE = Tree(leaf_hash(text.encode()) for text in TREES["data"])
BUNDLES = {case["id"]: case for case in VECTORS["bundles"]}
KEY = LogKey(VECTORS["checkpoint"]["origin"], Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["keys"]["log"]["seed"])))


def effect_of(entry: Entry) -> Effect:
    return Effect(
        **entry.model_dump(include={"effect", "effect_id", "number", "state"}),
        subject=entry.subject,
        time=entry.time,
        documents={document.name: document.sha256 for document in entry.documents},
        commitments={commitment.role: commitment.hmac for commitment in entry.commitments},
    )


def test_canonical_json() -> None:
    for case in VECTORS["canonical"]:
        assert (canonical(case["value"]), digest(case["value"])) == (case["text"].encode(), case["sha256"])


def test_roots() -> None:
    assert [TREE.root(size).hex() for size in range(len(TREES["roots"]))] == TREES["roots"]
    assert TREE.frontier.root.hex() == TREES["roots"][-1]
    assert TREE.root(0) == EMPTY
    with pytest.raises(ValueError, match="17 leaves"):
        TREE.root(18)


def test_proofs_of_inclusion() -> None:
    for case in TREES["inclusion"]:
        assert [node.hex() for node in TREE.inclusion(case["index"], case["size"])] == case["proof"]
    for index, size in ((3, 3), (-1, 3), (0, 18)):
        with pytest.raises(ValueError, match="lea"):
            TREE.inclusion(index, size)


def test_proofs_of_consistency() -> None:
    for case in TREES["consistency"]:
        assert [node.hex() for node in TREE.consistency(case["from"], case["to"])] == case["proof"]
    for first, second in ((4, 3), (-1, 3), (3, 18)):
        with pytest.raises(ValueError, match="later log" if second == 3 else "17 leaves"):
            TREE.consistency(first, second)


def test_an_entry_and_its_leaf() -> None:
    text, leaf = VECTORS["entry"]["text"].encode(), VECTORS["entry"]["leaf_hash"]
    entry = Entry.read(text)
    assert effect_of(entry).entry(entry.log, entry.seq) == text
    assert leaf_hash(text).hex() == leaf


def test_a_commitment() -> None:
    case = VECTORS["commitment"]
    assert commit(case["record"], bytes.fromhex(case["salt"])) == case["hmac"]
    with pytest.raises(ValueError, match="32 bytes"):
        commit(case["record"], b"salt")


def test_a_signed_checkpoint() -> None:
    case = VECTORS["checkpoint"]
    head = Checkpoint(case["origin"], case["size"], bytes.fromhex(case["root"]))
    assert head.signed(KEY) == case["note"]
    assert Checkpoint.read(case["note"]) == Checkpoint.read(case["cosigned"]["note"]) == head
    assert KEY.vkey == VECTORS["keys"]["log"]["vkey"]
    with pytest.raises(ValueError, match="cannot sign"):
        Checkpoint("other.example", 0, EMPTY).signed(KEY)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_name_that_no_log_can_have(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a log"):
        LogKey(name, KEY.private)


def test_the_lines_of_a_whole_bundle() -> None:
    lines = [json.loads(line) for line in BUNDLES["b01-whole"]["bundle"].splitlines()]
    writers = {
        "bundle": lambda it: bundle.header(it["log"], full=True),
        "entry": lambda it: bundle.entry(base64.b64decode(it["b"])),
        "checkpoint": lambda it: bundle.checkpoint(it["note"]),
        "inclusion": lambda it: bundle.inclusion(it["index"], it["size"], [bytes.fromhex(node) for node in it["proof"]]),
        "consistency": lambda it: bundle.consistency(it["from"], it["to"], [bytes.fromhex(node) for node in it["proof"]]),
        "document": lambda it: bundle.document(base64.b64decode(it["b"])),
        "disclosure": lambda it: bundle.disclosure(it["index"], it["role"], bytes.fromhex(it["salt"]), it["record"]),
    }
    assert {line["t"] for line in lines} == writers.keys()
    assert b"".join(writers[line["t"]](line) for line in lines) == BUNDLES["b01-whole"]["bundle"].encode()


def test_a_receipt_of_one_contract() -> None:
    whole = BUNDLES["b01-whole"]["bundle"].encode().splitlines(keepends=True)
    expected = [json.loads(line) for line in BUNDLES["b23-receipt"]["bundle"].splitlines()]
    raw = base64.b64decode(expected[1]["entry"])
    made = [json.loads(line) for line in receipt(whole, Entry.read(raw).subject.id)]
    assert made[:2] == expected[:2]
    assert expected[2] in made
    assert Counter(line["t"] for line in made) == {
        "bundle": 1,
        "inclusion": 2,
        "checkpoint": 2,
        "consistency": 1,
        "document": 2,
        "disclosure": 1,
    }
