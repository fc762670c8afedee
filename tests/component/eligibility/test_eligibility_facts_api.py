"""Facts over HTTP: who states what, who sees it, what is refused, and what of the past stays to be read."""

from __future__ import annotations

from typing import Any

import pytest

from shared.messages.values import Channel
from tests.component.eligibility.conftest import ANNA, BERT, EXAMINATION, HUSUM, HUSUM_ITVSH, KOMM_ONE, SACHSEN, STAFF, World
from tests.support.facts import facts_of

GOVDIGITAL, FITKO = STAFF[Channel.GOVDIGITAL], STAFF[Channel.FITKO]
OPERATOR = "otto/marktplatz/BETREIBER"
MEMBERSHIP = "published:dataport:govdigital:MEMBER"
FIGURES = {
    "kind": "activity",
    "valid_from": "2026-02-01",
    "valid_to": None,
    "org": HUSUM,
    "year": 2025,
    "basis": "TURNOVER",
    "scope": "SOLO",
    "status": "ACTUAL",
    "total": 1000,
    "entrusted": 900,
}


def stated(**fields: Any) -> dict[str, Any]:
    return {"fact": {**FIGURES, **fields}, "reason": "Jahresabschluss 2025"}


async def record(world: World, token: str = ANNA, **fields: Any) -> dict[str, Any]:
    """Record Husum's figures and return the fact."""
    answer = await world.call("POST", "/facts", token, stated(**fields))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_organisation_states_corrects_and_withdraws_its_own_fact_and_every_revision_stays(world: World) -> None:
    fact = await record(world)
    path = f"/facts/{fact['id']}"
    corrected = await world.call("PUT", path, BERT, stated(entrusted=950), If_Match='"1"')
    withdrawn = await world.call("POST", f"{path}/withdrawal", ANNA, {"reason": "Falsches Jahr"})
    assert (corrected.status_code, corrected.headers["etag"], withdrawn.status_code) == (200, '"2"', 200)
    history = (await world.call("GET", path, ANNA)).json()["history"]
    assert [(it["rev"], it["withdrawn"], it["by"], it["reason"], it["content"]["entrusted"]) for it in history] == [
        (1, False, "anna", "Jahresabschluss 2025", 900),
        (2, False, "bert", "Jahresabschluss 2025", 950),
        (3, True, "anna", "Falsches Jahr", 950),
    ]
    listed = (await world.call("GET", f"/facts?organisation={HUSUM}&kind=activity", ANNA)).json()
    assert listed["items"] == []


async def test_what_was_known_at_an_instant_is_shown_as_it_was(world: World) -> None:
    fact = await record(world)
    first = fact["history"][0]["recorded_at"]
    await world.change("PUT", f"/facts/{fact['id']}", ANNA, stated(entrusted=950))
    then = (await world.call("GET", f"/facts/{fact['id']}?known_at={first}", ANNA)).json()
    listed = (await world.call("GET", f"/facts?organisation={HUSUM}&kind=activity&known_at={first}", ANNA)).json()
    now = (await world.call("GET", f"/facts/{fact['id']}", ANNA)).json()
    assert [then["fact"]["entrusted"], listed["items"][0]["fact"]["entrusted"], now["fact"]["entrusted"]] == [900, 900, 950]
    assert (await world.call("GET", f"/facts/{fact['id']}?known_at=2020-01-01T00:00:00Z", ANNA)).status_code == 404


async def test_a_change_made_for_another_revision_is_refused(world: World) -> None:
    fact = await record(world)
    path = f"/facts/{fact['id']}"
    assert (await world.call("PUT", path, ANNA, stated(entrusted=950), If_Match='"7"')).status_code == 412
    assert (await world.call("POST", f"{path}/withdrawal", ANNA, {"reason": "x"}, If_Match='"7"')).status_code == 412


