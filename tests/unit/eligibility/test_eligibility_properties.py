"""What must hold for all worlds, of the in-house pre-check: what more evidence, time, names and order may and may not change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.eligibility.engine.answer import Answer
from services.eligibility.engine.bodies import activity
from services.eligibility.engine.day import day_of
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.rule_sets import rule_sets
from services.eligibility.engine.verdicts import Verdict
from services.eligibility.engine.world import World
from tests.support.eligibility_worlds import ANBIETER, AS_OF, BODIES, Case, Record, cases, document_for, kind_of_evidence

pytestmark = pytest.mark.slow

RULES = rule_sets()["gwb108-2016"]
random_worlds = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def answer_to(facts: Sequence[Mapping[str, Any]], documents: Sequence[Mapping[str, Any]], request: Mapping[str, Any]) -> Answer:
    """Return the answer; an example whose facts contradict each other is passed over."""
    try:
        return evaluate(World.of(facts, documents), request)
    except RefusedError:
        assume(False)
        raise


def verdicts(answer: Answer) -> list[Verdict]:
    return [leg.verdict for leg in answer.legs]


def found(answer: Answer) -> dict[str, Any]:
    return {name: answer.core[name] for name in ("verdict", "legs", "rules", "changes_on", "changes_to")}


@random_worlds
@given(case=cases(), data=st.data())
def test_one_more_document_never_makes_a_verdict_worse(case: Case, data: st.DataObject) -> None:
    facts, documents, request = case
    before = answer_to(*case)
    fact = data.draw(st.sampled_from([fact for fact in facts if kind_of_evidence(fact)]))
    carried = [each | {"evidence": [*each.get("evidence", ()), "new"]} if each is fact else each for each in facts]
    after = answer_to(carried, [*documents, document_for(fact, "new")], request)
    assert all(later <= earlier for earlier, later in zip(verdicts(before), verdicts(after), strict=True))


@random_worlds
@given(case=cases(), data=st.data())
def test_a_document_that_is_valid_for_longer_never_makes_a_verdict_worse(case: Case, data: st.DataObject) -> None:
    facts, documents, request = case
    before = answer_to(*case)
    assume(documents)
    longer = data.draw(st.sampled_from(documents))
    extended = [each | {"valid_from": None, "valid_to": None} if each is longer else each for each in documents]
    after = answer_to(facts, extended, request)
    assert all(later <= earlier for earlier, later in zip(verdicts(before), verdicts(after), strict=True))


@random_worlds
@given(case=cases(), data=st.data())
def test_the_order_of_facts_changes_nothing(case: Case, data: st.DataObject) -> None:
    facts, documents, request = case
    before = answer_to(*case)
    shuffled = answer_to(data.draw(st.permutations(facts)), data.draw(st.permutations(documents)), request)
    assert shuffled.core == before.core
    assert shuffled.hash == before.hash


@random_worlds
@given(case=cases(), order=st.permutations(range(200)))
def test_other_ids_change_neither_verdict_nor_deciding_rules(case: Case, order: Sequence[int]) -> None:
    before = answer_to(*case)
    ids = [*BODIES, *(record["id"] for record in (*case[0], *case[1]) if record["id"] not in (*BODIES, *ANBIETER))]
    names = {f'"{id_}"': f'"x{order[place]}"' for place, id_ in enumerate(ids)}
    text = json.dumps(case)
    for old in sorted(names, key=len, reverse=True):
        text = text.replace(old, f"\x00{names[old]}")
    assert found(answer_to(*json.loads(text.replace("\x00", "")))) == found(before)


@random_worlds
@given(case=cases())
def test_facts_of_other_days_change_no_verdict(case: Case) -> None:
    facts, documents, request = case
    before = answer_to(*case)
    on = request["as_of"]
    kept = [
        fact
        for fact in facts
        if fact["kind"] == "organisation" or (fact["valid_from"] or "") <= on < (fact["valid_to"] or "9999-12-31")
    ]
    after = answer_to(kept, documents, request)
    assert verdicts(after) == verdicts(before)
    assert _without_relations_of_other_days(after) == _without_relations_of_other_days(before)


def _without_relations_of_other_days(answer: Answer) -> list[dict[str, str]]:
    return [rule for rule in answer.deciding if rule["code"] != "RELATION_NOT_VALID"]


@random_worlds
@given(case=cases())
def test_accepting_is_never_worse_than_strict_and_ignoring_never_worse_than_requiring(case: Case) -> None:
    facts, documents, request = case

    def with_policy(name: str, value: str) -> list[Verdict]:
        return verdicts(answer_to(facts, documents, request | {"policy": request["policy"] | {name: value}}))

    for name, mild, hard in (("indirect_joint", "ACCEPT", "STRICT"), ("accreditation", "IGNORE", "REQUIRE")):
        assert all(x <= y for x, y in zip(with_policy(name, mild), with_policy(name, hard), strict=True))


@random_worlds
@given(case=cases(), data=st.data())
def test_a_cent_more_of_entrusted_activity_never_makes_the_share_worse(case: Case, data: st.DataObject) -> None:
    facts, documents, request = case
    raisable = [fact for fact in facts if fact["kind"] == "activity" and fact["entrusted"] + (fact.get("market") or 0) < 1000]
    assume(raisable)
    chosen = data.draw(st.sampled_from(raisable))
    raised = [fact | {"entrusted": fact["entrusted"] + 1} if fact is chosen else fact for fact in facts]

    def share(known: list[Record]) -> Verdict:
        answer_to(known, documents, request)
        day = day_of(World.of(known, documents).view(None), request["as_of"], RULES)
        return activity(day, chosen["org"]).verdict

    assert share(raised) <= share(facts)


@random_worlds
@given(case=cases(), data=st.data(), on=st.sampled_from(["2026-01-01", "2026-03-02", "2026-03-03", "2026-08-01"]))
def test_what_if_a_fact_ended_is_what_holds_once_it_ends(case: Case, data: st.DataObject, on: str) -> None:
    facts, documents, request = case
    chosen = data.draw(st.sampled_from([fact for fact in facts if fact["kind"] != "organisation"]))
    assume((chosen["valid_from"] or "") < on)
    changed = [fact | {"valid_to": min(on, fact["valid_to"] or on)} if fact is chosen else fact for fact in facts]
    overlay = [{"op": "END", "fact": chosen["id"], "on": on}]
    assert found(answer_to(facts, documents, request | {"overlay": overlay})) == found(answer_to(changed, documents, request))


@random_worlds
@given(case=cases(), data=st.data())
def test_what_if_there_were_a_fact_is_what_holds_once_there_is(case: Case, data: st.DataObject) -> None:
    facts, documents, request = case
    added = data.draw(st.sampled_from([fact for fact in facts if fact["kind"] != "organisation"]))
    before = [fact for fact in facts if fact is not added]
    overlay = [{"op": "ADD", "fact": added}]
    assert found(answer_to(before, documents, request | {"overlay": overlay})) == found(answer_to(*case))


@random_worlds
@given(case=cases(), data=st.data())
def test_the_verdict_holds_on_every_day_until_it_changes(case: Case, data: st.DataObject) -> None:
    facts, documents, request = case
    answer = answer_to(*case)
    first = date.fromisoformat(request["as_of"])
    changes_on = answer.core["changes_on"]
    last = date(first.year + RULES.horizon_years, 12, 31) if changes_on is None else date.fromisoformat(changes_on)
    if changes_on is not None:
        assert answer_to(facts, documents, request | {"as_of": changes_on}).verdict.name == answer.core["changes_to"]
        assert answer.core["changes_to"] != answer.core["verdict"]
    between = st.integers(0, (last - first).days - 1).map(lambda days: (first + timedelta(days)).isoformat())
    turns = [day for day in ("2026-05-01", "2026-06-01", "2026-07-01", "2027-01-01", "2027-07-01") if first.isoformat() < day]
    days = {data.draw(between), *(day for day in turns if day < last.isoformat())}
    for day in days:
        assert answer_to(facts, documents, request | {"as_of": day}).verdict is answer.verdict, day


@random_worlds
@given(case=cases(), data=st.data())
def test_what_is_recorded_later_changes_nothing_of_what_was_known(case: Case, data: st.DataObject) -> None:
    facts, documents, request = case
    request = request | {"known_at": "2026-03-02T12:00:00Z"}
    before = answer_to(facts, documents, request)
    later = {"rev": 2, "recorded_at": "2026-03-02T12:00:01Z", "withdrawn": True}
    chosen = data.draw(st.lists(st.sampled_from(facts), unique_by=lambda fact: fact["id"], min_size=1))
    withdrawn = [fact | later for fact in chosen]
    further = [document | later for document in documents[:1]]
    assert answer_to([*facts, *withdrawn], [*documents, *further], request).hash == before.hash


@random_worlds
@given(case=cases(), days=st.permutations(AS_OF))
def test_a_warm_world_answers_as_a_new_one(case: Case, days: Sequence[str]) -> None:
    facts, documents, request = case
    world = World.of(facts, documents)
    for day in (*days, *days):
        asked = request | {"as_of": day}
        try:
            warm = evaluate(world, asked)
        except RefusedError:
            continue
        assert warm.hash == answer_to(facts, documents, asked).hash
