"""Rules of the contract chain that random cases seldom meet, and readings of the text that are easily taken otherwise."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from services.contracts.chain.answers import answers

Entry = dict[str, Any]
CASES = Path(__file__).parents[2] / "contract" / "contracts" / "chain_cases"
VIOLATIONS: Entry = {"type": "VIOLATIONS"}


def known(case: str = "c13-notice-and-what-rests-on-it") -> Entry:
    found: Entry = json.loads((CASES / f"{case}.json").read_text("utf-8"))["input"]
    return found


def contract(given: Entry, id_: str) -> Entry:
    found: Entry = next(item for item in given["contracts"] if item["id"] == id_)
    return found


def ask(given: Entry, question: Entry) -> Entry:
    [answer] = answers(given | {"questions": [question]})
    return answer


def codes(given: Entry) -> set[tuple[str, str]]:
    return {(item["contract"], item["code"]) for item in ask(given, VIOLATIONS)["violations"]}


def written(given: Entry, id_: str, **changes: Any) -> Entry:
    return ask(given, {"type": "WRITE", "contract": copy.deepcopy(contract(given, id_)) | changes})


def test_what_continues_a_contract_that_never_begins_must_begin_after_its_first_day() -> None:
    given = known()
    contract(given, "s1").update(valid_to="2024-06-30")
    following = copy.deepcopy(contract(given, "s1")) | {"id": "s9", "continues": "s1", "valid_to": None}
    given["contracts"].append(following)
    assert ("s9", "SUCCESSOR_MISMATCH") in codes(given)
    following["valid_from"] = "2025-01-02"
    assert ("s9", "SUCCESSOR_MISMATCH") not in codes(given)


def test_a_notice_does_not_run_round_a_cycle() -> None:
    given = known()
    contract(given, "n").update(parent="s1")
    answer = ask(given, {"type": "NOTICE", "contract": "n", "received_on": "2026-05-01", "last_day": None})
    assert [row["contract"] for row in answer["cascade"]] == ["s3"]


def test_what_had_no_cover_before_a_notice_does_not_end_by_it() -> None:
    given = known()
    contract(given, "n").update(state="GEKUENDIGT", ends_on="2026-12-31")
    answer = ask(given, {"type": "NOTICE", "contract": "b", "received_on": "2026-05-01", "last_day": "2026-05-31"})
    assert {row["contract"]: row["last_day"] for row in answer["cascade"]} == {
        "n": "2026-05-31",
        "n9": "2026-05-31",
        "s1": "2026-05-31",
    }
    assert answer["offers_to_withdraw"] == ["s2"]


@pytest.mark.parametrize(("version", "code"), [(1, "VERSION_INVALID"), (2, None)])
def test_a_draft_may_be_changed_at_will_and_what_would_be_an_amendment_gives_it_the_next_version(
    version: int, code: str | None
) -> None:
    given = known()
    contract(given, "s2").update(state="ENTWURF")
    answer = written(given, "s2", valid_to="2026-12-31", grantee="010545459039", version=version)
    assert answer.get("error", {}).get("code") == code


def test_the_order_of_a_list_is_part_of_what_is_agreed() -> None:
    given = known()
    contract(given, "n").update(territory=["01", "02"])
    assert written(given, "n", territory=["02", "01"])["error"]["code"] == "VERSION_INVALID"
    assert "error" not in written(given, "n", territory=["02", "01"], version=2)


def test_of_two_agb_versions_on_one_day_the_first_listed_is_in_force() -> None:
    given = known()
    first = {"version": "first", "valid_from": "2024-01-01", "valid_to": None}
    given["channels"][0]["agb"]["NACHNUTZUNG"].insert(0, first)
    assert {id_ for id_, code in codes(given) if code == "AGB_NOT_IN_FORCE"} == {"n", "n9"}
    changed = ask(given, {"type": "AGB_CHANGE", "on": "2026-01-01"})["agb_change"]
    assert changed == []


def test_an_accession_is_measured_by_its_contract_and_not_by_days() -> None:
    given = known()
    given["accessions"].append(
        {"id": "e9", "org": "DE-HE", "contract": "n9", "valid_from": "2020-01-01", "valid_to": "2019-12-31"}
    )
    assert {code for id_, code in codes(given) if id_ == "e9"} == {"TERM_INVALID", "ACCESSION_NOT_POSSIBLE"}
