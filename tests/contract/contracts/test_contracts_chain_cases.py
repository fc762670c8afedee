"""The golden cases of the contract chain: whole answers, and refusals with code and subject."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.contracts.chain.answers import line_of
from tests.support.chain_oracle import answers_of

CASES = [json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parent / "chain_cases").glob("*.json"))]
UNORDERED = ("channels", "organisations", "inhouse", "contracts", "accessions")


def found(case: dict[str, Any]) -> dict[str, Any]:
    line, refused = line_of(case)
    assert line.pop("case") == case["id"]
    assert ("error" in line) == (refused is not None)
    return line


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['title']}" for case in CASES])
def test_a_golden_case_has_its_answers(case: dict[str, Any]) -> None:
    assert found(case) == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_second_reading_gives_the_golden_answers(case: dict[str, Any]) -> None:
    assert answers_of(case["input"]) == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_order_of_what_is_known_changes_nothing(case: dict[str, Any]) -> None:
    turned = {part: items[::-1] if part in UNORDERED else items for part, items in case["input"].items()}
    assert found(case | {"input": turned}) == found(case)


def test_there_are_cases_of_every_question_and_of_refusal() -> None:
    asked = {question["type"] for case in CASES for question in case["input"]["questions"]}
    assert asked == {"VIOLATIONS", "WRITE", "COMPLETE", "TIMELINE", "NOTICE", "PRICE_CHANGE", "AGB_CHANGE", "WHY"}
    assert sum("error" in case["expected"] for case in CASES) == 5
