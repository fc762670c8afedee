"""Which legs a change of facts can concern."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise, permutations
from random import Random
from typing import Any

import pytest

from services.eligibility.engine.evaluate import glance
from services.eligibility.engine.faults import RefusedError
from services.eligibility.fact_store.entry import Head, Origin, Record
from services.eligibility.fact_store.state import State
from services.eligibility.recheck import touched
from services.eligibility.recheck.touched import Touched
from tests.support.eligibility_worlds import ANBIETER, BODIES, random_case

DEPTH = 6
CHAIN = [f"b{number}" for number in range(10)]
VALID: dict[str, Any] = {"valid_from": None, "valid_to": None}


def organisation(body: str) -> dict[str, Any]:
    return {"id": body, "kind": "organisation", "name": body, "type": "OTHER", "sector": "PUBLIC", "active_since": [], **VALID}


def member(source: str, target: str) -> dict[str, Any]:
    names = ("organ_seat", "joint_influence", "contrary_interests", "all_fields", "share")
    return {
        "id": f"{source}-{target}",
        "kind": "relation",
        "type": "MEMBER",
        "from": source,
        "to": target,
        "evidence": ["list"],
        **dict.fromkeys(names),
        **VALID,
    }


def part_of(source: str, target: str) -> dict[str, Any]:
    return {"id": f"{source}-{target}", "kind": "relation", "type": "PART_OF", "from": source, "to": target, **VALID}


def status(body: str) -> dict[str, Any]:
    return {"id": f"st-{body}", "kind": "authority_status", "org": body, "class": "NR2", "evidence": ["list"], **VALID}


LIST = {"id": "list", "type": "MITGLIEDERLISTE", **VALID}
ISLAND = ["island", "isle"]
FACTS = [
    *(organisation(body) for body in (*CHAIN, "part", *ISLAND)),
    *(member(source, target) for source, target in pairwise(CHAIN)),
    part_of("part", "b9"),
    status("b0"),
    status("island"),
]


def entry(seq: int, facts: list[Mapping[str, Any]], documents: list[Mapping[str, Any]]) -> Any:
    head = Head(seq, f"2026-01-01T00:00:{seq:02d}Z", Origin.PERSON, "a test", None, None)
    return head, [Record({"rev": seq, **it}) for it in facts], [Record({"rev": seq, **it}) for it in documents]


def after(*facts: Mapping[str, Any], documents: tuple[Mapping[str, Any], ...] = ()) -> Touched:
    """Return what is touched by further revisions of facts and documents."""
    first = State().with_entries([entry(1, [*FACTS], [LIST])])
    return Touched(first.with_entries([entry(2, [*facts], [*documents])]), 1, DEPTH)


def test_a_leg_of_which_an_end_has_changed_is_concerned_whatever_the_other_is() -> None:
    assert after(status("island")).concerns("island", "b3")
    assert after(status("island")).concerns("b3", "island")


def test_a_leg_is_concerned_if_both_ends_are_near_the_change_in_whatever_direction() -> None:
    assert after(status("b0")).concerns("b2", f"b{DEPTH}")
    assert after(member("b4", "b5")).concerns("b8", "b0")


def test_a_leg_with_an_end_out_of_reach_is_not_concerned() -> None:
    assert not after(status("b0")).concerns("b2", f"b{DEPTH + 1}")
    assert not after(status("b0")).concerns("b2", "island")
    assert not after(status("b0")).concerns("island", "isle")


def test_an_accreditation_concerns_the_legs_of_the_body_itself_only() -> None:
    granted = {
        "id": "acc",
        "kind": "accreditation",
        "org": "b3",
        "anbieter": "govdigital",
        "role": "KUNDE",
        "state": "ERTEILT",
        **VALID,
    }
    found = after(granted)
    assert found.concerns("b3", "b5")
    assert not found.concerns("b4", "b5")


def test_a_part_is_near_what_its_whole_is_near() -> None:
    found = after(status("b9"))
    assert found.concerns("part", "island"), "its legal person has changed"
    assert after(member("b8", "b9")).concerns("part", "b7")


def test_a_document_touches_the_bodies_of_the_facts_that_cite_it() -> None:
    found = after(documents=({**LIST, "valid_to": "2026-01-01"},))
    assert found.concerns("island", "b0")
    assert not found.concerns("isle", "isle")


def test_a_document_that_too_many_facts_cite_touches_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touched, "MOST_CITING", 3)
    assert after(documents=({**LIST, "valid_to": "2026-01-01"},)).concerns("isle", "isle")


def question(random: Random, customer: str, provider: str, channel: str, rule_set: str) -> dict[str, Any]:
    return {
        "kind": "ORDER",
        "as_of": "2027-01-01" if rule_set == "gwb108-2027-draft" else "2026-07-01",
        "rule_set": rule_set,
        "policy": {"indirect_joint": random.choice(["STRICT", "ACCEPT"]), "accreditation": random.choice(["IGNORE", "REQUIRE"])},
        "customer": customer,
        "provider": provider,
        "channel": channel,
    }


def answer(state: State, asked: Mapping[str, Any]) -> Any:
    """Return what is found, None for facts that contradict each other: nobody can record such."""
    try:
        return glance(state.world, asked)
    except RefusedError:
        return None


def changed(random: Random, facts: list[Record], documents: list[Record]) -> tuple[list[Record], list[Record]]:
    """Return a further revision of a fact, mostly a relation, or of a document: withdrawn, or ended long ago."""
    relations = [fact for fact in facts if fact.content["kind"] == "relation"]
    others = [fact for fact in facts if fact.content["kind"] not in ("organisation", "relation")]
    record = random.choice(random.choice([relations or others, relations or others, others, documents]))
    changes: list[dict[str, Any]] = [{"withdrawn": True}, {"valid_from": None, "valid_to": "2019-01-01"}]
    later = [Record({**record.content, "rev": 2, **random.choice(changes)})]
    return (later, []) if record in facts else ([], later)


@pytest.mark.slow
def test_whatever_changes_a_verdict_is_found_in_random_worlds() -> None:
    changes = near = 0
    for seed in range(40):
        random = Random(seed)  # noqa: S311 - no secrets
        given, documents, _ = random_case(random)
        facts = [Record({"rev": 1, **fact}) for fact in given]
        evidence = [Record({"rev": 1, **document}) for document in documents]
        before = State().with_entries([(entry(1, [], [])[0], facts, evidence)])
        after = before.with_entries([(entry(2, [], [])[0], *changed(random, facts, evidence))])
        touched, ends = Touched(after, 1, DEPTH), Touched(after, 1, 0)
        rule_set = random.choice(["gwb108-2016", "gwb108-2027-draft"])
        for customer, provider in permutations(BODIES, 2):
            for channel in ANBIETER:
                asked = question(random, customer, provider, "FITKO" if channel == "fitko" else channel, rule_set)
                found = answer(before, asked)
                if found is not None and found != answer(after, asked):
                    changes += 1
                    assert touched.concerns(channel, provider) or touched.concerns(customer, channel), (seed, asked)
                    near += not (ends.concerns(channel, provider) or ends.concerns(customer, channel))
    assert changes > 50
    assert near > 0, "some hang on a relation between two others"


def test_nothing_new_touches_nothing() -> None:
    state = State().with_entries([entry(1, [*FACTS], [LIST])])
    assert not any(Touched(state, 1, DEPTH).concerns(one, other) for one in CHAIN for other in CHAIN)
