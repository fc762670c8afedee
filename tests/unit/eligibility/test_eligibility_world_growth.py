"""A world that grows entry by entry answers as one that is built at once from all that was recorded."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.facts import DOCUMENTS, FACTS
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.world import World

CASES = sorted((Path(__file__).parents[2] / "contract" / "eligibility" / "cases").glob("*.json"))
Json = dict[str, Any]


def answer(world: World, request: Json) -> str:
    """Return the hash of the answer, or the code of the refusal."""
    try:
        return evaluate(world, request).hash
    except RefusedError as refused:
        return refused.code


def entries(case: Json, seed: int) -> list[tuple[list[Json], list[Json]]]:
    """Return facts and documents of a case as entries in any order of ids, revisions of one id in theirs."""
    records = [(fact, "facts") for fact in case["facts"]] + [(document, "evidence") for document in case["evidence"]]
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    ids = sorted({record["id"] for record, _ in records})
    chance.shuffle(ids)
    # Documents and organisations come first, as everywhere: what cites them is refused before.
    order = {id_: place for place, id_ in enumerate(ids)}
    records.sort(key=lambda it: (it[1] == "facts", it[0].get("kind") != "organisation", order[it[0]["id"]], it[0].get("rev", 1)))
    dated = [
        ({**record, "recorded_at": f"2020-01-01T00:{n // 60:02d}:{n % 60:02d}Z"}, kind)
        for n, (record, kind) in enumerate(records)
    ]
    return [([it for it, kind in [one] if kind == "facts"], [it for it, kind in [one] if kind == "evidence"]) for one in dated]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem[:3])
@pytest.mark.parametrize("looking", [True, False], ids=["looked at after each entry", "looked at once"])
def test_a_world_that_grows_answers_as_one_built_at_once(path: Path, *, looking: bool) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    for seed in range(3):
        found = entries(case, seed)
        grown = World((), ())
        for facts, documents in found:
            grown = grown.with_records(FACTS.validate_python(facts), DOCUMENTS.validate_python(documents))
            if looking:
                answer(grown, case["request"])
        whole = World.of([fact for facts, _ in found for fact in facts], [it for _, documents in found for it in documents])
        assert answer(grown, case["request"]) == answer(whole, case["request"])


def test_what_was_known_before_an_entry_is_answered_as_before_it() -> None:
    case = json.loads(next(path for path in CASES if path.stem.startswith("g01")).read_text(encoding="utf-8"))
    before = World.of([{**fact, "recorded_at": "2020-01-01T00:00:00Z"} for fact in case["facts"]], case["evidence"])
    request = {**case["request"], "known_at": "2020-01-01T00:00:00Z"}
    relation = next(fact for fact in case["facts"] if fact["kind"] == "relation")
    later = {**relation, "rev": 2, "recorded_at": "2020-01-01T00:00:01Z", "withdrawn": True}
    after = before.with_records(FACTS.validate_python([later]), ())
    assert answer(after, request) == answer(before, request)
    assert answer(after, case["request"]) != answer(before, case["request"])


def test_a_correction_that_contradicts_is_refused_as_in_a_world_built_at_once() -> None:
    case = json.loads(next(path for path in CASES if path.stem.startswith("g01")).read_text(encoding="utf-8"))
    world = World.of([{**fact, "recorded_at": "2020-01-01T00:00:00Z"} for fact in case["facts"]], case["evidence"])
    world.view(None)
    relation = next(fact for fact in case["facts"] if fact["kind"] == "relation")
    again = {**relation, "id": "again", "recorded_at": "2020-01-01T00:00:01Z"}
    back = {**relation, "id": "back", "from": relation["to"], "to": relation["from"], "recorded_at": "2020-01-01T00:00:01Z"}
    for fact, code in (
        (again, "CONTRADICTING_FACTS"),
        (back, "CYCLIC_CONTROL"),
        ({**relation, "recorded_at": None}, "DUPLICATE_ID"),
    ):
        with pytest.raises(RefusedError) as refused:
            world.with_records(FACTS.validate_python([fact]), ()).view(None)
        assert refused.value.code == code


def test_a_correction_that_changes_the_kind_of_a_fact_is_checked_against_all_others() -> None:
    always: Json = {"valid_from": None, "valid_to": None}
    bodies = [{"id": id_, "kind": "organisation", "name": id_, "type": "OTHER", "sector": "PUBLIC"} | always for id_ in "abc"]
    sole = {"kind": "relation", "type": "CONTROL", "to": "c", "strategic": True, "significant": True, "all_fields": True} | always
    control = [{"id": f"control-{source}", "from": source} | sole for source in "ab"]
    part = {"id": "part", "kind": "relation", "type": "PART_OF", "from": "b", "to": "a"} | always
    asked = {"kind": "LEG", "as_of": "2026-03-02", "rule_set": "gwb108-2016", "awarder": "a", "contractor": "c"}
    world = World.of([*bodies, *control, part], [])
    assert len(answer(world, asked)) == 64
    findings = {"organ_seat": None, "joint_influence": None, "contrary_interests": None, "all_fields": None}
    member = part | {"type": "MEMBER", "rev": 2, "recorded_at": "2026-01-01T00:00:00Z"} | findings
    assert answer(world.with_records(FACTS.validate_python([member]), []), asked) == "SOLE_CONTROL_NOT_UNIQUE"
