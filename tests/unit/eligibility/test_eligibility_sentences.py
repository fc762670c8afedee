"""Every code and remedy of the engine has a sentence in both languages, and every golden answer can be read."""

from __future__ import annotations

import json
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from services.eligibility.engine import remedies
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.explanation import explained
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.world import World
from services.eligibility.sentences import Reader, euros, per_cent, words

CASES = [
    json.loads(file.read_text("utf-8"))
    for file in sorted((Path(__file__).parents[2] / "contract" / "eligibility" / "cases").glob("*.json"))
]


def named(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}


def test_both_languages_have_the_same_words_with_the_same_names() -> None:
    german, english = words("de"), words("en")
    assert {kind: set(german[kind]) for kind in german} == {kind: set(english[kind]) for kind in english}
    for kind in ("codes", "remedies", "facts"):
        for code, text in german[kind].items():
            assert named(text) == named(english[kind][code]), code


def test_every_remedy_of_the_engine_has_a_sentence_and_no_sentence_is_for_nothing() -> None:
    steps = {step for step, _ in remedies._STEPS.values()}
    further = {"ESTABLISH_RELATION", "OTHER_CHANNEL", "USE_BUENDLER", "OTHER_PROCEDURE", "LEGAL_SIGN_OFF", "SUPPLY_BEREITSTELLER"}
    assert set(words("de")["remedies"]) == steps | further


def test_every_code_with_a_remedy_has_a_sentence() -> None:
    assert set(remedies._STEPS) <= set(words("de")["codes"])


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_an_answer_can_be_read_from_end_to_end(case: dict[str, Any], language: Any) -> None:
    try:
        answer = explained(evaluate(World.of(case["facts"], case["evidence"]), case["request"]), "2026-03-02T10:00:00Z")
    except RefusedError:
        return
    names = {fact["id"]: fact["name"] for fact in case["facts"] if fact["kind"] == "organisation"}
    reader = Reader(language, names, {fact["id"]: fact for fact in case["facts"]})
    results = [
        result
        for leg in answer["explanation"]
        for result in [*leg["results"], *(r for route in leg["alternatives"] for r in route["results"])]
    ]
    assert all(reader.result(result) for result in results)
    assert all(reader.remedy(remedy) for result in results for remedy in result["remedy"])


def test_amounts_and_shares_are_written_as_people_read_them() -> None:
    assert euros(123456789, "de") == "1.234.567,89 €"
    assert euros(5, "en") == "EUR 0.05"
    assert per_cent(7999999, 10000000, "de") == "79,99"


def test_what_makes_a_contract_wait_for_evidence_has_its_remedy_under_r11_too() -> None:
    case = next(case for case in CASES if case["id"] == "G26")
    answer = explained(evaluate(World.of(case["facts"], case["evidence"]), case["request"]))
    results = [result for leg in answer["explanation"] for result in leg["results"] if result["code"] == "EVIDENCE_EXPIRED"]
    assert "R11" in [result["rule"] for result in results]
    assert {remedy["code"] for result in results for remedy in result["remedy"]} == {"RENEW_EVIDENCE"}
    assert all(result["remedy"] for result in results)


def test_figures_are_shown_with_what_would_be_enough_even_where_a_document_is_missing() -> None:
    case = next(case for case in CASES if case["id"] == "G05")
    answer = explained(evaluate(World.of(case["facts"], case["evidence"]), case["request"]))
    result = next(result for leg in answer["explanation"] for result in leg["results"] if result["rule"] == "R4")
    assert result["code"] == "EVIDENCE_MISSING"
    numbers = result["numbers"]
    assert numbers["needed"] == numbers["total"] * 4 // 5 + 1 <= numbers["entrusted"]
    assert (numbers["status"], numbers["scope"], numbers["basis"]) == ("FORECAST", "SOLO", "TURNOVER")


def test_taking_part_shows_the_figures_on_which_the_share_of_the_market_is_met() -> None:
    case = next(case for case in CASES if case["id"] == "G13")
    answer = explained(evaluate(World.of(case["facts"], case["evidence"]), case["request"]))
    provider = next(result for result in answer["explanation"][0]["results"] if result["rule"] == "R12")
    assert (provider["code"], len(provider["numbers"]["years"])) == ("PORTAL_OK", 3)
    assert provider["numbers"]["market"] * 5 < provider["numbers"]["total"]
    assert len(provider["facts"]) == len(provider["evidence"]) == 3