async def test_a_repeat_with_its_key_records_one_fact(world: World) -> None:
    answers = [await world.call("POST", "/facts", ANNA, stated(), Idempotency_Key="k1") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    state = await facts_of(world.service).current()
    assert len(state.facts[answers[0].json()["id"]]) == 1


async def test_the_same_again_under_the_same_id_changes_nothing(world: World) -> None:
    first, again = [await record(world, id="zahlen-2025") for _ in range(2)]
    assert first == again
    other = await world.call("POST", "/facts", ANNA, stated(id="zahlen-2025", entrusted=1))
    assert (other.status_code, other.json()["code"]) == (409, "DUPLICATE_ID")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"total": 1.5}, 422, "INVALID_FIELD"),
        ({"rev": 4}, 422, "INVALID_FIELD"),
        ({"valid_from": "2026-02-30"}, 422, "INVALID_DATE"),
        ({"valid_to": "2026-02-01"}, 422, "INVALID_INTERVAL"),
        ({"evidence": ["nirgends"]}, 422, "UNKNOWN_EVIDENCE"),
        ({"entrusted": -1}, 422, "NEGATIVE_AMOUNT"),
        ({"total": 0, "entrusted": 0}, 422, "ZERO_TOTAL"),
        ({"market": 200}, 422, "PART_EXCEEDS_TOTAL"),
    ],
)
async def test_a_fact_that_the_specification_refuses_gets_its_code_and_is_not_recorded(
    world: World, fields: dict[str, Any], status: int, code: str
) -> None:
    before = (await facts_of(world.service).current()).seq
    answer = await world.call("POST", "/facts", ANNA, stated(**fields))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await facts_of(world.service).current()).seq == before


async def test_a_refusal_for_the_shape_of_a_fact_names_each_field_that_does_not_fit(world: World) -> None:
    answer = await world.call("POST", "/facts", ANNA, stated(total="viel", basis="GUT", surplus=1))
    assert (answer.json()["code"], set(answer.json()["fields"])) == ("INVALID_FIELD", {"total", "basis", "surplus"})
    unknown = await world.call("POST", "/facts", ANNA, {"fact": {"kind": "nothing"}, "reason": "x"})
    assert (unknown.json()["code"], unknown.json()["fields"]) == ("INVALID_FIELD", [])


async def test_a_second_figure_for_the_same_year_contradicts(world: World) -> None:
    await record(world)
    answer = await world.call("POST", "/facts", ANNA, stated(total=2000))
    assert (answer.status_code, answer.json()["code"]) == (409, "CONTRADICTING_FACTS")


@pytest.mark.parametrize(
    "closes", ["CYCLIC_CONTROL", "SOLE_CONTROL_NOT_UNIQUE", "CYCLIC_PART_OF", "SELF_RELATION", "INVALID_SHARE"]
)
async def test_relations_that_cannot_be_are_refused_by_what_is_recorded(world: World, closes: str) -> None:
    control = {
        "kind": "relation",
        "type": "CONTROL",
        "valid_from": None,
        "valid_to": None,
        "strategic": True,
        "significant": True,
    }
    control |= {"all_fields": True}
    part = {"kind": "relation", "type": "PART_OF", "valid_from": None, "valid_to": None}
    first, second = {
        "CYCLIC_CONTROL": ({**control, "from": "kdo", "to": "lecos"}, {**control, "from": "lecos", "to": "kdo"}),
        "SOLE_CONTROL_NOT_UNIQUE": ({**control, "from": "kdo", "to": "lecos"}, {**control, "from": "kisa", "to": "lecos"}),
        "CYCLIC_PART_OF": ({**part, "from": "kdo", "to": "lecos"}, {**part, "from": "lecos", "to": "kdo"}),
        "SELF_RELATION": (None, {**control, "from": "kdo", "to": "kdo"}),
        "INVALID_SHARE": (None, {**control, "from": "kdo", "to": "lecos", "share": "100.5"}),
    }[closes]
    if first is not None:
        assert (await world.call("POST", "/facts", OPERATOR, {"fact": first, "reason": "r"})).status_code == 201
    answer = await world.call("POST", "/facts", OPERATOR, {"fact": second, "reason": "r"})
    assert answer.json()["code"] == closes


async def test_nobody_states_facts_of_others_and_nobody_an_accreditation(world: World) -> None:
    other = await world.call("POST", "/facts", SACHSEN, stated())
    status = {"kind": "authority_status", "valid_from": None, "valid_to": None, "org": HUSUM, "class": "NR2"}
    own_status = await world.call("POST", "/facts", ANNA, {"fact": status, "reason": "r"})
    granted = {"kind": "accreditation", "valid_from": None, "valid_to": None, "org": HUSUM, "anbieter": "fitko", "role": "KUNDE"}
    by_api = await world.call("POST", "/facts", OPERATOR, {"fact": {**granted, "state": "ERTEILT"}, "reason": "r"})
    assert [(it.status_code, it.json()["code"]) for it in (other, own_status, by_api)] == [
        (403, "fact_not_yours"),
        (403, "fact_not_yours"),
        (403, "fact_by_decision"),
    ]


