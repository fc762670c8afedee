"""The golden cases of the specification: verdict, legs, deciding rules, day of change and hash, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.rule_sets import rule_sets
from services.eligibility.engine.world import World
from shared.canonical_json import canonical

CASES = [json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parent / "cases").glob("*.json"))]
HASHES = {
    "gwb108-2016": "a16e22fb2c42e77e4a2bf78620753fcc34a2cbff28d2393ba2ea9d4166d114c5",
    "gwb108-2027-draft": "55ab4735a00776bf326fb6636f46f94d6ed8d6db86fb8b4bc52d44aafd2afc23",
}


def found(case: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = evaluate(World.of(case["facts"], case["evidence"]), case["request"])
    except RefusedError as refused:
        return {"error": refused.code}
    return answer.core | {"hash": answer.hash}


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['title']}" for case in CASES])
def test_a_golden_case_has_its_answer(case: dict[str, Any]) -> None:
    answer = found(case)
    assert {key: answer.get(key) for key in case["expect"]} == case["expect"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_order_of_facts_and_documents_changes_nothing(case: dict[str, Any]) -> None:
    turned = case | {"facts": case["facts"][::-1], "evidence": case["evidence"][::-1]}
    assert found(turned) == found(case)


def test_there_are_cases_of_every_verdict_and_of_refusal() -> None:
    verdicts = {case["expect"].get("verdict", "refused") for case in CASES}
    assert verdicts == {"EXEMPT", "RISK", "NO_EVIDENCE", "OUT_OF_SCOPE", "NOT_EXEMPT", "refused"}


def test_a_published_rule_set_never_changes() -> None:
    assert {id_: rules.sha256 for id_, rules in rule_sets().items()} == HASHES


def test_canonical_json_sorts_by_code_point_and_escapes_only_what_json_requires() -> None:
    value = {"ö": "Straße", "Z": [1, True, None], "a": '"\\\b\f\n\r\t\x01\x7f'}
    assert canonical(value) == '{"Z":[1,true,null],"a":"\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f","ö":"Straße"}'.encode()
    with pytest.raises(ValueError, match="float"):
        canonical({"share": float("nan")})
