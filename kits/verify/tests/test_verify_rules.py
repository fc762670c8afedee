"""Each finding by its condition, alone: what is wrong or missing in a bundle is named with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from verify_world import (
    KEY,
    LOG,
    OTHER,
    RECORD,
    WITNESS,
    Log,
    b64,
    canonical,
    cosigned,
    disclosure,
    document,
    entry,
    file_of,
    note,
    root,
)

import marktplatz_verify as verifier

LINES = list[dict[str, Any]]
MODEL = Log()
HEAD = MODEL.head()
EMPTY = note(0, root([]))
BAD = "0" * 64


def found(lines: LINES, *against: str, quorum: int = 0, keys: tuple[str, ...] = (KEY.vkey,)) -> set[tuple[str, int | None]]:
    chosen = [verifier.VerifierKey.parse(key, verifier.LOG) for key in keys]
    witnesses = [verifier.VerifierKey.parse(WITNESS.vkey, verifier.WITNESS)] * 2
    report = verifier.verify(file_of(lines), chosen, against, witnesses=witnesses, quorum=quorum)
    return {(finding.code, finding.at) for finding in report.findings}


def log_with(place: int, **more: Any) -> Log:
    log = Log()
    log.entries[place] = canonical({**entry(place), **more})
    return log


def in_full(log: Log) -> set[tuple[str, int | None]]:
    return found(log.full(log.head()))


def test_a_bundle_of_everything_is_valid() -> None:
    lines = MODEL.full(
        MODEL.head(3), HEAD, MODEL.inclusion(1, 3), MODEL.inclusion(4, 5), MODEL.consistency(3, 5), document(), disclosure()
    )
    assert found(lines) == set()
    assert found([lines[0], *reversed(lines[6:]), *lines[1:6]]) == set()


SCHEMA: dict[str, dict[str, Any]] = {
    "effect id in capitals": {"effect_id": "ABCDEF00-0000-0000-0000-000000000000"},
    "effect empty": {"effect": ""},
    "number empty": {"number": ""},
    "state a number": {"state": 1},
    "format of later": {"format": "marktplatz-archive-entry/2"},
    "log empty": {"log": ""},
    "seq below 0": {"seq": -1},
    "seq too large": {"seq": 2**53},
    "seq a boolean": {"seq": True},
    "time with offset": {"time": "2025-01-15T08:00:00+00:00"},
    "time short": {"time": "2025-01-15T08:00Z"},
    "time not in the calendar": {"time": "2025-02-29T08:00:00Z"},
    "leap second": {"time": "2016-12-31T23:59:60Z"},
    "subject with a further member": {"subject": {**entry(2)["subject"], "name": "x"}},
    "version below 0": {"subject": {**entry(2)["subject"], "version": -1}},
    "hash in capitals": {"documents": [{"name": "a", "sha256": "A" * 64}]},
    "document twice": {"documents": [{"name": "a", "sha256": BAD}] * 2},
    "documents not sorted": {"documents": [{"name": "b", "sha256": BAD}, {"name": "a", "sha256": BAD}]},
    "role empty": {"commitments": [{"hmac": BAD, "role": ""}]},
    "no list": {"commitments": {}},
}


@pytest.mark.parametrize("more", SCHEMA.values(), ids=SCHEMA.keys())
def test_an_entry_of_another_form_is_named(more: dict[str, Any]) -> None:
    assert in_full(log_with(2, **more)) == {("ENTRY_SCHEMA", 2)}


@pytest.mark.parametrize("raw", [b"5", b"[]", b"null", b"{}", b'"x"'])
def test_canonical_json_that_is_no_object_is_no_entry(raw: bytes) -> None:
    log = Log()
    log.entries[3] = raw
    assert in_full(log) == {("ENTRY_SCHEMA", 3)}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw + b"\n",
        lambda raw: raw.replace(b'"seq":3', b'"seq":3.0'),
        lambda raw: raw.replace(b'"seq":3', b'"seq":3e0'),
        lambda raw: raw.replace(b'"seq":3', b'"seq":3,"seq":3'),
        lambda raw: raw.replace(b"FITST/", b"FITST\\/"),
        lambda raw: raw.replace(b'"state"', '"stäte"'.encode()),
        lambda raw: raw.replace(b"FITST", b"\\ud800"),
        lambda raw: raw.replace(b"FITST", b"\xff"),
        lambda raw: raw[:-1],
        lambda raw: raw.replace(b'"seq":3', b'"seq":NaN'),
        lambda _raw: b"",
        lambda _raw: b"-0",
        lambda _raw: b"[" * 100_000,
    ],
)
def test_another_spelling_of_an_entry_is_named(spoil: Callable[[bytes], bytes]) -> None:
    log = Log()
    log.entries[3] = spoil(log.entries[3])
    assert in_full(log) == {("ENTRY_NOT_CANONICAL", 3)}


def test_place_log_and_effect_of_an_entry() -> None:
    assert in_full(log_with(2, seq=7)) == {("ENTRY_SEQ_WRONG", 2)}
    assert in_full(log_with(2, log="other")) == {("ENTRY_LOG_WRONG", 2)}
    assert in_full(log_with(2, effect_id=entry(0)["effect_id"])) == {("DUPLICATE_EFFECT", 2)}


def test_the_same_in_a_receipt_has_the_index_as_place() -> None:
    log = log_with(2, seq=7, log="other", effect_id=entry(0)["effect_id"])
    assert found(log.receipt(2, log.head())) == {("ENTRY_SEQ_WRONG", 2), ("ENTRY_LOG_WRONG", 2)}
    log = log_with(2, state="")
    assert found(log.receipt(2, log.head())) == {("ENTRY_SCHEMA", 2)}


MALFORMED = {
    "nothing": "",
    "no signature": HEAD["note"].split("— ")[0],
    "no last line feed": HEAD["note"][:-1],
    "two empty lines": HEAD["note"].replace("\n\n", "\n\n\n"),
    "empty line in the text": note(5, root(MODEL.entries), more="a\n\nb\n"),
    "leading zero": note(0, root([])).replace("\n0\n", "\n00\n"),
    "beyond 64 bits": note(2**63, root([])),
    "root too short": note(5, b"root"),
    "loose bits": HEAD["note"].replace("=\n\n", "!\n\n"),
    "carriage return": HEAD["note"].replace("\n", "\r\n"),
    "hyphen": HEAD["note"].replace("— ", "- "),
    "two blanks": HEAD["note"].replace("— ", "—  "),
    "name with plus": HEAD["note"].replace("— m", "— +m"),
    "signature empty": HEAD["note"].rsplit(" ", 1)[0] + f" {b64(KEY.id)}\n",
    "two lines of text": "a\n5\n\n" + KEY.line(b""),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_checkpoint_of_another_form_is_named(text: str) -> None:
    assert found(MODEL.full(HEAD, {"t": "checkpoint", "note": text})) == {("CHECKPOINT_MALFORMED", 1)}


def test_the_largest_size_is_a_checkpoint() -> None:
    assert found(MODEL.full(HEAD), note(2**63 - 1, root([]))) == {("ENTRIES_MISSING", 1)}


def test_origin_key_and_signature_of_a_checkpoint() -> None:
    root_ = root(MODEL.entries)
    text = HEAD["note"].rpartition("\n\n")[0] + "\n"
    twice = HEAD["note"] + KEY.line(b"another text")
    assert found(MODEL.full(HEAD), note(5, root_, origin="other")) == {("ORIGIN_MISMATCH", 1)}
    assert found(MODEL.full(HEAD), note(5, root_, signers=(OTHER,))) == {("KEY_UNKNOWN", 1)}
    assert found(MODEL.full(HEAD), f"{text}\n{KEY.line(b'another text')}") == {("SIGNATURE_INVALID", 1)}
    assert found(MODEL.full(HEAD), twice) == {("SIGNATURE_INVALID", 1)}
    assert found(MODEL.full(HEAD), note(5, root_, signers=(KEY, OTHER), more="further\n")) == set()
    assert found(MODEL.full(HEAD), note(5, root_, signers=(OTHER,)), keys=(KEY.vkey, OTHER.vkey)) == set()


def test_checkpoints_from_outside_alone_are_enough() -> None:
    assert found(MODEL.full(), HEAD["note"]) == set()
    assert found(MODEL.full()) == {("NO_CHECKPOINT", None)}
    assert found(MODEL.full(), "") == {("CHECKPOINT_MALFORMED", 0)}


def test_entries_that_miss_or_are_not_signed() -> None:
    cut = MODEL.full(HEAD)
    del cut[5]
    assert found(cut) == {("ENTRIES_MISSING", 0)}
    assert found(MODEL.full(MODEL.head(3))) == {("ENTRIES_UNSIGNED", None)}
    assert found(MODEL.full(), EMPTY) == {("ENTRIES_UNSIGNED", None)}


def test_two_roots_of_one_size_and_a_rewritten_past_are_a_fork() -> None:
    other = note(5, root(MODEL.entries[:4]))
    assert found(MODEL.receipt(1, HEAD), other) == {("FORK", None)}
    assert found(MODEL.full(HEAD), other) == {("FORK", None), ("ROOT_MISMATCH", 1)}
    assert found(MODEL.full(HEAD), note(3, root([]))) == {("FORK", None), ("ROOT_MISMATCH", 1)}
    assert found(MODEL.full(MODEL.head(3), {"t": "checkpoint", "note": other})) == {("ROOT_MISMATCH", 1)}
    assert found(MODEL.full(HEAD), note(0, root(MODEL.entries))) == {("FORK", None), ("ROOT_MISMATCH", 1)}


def test_proofs() -> None:
    bad = MODEL.inclusion(1, 5)
    bad["proof"][0] = BAD
    assert found(MODEL.full(HEAD, bad)) == {("INCLUSION_INVALID", 0)}
    assert found(MODEL.full(HEAD, {**MODEL.inclusion(1, 5), "index": 2})) == {("INCLUSION_INVALID", 0)}
    assert found(MODEL.full(HEAD, {**MODEL.inclusion(1, 5), "index": 7})) == {("INCLUSION_INVALID", 0)}
    assert found(MODEL.full(HEAD, MODEL.inclusion(1, 3))) == {("PROOF_WITHOUT_CHECKPOINT", 0)}
    assert found(MODEL.full(HEAD, MODEL.consistency(3, 5))) == {("PROOF_WITHOUT_CHECKPOINT", 0)}
    backwards = {**MODEL.consistency(3, 5), "from": 5, "to": 3}
    assert found(MODEL.full(HEAD, MODEL.head(3), backwards)) == {("CONSISTENCY_INVALID", 0)}
    assert found(MODEL.full(HEAD, MODEL.consistency(5, 5))) == set()
    assert found(MODEL.full(HEAD, {**MODEL.consistency(5, 5), "proof": [BAD]})) == {("CONSISTENCY_INVALID", 0)}
    assert found(MODEL.full(HEAD, MODEL.consistency(0, 5)), EMPTY) == set()


def test_a_receipt_connects_every_older_head() -> None:
    older, oldest = MODEL.head(3)["note"], MODEL.head(1)["note"]
    to_3, to_5 = MODEL.consistency(1, 3), MODEL.consistency(3, 5)
    assert found(MODEL.receipt(1, HEAD), EMPTY) == set()
    assert found(MODEL.receipt(1, HEAD), older) == {("CONSISTENCY_MISSING", None)}
    assert found(MODEL.receipt(1, HEAD, to_5), older) == set()
    assert found(MODEL.receipt(1, HEAD, to_5), older, oldest) == {("CONSISTENCY_MISSING", None)}
    assert found(MODEL.receipt(1, HEAD, to_5, to_3), older, oldest) == set()
    assert found(MODEL.receipt(1, HEAD, MODEL.consistency(3, 3)), older) == {("CONSISTENCY_MISSING", None)}
    broken = {**to_5, "proof": to_5["proof"][1:]}
    assert found(MODEL.receipt(1, HEAD, broken), older) == {("CONSISTENCY_INVALID", 0), ("CONSISTENCY_MISSING", None)}


def test_documents_and_disclosures() -> None:
    foreign, other = document(b"foreign"), {**document(), "b": b64(b"PDF 3")}
    assert found(MODEL.full(HEAD, document(), foreign)) == {("DOCUMENT_UNREFERENCED", 1)}
    assert found(MODEL.full(HEAD, other)) == {("DOCUMENT_HASH_MISMATCH", 0)}
    assert found(MODEL.receipt(1, HEAD, document())) == {("DOCUMENT_UNREFERENCED", 0)}
    for change in ({"role": "grantor.contact"}, {"salt": BAD}, {"record": {**RECORD, "since": 1}}, {"index": 2}, {"index": 99}):
        assert found(MODEL.full(HEAD, {**disclosure(), **change})) == {("COMMITMENT_MISMATCH", 0)}, change


def test_a_quorum_counts_different_witnesses_of_the_greatest_head() -> None:
    head = note(5, root(MODEL.entries), signers=(KEY, WITNESS))
    text = head.rpartition("\n\n")[0] + "\n"
    later = f"{text}\n{KEY.line(text.encode())}{cosigned(text)[:-9]}AAAAAAA=\n{cosigned(text, 1)}"
    missing = {("WITNESS_MISSING", None)}
    assert found(MODEL.full(), head, quorum=1) == set()
    assert found(MODEL.full(), later, quorum=1) == set()
    assert found(MODEL.full(), head, quorum=2) == missing
    assert found(MODEL.full(HEAD), head, quorum=1) == missing
    assert found(MODEL.full(HEAD), note(3, root(MODEL.entries[:3]), signers=(KEY, WITNESS)), quorum=1) == missing
    assert found(MODEL.full(), quorum=1) == missing | {("NO_CHECKPOINT", None)}
    as_log = f"{text}\n{KEY.line(text.encode())}{WITNESS.line(text.encode())}"
    assert found(MODEL.full(), as_log, quorum=1) == missing


UNREADABLE: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "empty file": lambda _lines: [],
    "no header": lambda lines: lines[1:],
    "header twice": lambda lines: [lines[0], *lines],
    "byte order mark": lambda lines: [b"\xef\xbb\xbf" + lines[0], *lines[1:]],
    "version true": lambda lines: [lines[0].replace(b'"v":1', b'"v":true'), *lines[1:]],
    "further member": lambda lines: [*lines, b'{"t":"checkpoint","note":"","x":1}'],
    "duplicate member": lambda lines: [*lines, b'{"t":"checkpoint","t":"checkpoint","note":""}'],
    "float": lambda lines: [*lines, b'{"t":"consistency","from":1.0,"to":5,"proof":[]}'],
    "boolean": lambda lines: [*lines, b'{"t":"consistency","from":true,"to":5,"proof":[]}'],
    "integer too large": lambda lines: [*lines, b'{"t":"consistency","from":9007199254740992,"to":5,"proof":[]}'],
    "integer below 0": lambda lines: [*lines, b'{"t":"consistency","from":-1,"to":5,"proof":[]}'],
    "half a surrogate pair": lambda lines: [*lines, b'{"t":"checkpoint","note":"\\ud800"}'],
    "not UTF-8": lambda lines: [*lines, b'{"t":"checkpoint","note":"\xff"}'],
    "member name": lambda lines: [*lines, canonical({**disclosure(), "record": {"ä": 1}})],
    "record with a float": lambda lines: [*lines, canonical({**disclosure(), "record": {"a": 1.5}})],
    "record a list": lambda lines: [*lines, canonical({**disclosure(), "record": []})],
    "base64 without padding": lambda lines: [*lines, canonical({"t": "entry", "b": "AA"})],
    "base64 with loose bits": lambda lines: [*lines, canonical({"t": "entry", "b": "AB=="})],
    "no hash": lambda lines: [*lines, canonical({**document(), "sha256": "A" * 64})],
    "deep": lambda lines: [*lines, b"[" * 100_000],
    "no object": lambda lines: [*lines, b"[]"],
    "type no text": lambda lines: [*lines, b'{"t":[]}'],
    "receipt with an entry line": lambda lines: [lines[0].replace(b"full", b"receipt"), *lines[1:]],
    "inclusion with an entry": lambda lines: [*lines, *file_of(MODEL.receipt(1)[1:])],
}


@pytest.mark.parametrize("spoil", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_bundle_of_another_form_is_unreadable(spoil: Callable[[list[bytes]], list[bytes]]) -> None:
    key = verifier.VerifierKey.parse(KEY.vkey, verifier.LOG)
    report = verifier.verify(spoil(file_of(MODEL.full(HEAD))), [key])
    assert report.as_json() == {
        "verdict": "UNREADABLE",
        "log": None,
        "entries": 0,
        "size": None,
        "root": None,
        "findings": [{"code": "UNREADABLE", "at": None}],
    }


def test_blanks_and_carriage_returns_between_lines_mean_nothing() -> None:
    lines = [b"\r\n", *(b"  " + line.replace(b"\n", b" \r\n") for line in file_of(MODEL.full(HEAD))), b" \n"]
    key = verifier.VerifierKey.parse(KEY.vkey, verifier.LOG)
    assert verifier.verify(lines, [key]).verdict is verifier.Verdict.VALID


def test_the_log_of_the_key_is_the_origin() -> None:
    assert KEY.vkey.startswith(LOG + "+")