async def test_what_an_examination_finds_is_for_the_anbieter_to_record(world: World) -> None:
    relation = {"kind": "relation", "type": "SHAREHOLDER", "from": HUSUM, "to": "dataport", "valid_from": None, "valid_to": None}
    unknown: dict[str, Any] = dict.fromkeys(("organ_seat", "joint_influence", "contrary_interests", "all_fields"))
    own = await world.call("POST", "/facts", ANNA, {"fact": {**relation, **unknown, "organ_seat": "OWN"}, "reason": "r"})
    assert (own.status_code, own.json()["code"]) == (403, "examination_reserved")
    fact = (await world.call("POST", "/facts", ANNA, {"fact": {**relation, **unknown}, "reason": "r"})).json()
    by_owner = await world.call("POST", f"/facts/{fact['id']}/examination", ANNA, EXAMINATION)
    assert (by_owner.status_code, by_owner.json()["code"]) == (403, "examination_reserved")
    unseen = await world.call("POST", f"/facts/{fact['id']}/examination", GOVDIGITAL, EXAMINATION)
    assert unseen.status_code == 404, "Husum has not turned to govdigital"


async def test_an_anbieter_examines_what_was_stated_to_it_and_the_reference_data_but_nothing_unknown(world: World) -> None:
    await world.accredit_husum()
    fact = (await world.call("GET", f"/facts/{HUSUM_ITVSH}", ANNA)).json()
    assert (fact["rev"], fact["fact"]["organ_seat"], fact["history"][0]["content"]["organ_seat"]) == (2, "SHARED_DELEGATE", None)
    assert fact["fact"]["evidence"], "the documents of the statement carry the relation"
    assert (await world.call("GET", f"/facts/{HUSUM_ITVSH}", FITKO)).status_code == 404
    unknown = {"findings": {"favourite_colour": True}, "reason": "r"}
    refused = await world.call("POST", f"/facts/{MEMBERSHIP}/examination", GOVDIGITAL, unknown)
    assert (refused.status_code, refused.json()["code"]) == (422, "examination_unknown")
    late = await world.change(
        "PUT", f"/facts/{HUSUM_ITVSH}", ANNA, {"fact": {**fact["fact"], "valid_from": "2000-01-01"}, "reason": "r"}
    )
    assert (late.status_code, late.json()["code"]) == (403, "fact_not_yours")


async def test_a_document_that_comes_with_an_examination_is_recorded_with_it_or_not_at_all(world: World) -> None:
    await world.accredit_husum()
    path = f"/facts/{HUSUM_ITVSH}/examination"
    document = {"id": "liste-2026", "type": "TRAEGERLISTE", "title": "Liste der Träger"}
    found = {"findings": {"organ_seat": "OWN"}, "document": document, "reason": "Beschluss vom Mai"}
    before = await facts_of(world.service).current()
    unknown = {**found, "findings": {"favourite_colour": True}}
    refused = [
        await world.call("POST", path, GOVDIGITAL, found, If_Match='"7"'),
        await world.call("POST", path, GOVDIGITAL, unknown),
        await world.call("POST", path, GOVDIGITAL, {**found, "document": {**document, "type": "GIBT_ES_NICHT"}}),
        await world.call("POST", path, GOVDIGITAL, {**found, "evidence": ["gibt-es-nicht"]}),
        await world.call("POST", path, ANNA, found),
    ]
    assert [it.status_code for it in refused] == [412, 422, 422, 422, 403]
    assert (await facts_of(world.service).current()).seq == before.seq
    assert (await world.call("GET", "/evidence/liste-2026", GOVDIGITAL)).status_code == 404
    for _ in range(2):
        examined = await world.call("POST", path, GOVDIGITAL, found, Idempotency_Key="examine-1")
        assert examined.status_code == 200
    assert examined.json()["fact"]["evidence"][-1] == "liste-2026"
    held = (await world.call("GET", "/evidence/liste-2026", GOVDIGITAL)).json()
    assert (held["title"], len(held["history"])) == ("Liste der Träger", 1)
    assert (await facts_of(world.service).current()).seq == before.seq + 1, "both in one entry"


