"""The table of refused input: every step has its code, and of two faults the earlier step names it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from itertools import combinations
from typing import Any, Final

import pytest

from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.world import World

Case = dict[str, Any]
Fault = tuple[int, str, Callable[[Case], object]]

ALWAYS: Final = {"valid_from": None, "valid_to": None}
SOLE: Final = {"strategic": True, "significant": True, "all_fields": True}


def body(id_: str) -> dict[str, Any]:
    return {"id": id_, "kind": "organisation", "name": id_, "type": "OTHER", "sector": "PUBLIC"} | ALWAYS


def control(id_: str, source: str, target: str, **further: Any) -> dict[str, Any]:
    return {"id": id_, "kind": "relation", "type": "CONTROL", "from": source, "to": target} | ALWAYS | SOLE | further


def part(id_: str, source: str, target: str) -> dict[str, Any]:
    return {"id": id_, "kind": "relation", "type": "PART_OF", "from": source, "to": target} | ALWAYS


def figures(id_: str, **further: Any) -> dict[str, Any]:
    sums = {"year": 2020, "basis": "TURNOVER", "scope": "SOLO", "status": "ACTUAL", "total": 10, "entrusted": 9}
    return {"id": id_, "kind": "activity", "org": "a"} | ALWAYS | sums | further


def status(id_: str, **further: Any) -> dict[str, Any]:
    return {"id": id_, "kind": "authority_status", "org": "a", "class": "NR1"} | ALWAYS | further


def case() -> Case:
    request = {"kind": "LEG", "as_of": "2026-03-02", "rule_set": "gwb108-2016", "awarder": "a", "contractor": "b", "overlay": []}
    return {"facts": [body(id_) for id_ in "abcdefgh"], "evidence": [{"id": "d", "type": "GESETZ"} | ALWAYS], "request": request}


def fact(**fields: Any) -> Callable[[Case], object]:
    return lambda given: given["facts"].append(fields)


def overlay(*operations: dict[str, Any]) -> Callable[[Case], object]:
    return lambda given: given["request"]["overlay"].extend(operations)


def request(**fields: Any) -> Callable[[Case], object]:
    return lambda given: given["request"].update(fields)


def all_of(*changes: Callable[[Case], object]) -> Callable[[Case], object]:
    return lambda given: [change(given) for change in changes]


FAULTS: Final[tuple[Fault, ...]] = (
    (1, "INVALID_FIELD", fact(**body("surplus"), surplus=1)),
    (1, "INVALID_FIELD", request(payment=1)),
    (1, "INVALID_FIELD", overlay({"op": "END", "fact": "a"})),
    (2, "INVALID_DATE", fact(**status("day", valid_from="2021-02-29"))),
    (2, "INVALID_DATE", fact(**(body("since") | {"active_since": ["2026-02-30"]}))),
    (2, "INVALID_DATE", fact(**status("instant", recorded_at="2026-01-01T24:00:00Z"))),
    (
        2,
        "INVALID_DATE",
        lambda given: given["evidence"].append({"id": "e", "type": "GESETZ"} | ALWAYS | {"valid_to": "2026-13-01"}),
    ),
    (2, "INVALID_DATE", overlay({"op": "ADD", "fact": status("day-if", valid_from="2021-02-29")})),
    (3, "DUPLICATE_ID", fact(**body("a"))),
    (3, "DUPLICATE_ID", lambda given: given["evidence"].append(given["evidence"][0])),
    (3, "DUPLICATE_ID", overlay({"op": "ADD", "fact": body("a")})),
    (4, "INVALID_INTERVAL", fact(**status("interval", valid_from="2021-01-01", valid_to="2021-01-01"))),
    (5, "UNKNOWN_ORGANISATION", fact(**status("unknown", org="nobody"))),
    (6, "UNKNOWN_EVIDENCE", fact(**status("cites", evidence=["nothing"]))),
    (7, "SELF_RELATION", fact(**control("self", "a", "a"))),
    (8, "NEGATIVE_AMOUNT", fact(**figures("negative", entrusted=-1, year=2021))),
    (9, "ZERO_TOTAL", fact(**figures("zero", total=0, entrusted=0, year=2022))),
    (10, "PART_EXCEEDS_TOTAL", fact(**figures("exceeds", market=2, year=2023))),
    (11, "INVALID_SHARE", fact(**control("share", "g", "h", share="100.000001"))),
    (12, "DUPLICATE_ID", overlay({"op": "ADD", "fact": body("a") | {"rev": 2}})),
    (12, "INVALID_DATE", overlay({"op": "END", "fact": "h", "on": "2026-02-30"})),
    (12, "UNKNOWN_FACT", overlay({"op": "END", "fact": "nothing", "on": "2026-02-03"})),
    (13, "CONTRADICTING_FACTS", all_of(fact(**status("one")), fact(**status("other", valid_from="2026-01-01")))),
    (14, "CYCLIC_PART_OF", all_of(fact(**part("part", "a", "b")), fact(**part("whole", "b", "a")))),
    (15, "SOLE_CONTROL_NOT_UNIQUE", all_of(fact(**control("one-of", "a", "c")), fact(**control("two-of", "b", "c")))),
    (16, "CYCLIC_CONTROL", all_of(fact(**control("down", "d", "e")), fact(**control("up", "e", "d")))),
    (17, "INVALID_DATE", request(as_of="2026-02-30")),
    (17, "INVALID_DATE", request(known_at="2026-02-30T00:00:00Z")),
    (18, "UNKNOWN_RULE_SET", request(rule_set="gwb108-1999")),
    (18, "RULE_SET_NOT_IN_FORCE", request(rule_set="gwb108-2027-draft")),
    (19, "UNKNOWN_ORGANISATION", request(awarder="nobody")),
    (20, "CHAIN_INVALID", request(awarder="b")),
)
KEYS: Final = ("as_of", "rule_set", "awarder")


def refusal(given: Case) -> tuple[int, str] | None:
    try:
        evaluate(World.of(given["facts"], given["evidence"]), given["request"])
    except RefusedError as refused:
        return refused.step, refused.code
    return None


def test_without_a_fault_there_is_a_verdict() -> None:
    assert refusal(case()) is None


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{step} {code} {place}" for place, (step, code, _) in enumerate(FAULTS)])
def test_every_fault_has_the_code_of_its_step(fault: Fault) -> None:
    step, code, change = fault
    given = case()
    change(given)
    assert refusal(given) == (step, code)


def test_of_two_faults_the_earlier_step_names_the_code() -> None:
    for first, second in combinations(FAULTS, 2):
        if first[0] != second[0] and not {first[0], second[0]} <= {17, 18, 19, 20}:
            given = deepcopy(case())
            second[2](given)
            first[2](given)
            assert refusal(given) == first[:2], (first[:2], second[:2])


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (request(as_of="2026-02-30"), request(rule_set="gwb108-1999"), "INVALID_DATE"),
        (request(rule_set="gwb108-1999"), request(awarder="nobody"), "UNKNOWN_RULE_SET"),
        (request(rule_set="gwb108-2027-draft"), request(awarder="b"), "RULE_SET_NOT_IN_FORCE"),
        (request(awarder="nobody"), request(contractor="nobody"), "UNKNOWN_ORGANISATION"),
    ],
)
def test_of_two_faults_of_the_request_the_earlier_step_names_the_code(
    first: Callable[[Case], object], second: Callable[[Case], object], code: str
) -> None:
    given = case()
    first(given)
    second(given)
    refused = refusal(given)
    assert refused is not None
    assert refused[1] == code


def order(**fields: Any) -> Case:
    given = case()
    given["facts"] += [body("fitko"), body("govdigital")]
    plain = {"kind": "ORDER", "as_of": "2026-03-02", "rule_set": "gwb108-2016", "channel": "govdigital"}
    given["request"] = plain | {"provider": "a", "customer": "b"} | fields
    return given


@pytest.mark.parametrize(
    "fields",
    [
        {"provider": "govdigital"},
        {"customer": "govdigital"},
        {"bundlers": [{"org": "b"}]},
        {"bundlers": [{"org": "c"}, {"org": "c"}]},
        {"bundlers": [{"org": "govdigital"}]},
        {"bundlers": [{"org": org} for org in "cdefg"]},
    ],
    ids=str,
)
def test_a_chain_names_nobody_twice_and_is_not_too_long(fields: dict[str, Any]) -> None:
    assert refusal(order(**fields)) == (20, "CHAIN_INVALID")


def test_the_provider_may_be_customer_or_buendler_and_four_buendler_may_stand_between() -> None:
    assert refusal(order(customer="a")) is None
    assert refusal(order(bundlers=[{"org": org} for org in "acde"])) is None


def test_an_anbieter_without_a_fact_is_unknown() -> None:
    given = order()
    given["facts"] = [fact for fact in given["facts"] if fact["id"] != "govdigital"]
    assert refusal(given) == (19, "UNKNOWN_ORGANISATION")


def test_sole_relations_of_parts_are_those_of_their_legal_person() -> None:
    given = case()
    given["facts"] += [part("p", "b", "a"), control("x", "a", "c"), control("y", "b", "c")]
    assert refusal(given) is None


def test_a_relation_inside_one_legal_person_is_no_control_of_itself() -> None:
    given = case()
    given["facts"] += [part("p", "c", "d"), control("x", "c", "d"), control("y", "d", "c")]
    assert refusal(given) is None


def test_facts_that_follow_each_other_do_not_contradict() -> None:
    given = case()
    given["facts"] += [status("one", valid_to="2026-01-01"), status("two", valid_from="2026-01-01")]
    assert refusal(given) is None


def test_a_relation_that_is_withdrawn_contradicts_nothing() -> None:
    given = case()
    given["facts"] += [status("one"), status("two"), status("one", rev=2, withdrawn=True)]
    assert refusal(given) is None
