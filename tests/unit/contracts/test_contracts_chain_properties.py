"""What must hold for all chains: a slow search finds the same, and the order of notices changes nothing."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.contracts.chain.answers import answers
from tests.support.chain_cases import random_input
from tests.support.chain_cases.world import DAYS
from tests.support.chain_oracle import answers_of

pytestmark = pytest.mark.slow

Entry = dict[str, Any]
seeds = st.integers(0, 2**32)
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def asked(known: Entry, *questions: Entry) -> list[Entry]:
    return answers(known | {"questions": list(questions)})


def sound(known: Entry) -> Entry:
    """Return the input without all that breaks a rule, or comes to break one by that."""
    while True:
        [answer] = asked(known, {"type": "VIOLATIONS"})
        broken = {item["contract"] for item in answer["violations"]}
        if not broken:
            return known
        known = known | {part: [item for item in known[part] if item["id"] not in broken] for part in ("contracts", "accessions")}


def after(known: Entry, notice: Entry) -> Entry:
    """Return what is known once the effects of a notice are recorded."""
    [answer] = asked(known, notice)
    if answer.get("effect") != "TERMINATED":
        return known
    ends = {row["contract"]: row["last_day"] for row in answer["cascade"]} | {answer["contract"]: answer["last_day"]}
    changes: dict[str, Entry] = {
        contract["id"]: {
            "ends_on": ends[contract["id"]],
            "state": "GEKUENDIGT" if contract["state"] == "GESCHLOSSEN" else contract["state"],
        }
        for contract in known["contracts"]
        if contract["id"] in ends
    }
    changes |= {id_: {"state": "ZURUECKGEZOGEN"} for id_ in answer["offers_to_withdraw"]}
    contracts = [contract | changes.get(contract["id"], {}) for contract in known["contracts"]]
    left = {row["accession"]: row["last_day"] for row in answer["accessions_ending"]}
    accessions = [accession | {"valid_to": left.get(accession["id"], accession["valid_to"])} for accession in known["accessions"]]
    return known | {"contracts": contracts, "accessions": accessions}


def terms(known: Entry) -> dict[str, object]:
    """Return the term of each contract and accession, None if it is dead or never begins."""
    found: dict[str, object] = {}
    for item in (*known["contracts"], *known["accessions"]):
        last = min(item["valid_to"] or "9999", item.get("ends_on") or "9999")
        dead = item.get("state") == "ZURUECKGEZOGEN"
        found[item["id"]] = None if dead or last < item["valid_from"] else (item["valid_from"], last)
    return found


@many
@given(seed=seeds)
def test_a_check_of_the_chain_equals_a_slow_search(seed: int) -> None:
    known = random_input(Random(seed))  # noqa: S311 - the seed is drawn
    assert {"answers": answers(known)} == answers_of(known)


def sound_with_notices(random: Random) -> tuple[Entry, list[Entry]]:
    """Return a sound chain, and up to three notices of contracts on which others rest."""
    known = sound(random_input(random, 0.0, 24))
    resting = {contract["parent"] for contract in known["contracts"]} | {item["contract"] for item in known["accessions"]}
    named = [
        item["id"] for item in known["contracts"] if item["id"] in resting and item["state"] in {"GESCHLOSSEN", "GEKUENDIGT"}
    ]
    notices = []
    for contract in random.sample(named, min(3, len(named))):
        received, last = sorted(random.sample(DAYS, 2))
        last_day = last if random.random() < 0.7 else None
        notices.append({"type": "NOTICE", "contract": contract, "received_on": received, "last_day": last_day})
    return known, notices


@many
@given(seed=seeds)
def test_any_order_of_notices_gives_the_same_cascade(seed: int) -> None:
    known, notices = sound_with_notices(Random(seed))  # noqa: S311 - as above
    assume(sum(after(known, notice) is not known for notice in notices) > 1)
    results = []
    for order in permutations(notices):
        now = known
        for notice in order:
            now = after(now, notice)
        results.append(terms(now))
    assert all(result == results[0] for result in results)


@many
@given(seed=seeds)
def test_a_notice_leaves_nothing_of_a_sound_chain_without_cover(seed: int) -> None:
    known, notices = sound_with_notices(Random(seed))  # noqa: S311 - as above
    for notice in notices:
        [answer] = asked(after(known, notice), {"type": "VIOLATIONS"})
        codes = {found["code"] for found in answer["violations"]}
        assert not codes & {"OUTLIVES_PARENT", "GAP", "STARTS_BEFORE_PARENT", "PARENT_NOT_CONCLUDED"}


def test_the_notices_of_these_tests_run_down_the_chain() -> None:
    found = [0, 0, 0]
    for seed in range(40):
        known, notices = sound_with_notices(Random(seed))  # noqa: S311 - as above
        for answer in asked(known, *notices):
            for place, part in enumerate(("cascade", "offers_to_withdraw", "accessions_ending")):
                found[place] += len(answer.get(part, ()))
    assert min(found) > 5
