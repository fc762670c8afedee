"""Every single bit of a bundle counts: flipped, it is found. What is erased leaves the rest verifying."""

from __future__ import annotations

import pytest
from verify_world import KEY, WITNESS, Log, disclosure, document, file_of, note, root

import marktplatz_verify as verifier

MODEL = Log()
LINES = MODEL.receipt(
    1,
    {"t": "checkpoint", "note": note(5, root(MODEL.entries), signers=(KEY, WITNESS))},
    MODEL.head(3),
    MODEL.consistency(3, 5),
    document(b"PDF 1"),
    disclosure(),
)
FULL = MODEL.full(*LINES[2:])
SEED = 5
KEYS = [verifier.VerifierKey.parse(KEY.vkey, verifier.LOG)]
WITNESSES = [verifier.VerifierKey.parse(WITNESS.vkey, verifier.WITNESS)]


def verdict(content: bytes) -> verifier.Verdict:
    lines = content.splitlines(keepends=True) if b"\r" not in content else [line + b"\n" for line in content.split(b"\n")]
    return verifier.verify(lines, KEYS, witnesses=WITNESSES, quorum=1).verdict


def flipped_unseen(content: bytes, bits: list[int]) -> list[int]:
    unseen = []
    for bit in bits:
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        if verdict(bytes(changed)) is verifier.Verdict.VALID:
            unseen.append(bit)
    return unseen


@pytest.mark.parametrize("lines", [LINES, FULL], ids=["receipt", "full"])
def test_flipped_bits_of_a_bundle_are_found(lines: list[dict[str, object]]) -> None:
    content = b"".join(file_of(lines))
    assert verdict(content) is verifier.Verdict.VALID
    assert flipped_unseen(content, list(range(SEED, 8 * len(content), 61))) == []


@pytest.mark.slow
def test_every_flipped_bit_of_a_receipt_is_found() -> None:
    content = b"".join(file_of(LINES))
    assert flipped_unseen(content, list(range(8 * len(content)))) == []


def test_documents_and_persons_can_be_left_out() -> None:
    for lines in (LINES, FULL):
        rest = [line for line in lines if line["t"] not in {"document", "disclosure"}]
        assert verdict(b"".join(file_of(rest))) is verifier.Verdict.VALID
