"""The conformance run passes a marketplace that keeps the rules, and finds one that does not."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from partner_responder import Responder
from partner_world import MemoryTransport, bench, new_key, responder

from efa_partner import keys
from efa_partner.conformance.case import Kind
from efa_partner.conformance.prepared import PREPARED
from efa_partner.conformance.report import Report
from efa_partner.conformance.run import CASES, Result, Verdict, run
from efa_partner.keys import Algorithm

ALONE = [case for case in CASES if case not in PREPARED]
CODES = sorted({code for case in ALONE for _, code in case.expected.alternatives if code is not None})


def failed(results: list[Result]) -> set[str]:
    return {result.case.id for result in results if result.verdict is not Verdict.PASSED}


def test_there_are_many_cases_each_with_a_name_of_its_own_and_words_in_two_languages() -> None:
    assert len(ALONE) >= 60
    assert len({case.id for case in CASES}) == len(CASES)
    for case in CASES:
        assert all((*case.title.de, *case.title.en))
        assert case.why.de.endswith(".")
        assert case.why.en.endswith(".")


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_a_marketplace_that_keeps_the_rules_passes_every_case(tmp_path: Path, algorithm: Algorithm) -> None:
    key = new_key(algorithm)
    results = await run(bench(tmp_path, responder(key), key), ALONE)
    assert [(it.case.id, str(it.got), it.got and it.got.faults) for it in results if it.verdict is not Verdict.PASSED] == []


@pytest.mark.parametrize("code", [code for code in CODES if code not in {"null_value", "event_unidentified"}])
async def test_a_check_that_is_left_out_is_found(tmp_path: Path, code: str) -> None:
    key = new_key()
    results = await run(bench(tmp_path, responder(key, code), key), ALONE)
    expecting = {case.id for case in ALONE if code in {it for _, it in case.expected.alternatives}}
    assert failed(results) & expecting


class Forgetful(Responder):
    """Answers a repeat with a new receipt."""

    def take(self, *record: object) -> tuple[bytes, bytes]:
        key, value = super().take(*record)  # type: ignore[arg-type]
        self.first = {jti: (mark, self.sealed("x", {"decided_at": ""})) for jti, (mark, _) in self.first.items()}
        return key, value


class Misfiling(MemoryTransport):
    """Puts receipts under another key."""

    def answer(self, key: bytes, value: bytes) -> None:
        super().answer(b"other" if b"-" in key else key, value)


class Silent(MemoryTransport):
    """Answers no record in which no jti can be read."""

    def answer(self, key: bytes, value: bytes) -> None:
        if re.fullmatch(rb"[0-9]-[0-9]+", key) is None:
            super().answer(key, value)


async def test_a_repeat_with_another_receipt_is_found(tmp_path: Path) -> None:
    key = new_key()
    made = Forgetful("fachverfahren-nord", ["01054033"], [{"kid": key.kid, "jwk": key.public_jwk()}])
    made.offerings = responder(key).offerings
    assert {"repeat-same-bytes", "repeat-other-partition", "repeat-same-meaning"} <= failed(
        await run(bench(tmp_path, made, key), ALONE)
    )


async def test_a_record_without_a_receipt_is_found(tmp_path: Path) -> None:
    key = new_key()
    made = responder(key)
    results = await run(bench(tmp_path, made, key, Silent(made)), ALONE)
    assert {"null-value", "unreadable-bytes"} <= failed(results)
    assert {it.got.kind for it in results if it.case.id == "null-value" and it.got} == {Kind.NO_RECEIPT}


async def test_a_receipt_under_another_key_is_found(tmp_path: Path) -> None:
    key = new_key()
    made = responder(key)
    assert "interest-declared" in failed(await run(bench(tmp_path, made, key, Misfiling(made)), ALONE))


async def test_receipts_of_another_marketplace_are_not_believed(tmp_path: Path) -> None:
    key = new_key()
    made = responder(key)
    world = bench(tmp_path, made, key)
    (tmp_path / "jwks.json").write_text(json.dumps(responder(key).jwks()), encoding="utf-8")
    (result, *rest) = await run(world, ALONE)
    assert result.got is not None
    assert (result.got.kind, result.got.code) == (Kind.UNTRUSTED, "receipt_signature")
    assert {it.verdict for it in rest} == {Verdict.NOT_RUN}, "no bad record is sent before a good one was accepted"


async def test_an_unregistered_key_stops_the_run_at_its_first_case_and_says_what_to_do(tmp_path: Path) -> None:
    key = new_key()
    results = await run(bench(tmp_path, responder(key), keys.generate()), ALONE)
    report = Report("nord", "efa-partner 0", datetime.now(UTC), 1.0, results)
    report.write(tmp_path, "en")
    text = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert "Have the public key registered" in text
    assert report.counts[Verdict.PASSED] == 0


async def test_without_the_api_the_prepared_cases_are_not_run_and_the_report_says_so(tmp_path: Path) -> None:
    key = new_key()
    results = await run(bench(tmp_path, responder(key), key))
    report = Report("nord", "efa-partner 0", datetime.now(UTC), 1.0, results)
    assert report.counts == {Verdict.PASSED: len(ALONE), Verdict.FAILED: 0, Verdict.NOT_RUN: len(PREPARED)}
    report.write(tmp_path, "de")
    suite = ET.fromstring((tmp_path / "report.xml").read_bytes())[0]  # noqa: S314 - written by the test
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (str(len(CASES)), "0", str(len(PREPARED)))
    assert {case.get("name") for case in suite} == {case.id for case in CASES}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "src=" not in page
    assert "href=" not in page
    assert all(f"<code>{case.id}</code>" in page for case in CASES)


async def test_what_a_marketplace_states_cannot_break_the_report(tmp_path: Path) -> None:
    key = new_key()
    made = responder(key)
    hostile = "<script>alert(1)</script>\x00\x1b]"

    class Hostile(MemoryTransport):
        def answer(self, key: bytes, value: bytes) -> None:
            body: dict[str, Any] = {"id": "x", "partner": "fachverfahren-nord", "status": "refused", "code": hostile}
            body |= {
                "event": {"topic": hostile, "partition": 0, "offset": self.sent - 1},
                "detail": {"de": hostile, "en": hostile},
            }
            now = datetime.now(UTC).isoformat()
            super().answer(key, self.responder.sealed("x", body | {"received_at": now, "decided_at": now}))
            assert value

    results = await run(bench(tmp_path, made, key, Hostile(made)), ALONE[:1])
    report = Report("nord", "efa-partner 0", datetime.now(UTC), 1.0, results)
    report.write(tmp_path, "de")
    assert "<script>" not in (tmp_path / "report.html").read_text(encoding="utf-8")
    ET.fromstring((tmp_path / "report.xml").read_bytes())  # noqa: S314 - written by the test