async def test_so_is_one_that_comes_with_a_fact_or_its_correction(world: World) -> None:
    document = {"type": "JAHRESABSCHLUSS", "title": "Jahresabschluss 2025"}
    other = await world.call("POST", "/facts", ANNA, {**stated(org="dataport"), "document": {**document, "id": "abschluss"}})
    assert other.status_code == 403
    assert (await world.call("GET", "/evidence/abschluss", ANNA)).status_code == 404
    made = await world.call("POST", "/facts", ANNA, {**stated(), "document": document}, Idempotency_Key="fact-1")
    (first,) = made.json()["fact"]["evidence"]
    assert (await world.call("GET", f"/evidence/{first}", ANNA)).json()["title"] == "Jahresabschluss 2025"
    further = {**stated(entrusted=950, evidence=[first]), "document": {**document, "id": "berichtigt"}}
    path = f"/facts/{made.json()['id']}"
    assert (await world.call("PUT", path, ANNA, further, If_Match='"7"')).status_code == 412
    assert (await world.call("GET", "/evidence/berichtigt", ANNA)).status_code == 404
    corrected = await world.call("PUT", path, ANNA, further, If_Match='"1"')
    assert corrected.json()["fact"]["evidence"] == [first, "berichtigt"]


async def test_a_stranger_sees_the_reference_data_and_none_of_what_others_recorded(world: World) -> None:
    fact = await record(world)
    assert (await world.call("GET", f"/facts/{fact['id']}", SACHSEN)).status_code == 404
    assert (await world.call("GET", f"/facts/{fact['id']}", GOVDIGITAL)).status_code == 404
    assert (await world.call("GET", f"/facts/{fact['id']}", OPERATOR)).status_code == 200
    listed = (await world.call("GET", f"/facts?organisation={HUSUM}", SACHSEN)).json()["items"]
    assert {it["id"] for it in listed} == {HUSUM, f"published:{HUSUM}:status"}
    member = (await world.call("GET", f"/facts/{MEMBERSHIP}", KOMM_ONE)).json()
    assert [it["origin"] for it in member["history"]] == ["REFERENCE"], "what was examined is not for everybody"
    assert (await world.call("GET", f"/facts/{MEMBERSHIP}", None)).status_code == 401


async def test_a_list_goes_on_behind_its_last_fact(world: World) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await world.call("GET", f"/facts?organisation=dataport&limit=4{cursor}", GOVDIGITAL)).json()
        seen += [it["id"] for it in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted(set(seen))
    assert {MEMBERSHIP, "published:itvsh:dataport:TRAEGER", "dataport"} <= set(seen)


async def test_a_document_of_others_cannot_be_cited_to_read_it(world: World) -> None:
    await world.accredit_husum()
    (evidence, *_) = (await world.call("GET", f"/facts/{HUSUM_ITVSH}", ANNA)).json()["fact"]["evidence"]
    foreign = {**FIGURES, "org": "DE-SN", "evidence": [evidence]}
    answer = await world.call("POST", "/facts", SACHSEN, {"fact": foreign, "reason": "r"})
    assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_EVIDENCE")


async def test_a_key_given_up_by_a_municipal_reform_names_its_successor_everywhere(world: World) -> None:
    old, new, dissolved = "160615012097", "160615051119", "130715163017"
    for answer in (
        await world.call("GET", f"/bodies/{old}", None),
        await world.call("GET", f"/facts?organisation={old}", ANNA),
        await world.call("POST", "/facts", OPERATOR, stated(org=old)),
    ):
        assert (answer.status_code, answer.json()["code"], answer.json()["successor"]) == (410, "body_superseded", new)
    gone = await world.call("GET", f"/bodies/{dissolved}", None)
    assert (gone.status_code, gone.json()["code"]) == (410, "body_dissolved")
    fact = (await world.call("GET", f"/facts/{old}", ANNA)).json()["fact"]
    assert (fact["name"], fact["valid_to"]) == ("Uder", "2023-12-01")
    assert (await world.call("GET", f"/facts/{new}", ANNA)).json()["fact"]["valid_from"] == "2025-11-30"
