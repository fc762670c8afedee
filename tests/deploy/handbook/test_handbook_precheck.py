"""The page for lawyers names every rule and code of the in-house pre-check with its outcome, and none that there is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

import pytest

from deploy.generate.handbook_precheck import CASES, refusal_table, remedy_table, rule_set_table, rule_tables
from services.eligibility.engine.answer import Answer
from services.eligibility.engine.case import evaluate_case
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.explanation import LAW, explanation
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.rule_sets import rule_sets
from services.eligibility.engine.world import World
from services.eligibility.rule_book import per_cent, rows_of, rule_texts
from services.eligibility.sentences import words
from tests.support.eligibility_worlds import random_case

Triple = tuple[str, str, str]


def answers() -> Iterator[Answer]:
    for file in sorted(CASES.glob("*.json")):
        case = json.loads(file.read_text("utf-8"))
        if "verdict" in case["expect"]:
            yield evaluate_case(case)
    for seed in range(400):
        facts, documents, request = random_case(Random(seed))  # noqa: S311 - no secrets
        try:
            yield evaluate(World.of(facts, documents), request)
        except RefusedError:
            continue


def shown(answer: Answer) -> Iterator[Triple]:
    for leg in explanation(answer):
        for route in (leg, *leg["alternatives"]):
            yield from ((result["rule"], result["code"], result["outcome"]) for result in route["results"])


def on_the_page() -> set[Triple]:
    return {(rule, code, outcome) for rule in LAW for code, outcomes, _ in rows_of(rule) for outcome in outcomes.split("|")}


@pytest.mark.slow
def test_every_result_of_the_engine_stands_on_the_page() -> None:
    found = {triple for answer in answers() for triple in shown(answer)}
    assert found <= on_the_page()
    assert len(found) > 80


def test_every_sentence_belongs_to_a_row_and_every_row_has_one() -> None:
    assert {code for _, code, _ in on_the_page()} == set(words("de")["codes"])
    assert {rule for rule in rule_texts() if rule.startswith("R")} == set(LAW)


def test_every_remedy_and_law_is_named() -> None:
    tables, remedies = rule_tables(), remedy_table()
    for code in words("de")["remedies"]:
        assert f"`{code}`" in remedies
        assert f"`{code}`" in tables
    assert all(law in tables for law in LAW.values())


def test_every_case_is_linked_where_it_decides_or_is_refused() -> None:
    tables, refused = rule_tables(), refusal_table()
    for file in CASES.glob("*.json"):
        case = json.loads(file.read_text("utf-8"))
        link = f"[{case['id']}](../../tests/contract/eligibility/cases/{file.name})"
        assert f"**{link}**" in tables or link in refused, case["id"]


def test_rule_sets_are_shown_with_what_they_hold() -> None:
    shown_sets = rule_set_table()
    for rules in rule_sets().values():
        assert f"`{rules.id}`" in shown_sets
        assert rules.sha256 in shown_sets
        assert all(f"`{kind}`" in shown_sets for kind in rules.accepted_evidence)


def test_a_threshold_is_shown_exactly() -> None:
    assert per_cent((4, 5)) == "80 %"
    assert per_cent((2, 3)) == "2/3"
