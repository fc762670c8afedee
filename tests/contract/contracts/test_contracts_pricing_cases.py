"""The golden cases of prices: whole cost statements with their hashes, and refusals with what they are about."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from services.contracts.pricing.answers import line_of
from shared.canonical_json import canonical
from shared.laender import LAENDER

STATES = Path(__file__).parents[3] / "data" / "states.csv"
CASES = [json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parent / "pricing_cases").glob("*.json"))]


def found(case: dict[str, Any]) -> dict[str, Any]:
    line, refused = line_of(case)
    assert line.pop("case") == case["id"]
    assert ("error" in line) == (refused is not None)
    return line if refused else line["statement"]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['title']}" for case in CASES])
def test_a_golden_case_has_its_statement_or_refusal(case: dict[str, Any]) -> None:
    assert canonical(found(case)) == canonical(case["expected"])


def test_a_statement_as_known_earlier_is_the_one_that_was_corrected() -> None:
    corrected, earlier = (next(case for case in CASES if case["id"].startswith(id_)) for id_ in ("p28", "p29"))
    assert found(earlier)["hash"] == found(corrected)["correction"]["previous_hash"]


def test_the_laender_are_those_of_the_reference_data() -> None:
    with STATES.open(encoding="utf-8", newline="") as file:
        assert {row["ars"]: row["id"] for row in csv.DictReader(file) if row["level"] == "land"} == LAENDER
