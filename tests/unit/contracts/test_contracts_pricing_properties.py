"""What holds of every cost statement: sums are exact, order does not matter, nobody pays more because somebody joins."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.contracts.pricing.apportioning import apportioned
from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.statement import statement
from tests.support.pricing_cases import random_input

SEEDS = st.integers(0, 10**6)
IDS = st.text("abcxyz", min_size=1, max_size=3)
WEIGHTS = st.dictionaries(IDS, st.fractions(0, 10**6, max_denominator=366), min_size=1).filter(lambda found: any(found.values()))
UNORDERED = {"funding_rules", "participants", "participations", "uses", "types"}


def stated(data: dict[str, Any]) -> dict[str, Any]:
    """Return the statement; inputs of which there is none are left out."""
    try:
        return statement(data)
    except RefusedError:
        assume(False)
        raise


@given(st.integers(0, 10**15), WEIGHTS)
def test_parts_sum_to_the_whole_and_stay_within_a_cent_of_their_quota(total: int, weights: dict[str, Fraction]) -> None:
    parts = apportioned(total, weights)
    assert sum(part.cents for part in parts.values()) == total
    assert sum(part.share for part in parts.values()) == 1
    assert set(parts) == {id_ for id_, weight in weights.items() if weight}
    assert all(abs(part.cents - total * part.share) < 1 for part in parts.values())


@given(st.integers(0, 10**6), WEIGHTS, SEEDS)
def test_the_order_of_weights_does_not_decide_who_gets_a_cent(total: int, weights: dict[str, Fraction], seed: int) -> None:
    shuffled = sorted(weights.items())
    Random(seed).shuffle(shuffled)  # noqa: S311 - reproducible test data
    assert apportioned(total, dict(shuffled)) == apportioned(total, weights)


@given(SEEDS)
@settings(max_examples=60)
def test_lines_sum_to_pools_pools_to_items_and_items_to_the_total(seed: int) -> None:
    result = stated(random_input(seed))
    for item in result["items"]:
        assert sum(pool["cents"] for pool in item["pools"]) == item["total_cents"]
        for pool in item["pools"]:
            if item["exact_cents"] != "0/1":
                assert sum(line["cents"] for line in pool["lines"]) == pool["cents"]
                assert sum(Fraction(line["share"]) for line in pool["lines"]) in {0, 1}
            if item["slices"]:
                assert sum(Fraction(part["exact_cents"]) for part in item["slices"]) == Fraction(item["exact_cents"])
    assert sum(item["total_cents"] for item in result["items"]) == result["total_cents"]
    for name in ("contract_cents", "budget_cents", "total_cents"):
        assert sum(row[name] for row in result["payers"]) == result[name]


def shuffled(value: Any, rng: Random, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: shuffled(entry, rng, key) for key, entry in value.items()}
    if isinstance(value, list):
        entries = [shuffled(entry, rng) for entry in value]
        return rng.sample(entries, len(entries)) if name in UNORDERED else entries
    return value


@given(SEEDS)
@settings(max_examples=60)
def test_the_order_of_participants_rules_and_reports_changes_no_cent(seed: int) -> None:
    data = random_input(seed)
    result = stated(data)
    turned = stated(shuffled(data, Random(seed)))  # noqa: S311 - reproducible test data
    unpinned = {"input_sha256", "hash", "correction"}
    assert {name: turned[name] for name in result if name not in unpinned} == {
        name: result[name] for name in result if name not in unpinned
    }
    assert turned.get("correction", {}).get("payers") == result.get("correction", {}).get("payers")


DAYS = st.dates(date(2023, 12, 1), date(2025, 1, 31)).map(date.isoformat)
BODY = st.tuples(st.integers(1, 10**6), DAYS, st.one_of(st.none(), DAYS)).filter(
    lambda body: body[2] is None or body[1] <= body[2]
)
DAY_KEYS = st.sampled_from(["EINWOHNER", "ZIELGRUPPE", "GLEICH"])


def shares(key: str, bodies: list[tuple[int, str, str | None]]) -> dict[str, Fraction]:
    item = {
        "id": "betrieb",
        "kind": "BETRIEB_ONLINEDIENST",
        "label": "Betrieb",
        "amount_cents": 1_000_003,
        "period": "JAHR",
        "valid_from": "2020-01-01",
        "valid_to": None,
        "due_on": None,
        "key": {"type": key},
        "decision": "UNANIMOUS",
        "fallback_key": None,
        "funding": "PARTICIPANTS",
        "efa_share_bp": None,
        "cost_object": None,
    }
    data = {
        "currency": "EUR",
        "period": {"from": "2024-01-01", "to": "2024-12-31"},
        "tables": {},
        "funding_rules": [],
        "cost_information": [{"version": 1, "issued_on": "2020-01-01", "effective_from": "2020-01-01", "items": [item]}],
        "participants": [
            {
                "id": f"ort-{number}",
                "type": "KOMMUNE",
                "ars": f"01{number:010}",
                "population": base,
                "target_group": base,
                "participations": [{"from": first, "to": last}],
                "uses": [],
            }
            for number, (base, first, last) in enumerate(bodies)
        ],
    }
    lines = statement(data)["items"][0]["pools"][0]["lines"]
    return {line["payer"]: Fraction(line["share"]) for line in lines}


@given(DAY_KEYS, st.lists(BODY, max_size=4), BODY)
@settings(max_examples=80)
def test_nobodys_exact_share_rises_when_somebody_joins(
    key: str, bodies: list[tuple[int, str, str | None]], joiner: tuple[int, str, str | None]
) -> None:
    before = shares(key, bodies)
    after = shares(key, [*bodies, joiner])
    after.pop(f"ort-{len(bodies)}", None)
    assert all(share <= before[payer] for payer, share in after.items())
