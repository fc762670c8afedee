"""The service and a second reading of the rules of the chain answer alike: random inputs, and inputs that must be refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from services.contracts.chain.answers import line_of
from tests.support.chain_cases import FAULTS, random_case, spoiled
from tests.support.chain_oracle import answers_of

BLOCK = 12
FAST = range(0, 156, BLOCK)
SLOW = range(1000, 1200, 50)
SAID: dict[str, set[object]] = {
    "VIOLATIONS": {
        "ACCESSION_NOT_POSSIBLE",
        "AGB_NOT_IN_FORCE",
        "ANBIETER_MISMATCH",
        "ANNEX_MISSING",
        "CHANNEL_MIX",
        "CHARGE_NOT_ALLOWED",
        "CUSTOMER_NOT_ALLOWED",
        "CYCLE",
        "FOUR_EYES",
        "GAP",
        "LEG_ORDER",
        "OUTLIVES_PARENT",
        "PARAMETRISATION_NOT_GRANTED",
        "PARENT_NOT_CONCLUDED",
        "PARENT_UNKNOWN",
        "PARTY_BREAK",
        "PARTY_REPEATED",
        "PASSING_NOT_ALLOWED",
        "SELF_CONTRACT",
        "SERVICE_NOT_GRANTED",
        "STARTS_BEFORE_PARENT",
        "STATE_INCONSISTENT",
        "SUCCESSOR_MISMATCH",
        "TERM_INVALID",
        "TERRITORY_NOT_GRANTED",
    },
    "WRITE": {
        "ID_DUPLICATE",
        "CONTRACT_ILLEGAL_TRANSITION",
        "CONTRACT_IMMUTABLE",
        "VERSION_INVALID",
        True,
        False,
    },
    "COMPLETE": {
        "ORGANISATION_UNKNOWN",
        "ARS_UNKNOWN",
        "CHANNEL_UNKNOWN",
        "COMPLETE",
        "LICENSED_ACT_MISSING",
        "INCOMPLETE",
        "NOT_YET",
        "UNSIGNED",
        "ACT_MISSING",
        "VIOLATED",
        "ENDED",
        "VOID",
        "NO_CONTRACT",
        "WAIT",
        "OFFER",
        "SIGN",
        "RENEW",
        "REPAIR",
        "ACCEDE",
        "ORDER_SUB",
        "ORDER",
        "PROVIDE",
    },
    "NOTICE": {
        "CONTRACT_UNKNOWN",
        "CONTRACT_ILLEGAL_TRANSITION",
        "NOTICE_DATE_INVALID",
        "NOTICE_NOT_ALLOWED",
        "NO_EFFECT",
        "TERMINATED",
        "cascade",
        "offers_to_withdraw",
        "accessions_ending",
    },
    "TIMELINE": {"PERIOD_INVALID", 1, 2},
    "PRICE_CHANGE": {"CONTRACT_UNKNOWN", "COST_INFO_RETROACTIVE", "PRICE_CHANGE_NOT_POSSIBLE", (True, True), (True, False)},
    "AGB_CHANGE": {True, False},
}
"""What must come up in the random cases, or they are none."""


def service_says(given: Any) -> dict[str, Any]:
    line, _ = line_of({"id": "random", "input": given})
    return {name: value for name, value in line.items() if name != "case"}


def assert_alike(given: dict[str, Any], name: object) -> dict[str, Any]:
    answer = service_says(given)
    assert answer == answers_of(given), name
    return answer


def said(question: dict[str, Any], answer: dict[str, Any]) -> set[object]:
    """Return what comes up in an answer, in the words of ``SAID``."""
    if "error" in answer:
        return {answer["error"]["code"]}
    words: dict[str, Callable[[], set[object]]] = {
        "VIOLATIONS": lambda: {item["code"] for item in answer["violations"]},
        "WRITE": lambda: {answer["accepted"]},
        "COMPLETE": lambda: said_of_channels(answer["channels"]),
        "NOTICE": lambda: {answer["effect"], *(name for name, value in answer.items() if isinstance(value, list) and value)},
        "TIMELINE": lambda: {len(answer["timeline"])},
        "PRICE_CHANGE": lambda: {
            (row["effective_from"] is not None, row["borne_by"] is not None) for row in answer["price_change"]
        },
        "AGB_CHANGE": lambda: {row["waits_for"] is not None for row in answer["agb_change"]},
    }
    return words[question["type"]]()


def said_of_channels(channels: list[dict[str, Any]]) -> set[object]:
    open_ = [link for channel in channels for link in channel["open"]]
    return {word for link in open_ for word in (link["reason"], link["action"])} | {channel["status"] for channel in channels}


@pytest.mark.parametrize("first", FAST)
def test_service_and_second_reading_answer_random_cases_alike(first: int) -> None:
    for seed in range(first, first + BLOCK):
        assert_alike(random_case(seed)["input"], seed)


@pytest.mark.parametrize("first", FAST)
def test_service_and_second_reading_refuse_spoiled_cases_alike(first: int) -> None:
    for seed in range(first, first + BLOCK):
        assert_alike(spoiled(random_case(seed)["input"], Random(seed)), seed)  # noqa: S311 - reproducible test data


@pytest.mark.parametrize("place", range(len(FAULTS)), ids=[f"{place}-{code}" for place, (code, _) in enumerate(FAULTS)])
def test_a_single_fault_is_refused_with_its_code(place: int) -> None:
    code, spoil = FAULTS[place]
    for seed in range(40):
        given = copy.deepcopy(random_case(seed)["input"])
        spoil(given, Random(seed))  # noqa: S311 - as above
        if service_says(given).get("error", {}).get("code") == code:
            assert_alike(given, seed)
            return
    pytest.fail(f"no case is refused with {code}")


@pytest.mark.slow
def test_random_cases_bring_up_every_rule() -> None:
    found: dict[str, set[object]] = {type_: set() for type_ in SAID}
    for seed in range(400):
        given = random_case(seed)["input"]
        for question, answer in zip(given["questions"], service_says(given)["answers"], strict=True):
            found[question["type"]] |= said(question, answer)
    assert {type_: words - found[type_] for type_, words in SAID.items()} == {type_: set() for type_ in SAID}


@pytest.mark.slow
@pytest.mark.parametrize("first", SLOW)
def test_service_and_second_reading_answer_hundreds_of_cases_alike(first: int) -> None:
    for seed in range(first, first + 50):
        given = random_case(seed)["input"]
        assert_alike(given, seed)
        assert_alike(spoiled(given, Random(seed)), seed)  # noqa: S311 - as above
