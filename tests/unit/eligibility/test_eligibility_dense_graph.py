"""A graph in which everybody takes part in everybody has far more paths than can be tried one by one."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.world import World

BODIES = [f"b{number}" for number in range(16)]
FIRST, LAST = BODIES[0], BODIES[-1]
ALWAYS: dict[str, Any] = {"valid_from": None, "valid_to": None}
SEAT = {"organ_seat": "OWN", "joint_influence": True, "contrary_interests": False}


def test_the_best_of_hundreds_of_thousands_of_paths_is_found() -> None:
    facts = [{"id": id_, "kind": "organisation", "name": id_, "type": "OTHER", "sector": "PUBLIC"} | ALWAYS for id_ in BODIES]
    for source, target in permutations(BODIES, 2):
        if (source, target) != (FIRST, LAST):
            ends = {"id": f"{source}-{target}", "kind": "relation", "type": "MEMBER", "from": source, "to": target}
            facts.append(ends | SEAT | {"all_fields": target != LAST, "evidence": ["d"]} | ALWAYS)
    asked = {"kind": "LEG", "as_of": "2026-03-02", "rule_set": "gwb108-2016", "awarder": FIRST, "contractor": LAST}
    answer = evaluate(World.of(facts, [{"id": "d", "type": "SATZUNG"} | ALWAYS]), asked)
    found = {route.name: route.results[0].outcome for route in (answer.legs[0].route, *answer.legs[0].alternatives) if route}
    assert (found["JOINT"].code, len(found["JOINT"].facts)) == ("PARTIAL_CONTROL", 2)
    assert found["INVERSE"].code == "STATUS_UNKNOWN"
