"""The verifier answers the published vectors as they say, by its command and value by value."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from marktplatz_verify.checkpoint import parse_checkpoint
from marktplatz_verify.cli import main
from marktplatz_verify.entry import parse_entry
from marktplatz_verify.forms import canonical
from marktplatz_verify.keys import LOG, WITNESS, VerifierKey
from marktplatz_verify.tree import is_consistent, is_included, leaf_hash, roots

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors/archive.json").read_text("utf-8"))
TREES = VECTORS["trees"]
LEAVES = [leaf_hash(text.encode()) for text in TREES["data"]]
ROOTS = [bytes.fromhex(text) for text in TREES["roots"]]


@pytest.mark.parametrize("case", VECTORS["bundles"], ids=[case["id"] for case in VECTORS["bundles"]])
def test_a_bundle_has_its_answer_and_exit_code(case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(case["bundle"].encode())
    command = [str(bundle)]
    for key in case["options"]["keys"]:
        command += ["--key", key]
    for place, note in enumerate(case["options"]["against"]):
        (tmp_path / str(place)).write_bytes(note.encode())
        command += ["--against", str(tmp_path / str(place))]
    for key in case["options"]["witnesses"]:
        command += ["--witness", key]
    assert main([*command, "--quorum", str(case["options"]["quorum"])]) == case["exit"]
    assert json.loads(capsys.readouterr().out) == case["answer"]


def test_canonical_json() -> None:
    for case in VECTORS["canonical"]:
        assert canonical(case["value"]) == case["text"].encode()
        assert sha256(canonical(case["value"])).hexdigest() == case["sha256"]


def test_leaves_and_roots() -> None:
    assert [leaf.hex() for leaf in LEAVES] == TREES["leaf_hashes"]
    assert roots(LEAVES, range(len(ROOTS))) == dict(enumerate(ROOTS))


@pytest.mark.parametrize("case", TREES["inclusion"], ids=lambda case: f"{case['index']} in {case['size']}")
def test_a_proof_of_inclusion(case: dict[str, Any]) -> None:
    index, size, proof = case["index"], case["size"], [bytes.fromhex(text) for text in case["proof"]]
    assert is_included(LEAVES[index], index, size, proof, ROOTS[size])
    assert not is_included(LEAVES[index], index, size, [*proof, ROOTS[0]], ROOTS[size])
    assert not is_included(LEAVES[index], index, size, proof, ROOTS[size - 1])
    assert not is_included(LEAVES[index], size, size, proof, ROOTS[size])


@pytest.mark.parametrize("case", TREES["consistency"], ids=lambda case: f"{case['from']} to {case['to']}")
def test_a_proof_of_consistency(case: dict[str, Any]) -> None:
    first, second, proof = case["from"], case["to"], [bytes.fromhex(text) for text in case["proof"]]
    assert is_consistent(first, second, proof, ROOTS[first], ROOTS[second])
    assert not is_consistent(first, second, [*proof, ROOTS[0]], ROOTS[first], ROOTS[second])
    assert not is_consistent(first, second, proof, ROOTS[first - 1], ROOTS[second])
    assert first == second or not is_consistent(second, first, proof, ROOTS[second], ROOTS[first])


def test_keys_checkpoint_and_cosignature() -> None:
    log = VerifierKey.parse(VECTORS["keys"]["log"]["vkey"], LOG)
    witness = VerifierKey.parse(VECTORS["keys"]["witness"]["vkey"], WITNESS)
    assert log.public.hex() == VECTORS["keys"]["log"]["public"]
    case = VECTORS["checkpoint"]
    head = parse_checkpoint(case["note"])
    assert (head.origin, head.size, head.root.hex()) == (case["origin"], case["size"], case["root"])
    assert (head.by(log), head.by(witness)) == ([True], [])
    cosigned = parse_checkpoint(case["cosigned"]["note"])
    assert (cosigned.by(log), cosigned.by(witness)) == ([True], [True])
    assert cosigned.signatures[1].value[:8] == case["cosigned"]["time"].to_bytes(8, "big")


def test_entry_and_commitment() -> None:
    raw = VECTORS["entry"]["text"].encode()
    assert leaf_hash(raw).hex() == VECTORS["entry"]["leaf_hash"]
    case = VECTORS["commitment"]
    assert canonical(case["record"]) == case["canonical"].encode()
    code = hmac.digest(bytes.fromhex(case["salt"]), canonical(case["record"]), "sha256").hex()
    assert code == case["hmac"]
    assert ("grantee.contact", code) in parse_entry(raw).commitments
