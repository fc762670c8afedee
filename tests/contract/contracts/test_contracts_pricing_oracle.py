"""Cost statements and a second reading of the rules agree: golden cases, random inputs, and inputs that must be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.statement import statement
from tests.support.pricing_cases import FAULTS, random_input, spoiled
from tests.support.pricing_oracle import answer_of

GOLDEN = [json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parent / "pricing_cases").glob("*.json"))]
BLOCK = 25
FAST = range(0, 300, BLOCK)
SLOW = range(1000, 2000, 100)
SEED_OF_CODE = {
    "FUNDING_NOT_IN_FORCE": 45,
    "KEY_BASE_MISSING": 300,
    "KEY_BASE_ZERO": 162,
    "KEY_NOT_APPLICABLE": 2,
    "NO_PREVIOUS_STATEMENT": 41,
    "POPULATION_DOUBLE_COUNT": 435,
    "USES_REPORT_MISSING": 11,
    "USES_REPORT_STRADDLES": 7,
}
"""A random input that is refused with the code while its statement is calculated."""


def found(given: Any) -> dict[str, Any]:
    try:
        return statement(given)
    except RefusedError as refused:
        return refused.as_json()


@pytest.mark.parametrize("case", GOLDEN, ids=[case["id"] for case in GOLDEN])
def test_the_second_reading_gives_the_golden_statements(case: dict[str, Any]) -> None:
    assert answer_of(case["input"]) == case["expected"]


@pytest.mark.parametrize("first", FAST)
def test_random_inputs_have_the_same_statement_or_refusal(first: int) -> None:
    for seed in range(first, first + BLOCK):
        given = random_input(seed)
        assert found(given) == answer_of(given), seed


@pytest.mark.parametrize("first", FAST)
def test_spoiled_inputs_have_the_same_statement_or_refusal(first: int) -> None:
    for seed in range(first, first + BLOCK):
        given = spoiled(random_input(seed), seed)
        assert found(given) == answer_of(given), seed


@pytest.mark.slow
@pytest.mark.parametrize("first", SLOW)
def test_thousands_of_inputs_have_the_same_statement_or_refusal(first: int) -> None:
    for seed in range(first, first + 100):
        given = random_input(seed)
        assert found(given) == answer_of(given), seed
        given = spoiled(given, seed)
        assert found(given) == answer_of(given), seed


@pytest.mark.parametrize("place", range(len(FAULTS)), ids=[f"{place}-{code}" for place, (code, _) in enumerate(FAULTS)])
def test_a_single_fault_is_refused_with_its_code(place: int) -> None:
    code, spoil = FAULTS[place]
    for seed in range(200):
        case = random_input(seed)
        if not case["participants"]:
            continue
        spoil(case)
        if found(case).get("error", {}).get("code") == code:
            assert found(case) == answer_of(case)
            return
    pytest.fail(f"no input is refused with {code}")


@pytest.mark.parametrize("code", sorted(SEED_OF_CODE))
def test_each_refusal_while_calculating_occurs(code: str) -> None:
    given = random_input(SEED_OF_CODE[code])
    assert found(given)["error"]["code"] == code
    assert found(given) == answer_of(given)
