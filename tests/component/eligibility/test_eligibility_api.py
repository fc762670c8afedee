"""Registration, statements, accreditation and pre-checks over HTTP: what works, what is refused, who sees what."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from shared.messages.values import Channel
from shared.topics import RIGHTS
from tests.component.eligibility.conftest import (
    ANNA,
    BERT,
    EXAMINATION,
    HUSUM,
    HUSUM_ITVSH,
    KOMM_ONE,
    PATH,
    SACHSEN,
    SATZUNG,
    STAFF,
    World,
)

pytestmark = pytest.mark.slow

GOVDIGITAL, FITKO = Channel.GOVDIGITAL, Channel.FITKO


class TestRegistration:
    async def test_the_first_authorised_person_registers(self, world: World) -> None:
        response = await world.register(ANNA, ["KUNDE"], ["govdigital"], ars=HUSUM, leitweg_id="04011000-900X999-08")
        assert response.status_code == 201
        assert response.headers["location"] == f"/v1/organisations/{HUSUM}"
        assert response.headers["etag"] == '"1"'
        body = response.json()
        assert (body["name"], body["state_code"], body["users"], body["roles"]) == ("Husum, Stadt", "SH", ["anna"], ["KUNDE"])
        assert [(a["channel"], a["role"], a["state"]) for a in body["accreditations"]] == [("govdigital", "KUNDE", "BEANTRAGT")]
        assert world.publisher.types() == [
            "eligibility.organisation.registered.v1",
            "eligibility.organisation.accreditation-requested.v1",
            "eligibility.rights.recorded.v1",
        ]

    async def test_a_second_person_is_refused_with_a_clear_sentence(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        response = await world.register(BERT, ["KUNDE"], ["govdigital"])
        assert response.status_code == 409
        assert response.json()["code"] == "already_registered"
        assert "ask an active user to add you" in response.json()["detail"]

    async def test_of_two_at_the_same_moment_one_registers(self, world: World) -> None:
        answers = await asyncio.gather(*(world.register(token, ["KUNDE"], ["govdigital"]) for token in (ANNA, BERT) * 3))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 201, 409, 409, 409]
        assert world.publisher.types().count("eligibility.organisation.registered.v1") == 1

    async def test_a_repeat_by_the_same_person_makes_no_new_event(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        response = await world.register(ANNA, ["KUNDE"], ["govdigital"])
        assert response.status_code == 200
        assert len(world.publisher.events) == 3

    @pytest.mark.parametrize(
        ("token", "fields", "status", "code"),
        [
            ("ben/110000000000/KUNDE", {}, 422, "register_as"),
            ("ben/nobody/KUNDE", {}, 404, "body_not_found"),
            (ANNA, {"leitweg_id": "04011000-900X999-09"}, 422, "leitweg_id_check_digits"),
            (ANNA, {"ars": "010540056057"}, 422, "ars_differs"),
        ],
    )
    async def test_what_does_not_fit_is_refused(
        self, world: World, token: str, fields: dict[str, str], status: int, code: str
    ) -> None:
        response = await world.register(token, ["KUNDE"], ["govdigital"], **fields)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert world.publisher.events == []

    async def test_nobody_registers_for_another_organisation(self, world: World) -> None:
        person = {"capacity": "BEVOLLMAECHTIGT", "confirmed": True}
        body = {"organisation": HUSUM, "person": person, "roles": ["KUNDE"], "anbieter": []}
        response = await world.call("POST", "/organisations", SACHSEN, body)
        assert (response.status_code, response.json()["code"]) == (403, "other_organisation")

    async def test_without_the_confirmation_there_is_no_registration(self, world: World) -> None:
        person = {"capacity": "BEVOLLMAECHTIGT", "confirmed": False}
        body = {"organisation": HUSUM, "person": person, "roles": ["KUNDE"]}
        assert (await world.call("POST", "/organisations", ANNA, body)).status_code == 422

    async def test_a_repeat_with_its_key_gets_the_first_answer(self, world: World) -> None:
        person = {"capacity": "BEVOLLMAECHTIGT", "confirmed": True}
        body = {"organisation": HUSUM, "person": person, "roles": ["KUNDE"], "anbieter": ["govdigital"]}
        first = await world.call("POST", "/organisations", ANNA, body, Idempotency_Key="k1")
        again = await world.call("POST", "/organisations", ANNA, body, Idempotency_Key="k1")
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())


class TestChange:
    async def test_an_active_user_adds_another_who_then_acts(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], [])
        path = f"/organisations/{HUSUM}"
        assert (await world.change("PATCH", path, BERT, {"add_roles": ["KLIENT"]})).json()["code"] == "not_a_user"
        added = await world.change("PATCH", path, ANNA, {"add_users": ["bert"]})
        assert added.json()["users"] == ["anna", "bert"]
        changed = await world.call("PATCH", path, BERT, {"add_roles": ["KLIENT"]}, If_Match=added.headers["etag"])
        assert changed.json()["roles"] == ["KUNDE", "KLIENT"]

    async def test_a_stale_revision_is_refused(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], [])
        response = await world.call("PATCH", f"/organisations/{HUSUM}", ANNA, {"add_roles": ["KLIENT"]}, If_Match='"7"')
        assert response.status_code == 412


class TestRelation:
    async def test_a_statement_is_kept_with_its_evidence_and_its_group(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        body = (await world.state_relation()).json()
        (statement,) = body["statements"]
        assert (statement["path"], statement["confirmed"]) == (PATH, False)
        assert statement["plausible_by"] == "Gemeinden, Städte und Kreise in Schleswig-Holstein"
        assert statement["evidence"][0]["title"] == SATZUNG["title"]
        assert body["accreditations"][0]["statements"] == [statement["id"]]

    @pytest.mark.parametrize(
        ("path", "code"),
        [
            (["itvsh", "dataport", "govdigital"], "own_leg_missing"),
            ([HUSUM, "nobody", "govdigital"], "body_unknown"),
            ([HUSUM, "itvsh", "govdigital"], "path_leg_unknown"),
            ([HUSUM, "itvsh", "dataport", "itvsh"], "path_leg_unknown"),
        ],
    )
    async def test_a_path_that_the_graph_does_not_know_is_refused(self, world: World, path: list[str], code: str) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        response = await world.state_relation(path=path)
        assert (response.status_code, response.json()["code"]) == (422, code)

    async def test_a_confirmed_statement_of_another_body_is_a_leg(self, world: World) -> None:
        own = ["gkd_recklinghausen", "govdigital"]
        gkd = "gina/gkd_recklinghausen/KUNDE"
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        await world.register(gkd, ["KUNDE"], ["govdigital"])
        assert (await world.state_relation(gkd, own, type="MEMBER")).status_code == 200
        refused = await world.state_relation(path=[HUSUM, *own])
        assert refused.json()["code"] == "path_leg_unknown"
        await world.decide("gkd_recklinghausen", GOVDIGITAL, "review")
        await world.decide("gkd_recklinghausen", GOVDIGITAL, "grant")
        assert (await world.state_relation(path=[HUSUM, *own])).status_code == 200
        await world.decide(HUSUM, GOVDIGITAL, "review")
        await world.decide(HUSUM, GOVDIGITAL, "grant")
        check = (await world.call("POST", "/checks", ANNA, {"provider": "komm_one", "channel": "govdigital"})).json()
        facts = {line for finding in check["assessments"][0]["findings"] for line in finding["facts"]}
        assert {line for line in facts if line.startswith("Trägerschaft von Husum")} != set()


class TestAccreditation:
    async def test_question_answer_and_grant(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        await world.state_relation()
        await world.decide(HUSUM, GOVDIGITAL, "review")
        asked = (await world.decide(HUSUM, GOVDIGITAL, "query", {"question": "Wer vertritt Husum?"})).json()
        assert asked["accreditations"][0]["state"] == "RUECKFRAGE"
        path = f"/organisations/{HUSUM}/accreditations/govdigital/KUNDE/answer"
        answered = (await world.call("POST", path, ANNA, {"answer": "Der Amtsdirektor."})).json()
        assert answered["accreditations"][0]["state"] == "IN_PRUEFUNG"
        granted = (await world.decide(HUSUM, GOVDIGITAL, "grant", {"valid_to": "2027-01-01", "reason": "belegt"})).json()
        record = granted["accreditations"][0]
        assert (record["state"], record["valid_from"], record["valid_to"]) == ("ERTEILT", "2026-03-02", "2027-01-01")
        assert (record["decider"], record["allowed"]) == ("gerd", ["grant", "revoke"])
        assert granted["statements"][0]["confirmed"] is True
        own = (await world.call("GET", f"/organisations/{HUSUM}", ANNA)).json()["accreditations"][0]
        assert (own["decider"], len(own["history"])) == (None, 5)

    async def test_an_illegal_move_names_the_possible_ones(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        response = await world.decide(HUSUM, GOVDIGITAL, "grant")
        assert response.status_code == 409
        assert response.json()["code"] == "illegal_move"
        assert response.json()["allowed_moves"] == ["review"]

    async def test_the_organisation_cannot_grant_itself(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        response = await world.call("POST", f"/organisations/{HUSUM}/accreditations/govdigital/KUNDE/grant", ANNA)
        assert response.status_code == 403

    async def test_refused_withdrawn_and_asked_for_anew(self, world: World) -> None:
        await world.accredit_husum()
        revoked = (await world.decide(HUSUM, GOVDIGITAL, "revoke", {"reason": "Satzung geändert"})).json()
        assert (revoked["accreditations"][0]["state"], revoked["statements"][0]["confirmed"]) == ("ENTZOGEN", False)
        body = {"channel": "govdigital", "role": "KUNDE"}
        anew = (await world.call("POST", f"/organisations/{HUSUM}/accreditations", ANNA, body)).json()
        assert anew["accreditations"][0]["state"] == "BEANTRAGT"
        await world.decide(HUSUM, GOVDIGITAL, "review")
        refused = (await world.decide(HUSUM, GOVDIGITAL, "refuse", {"reason": "kein Nachweis"})).json()
        assert (refused["accreditations"][0]["state"], refused["accreditations"][0]["reason"]) == ("ABGELEHNT", "kein Nachweis")

    async def test_the_work_list_shows_what_waits_for_this_anbieter(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        await world.state_relation()
        world.now += timedelta(minutes=1)
        await world.register(KOMM_ONE, ["BEREITSTELLER"], ["govdigital", "fitko"])
        path = "/accreditations?limit=1"
        first = (await world.call("GET", path, STAFF[GOVDIGITAL])).json()
        assert [(i["organisation"]["id"], i["accreditation"]["role"]) for i in first["items"]] == [(HUSUM, "KUNDE")]
        assert first["items"][0]["statements"][0]["path"] == PATH
        second = (await world.call("GET", f"{path}&cursor={first['next']}", STAFF[GOVDIGITAL])).json()
        assert [i["organisation"]["id"] for i in second["items"]] == ["komm_one"]
        other = (await world.call("GET", "/accreditations", STAFF[FITKO])).json()
        assert [i["organisation"]["id"] for i in other["items"]] == ["komm_one"]
        await world.decide(HUSUM, GOVDIGITAL, "review")
        await world.decide(HUSUM, GOVDIGITAL, "grant")
        left = (await world.call("GET", "/accreditations", STAFF[GOVDIGITAL])).json()
        assert [i["organisation"]["id"] for i in left["items"]] == ["komm_one"]

    async def test_the_work_list_is_for_anbieter(self, world: World) -> None:
        assert (await world.call("GET", "/accreditations", ANNA)).status_code == 403

    async def test_an_accreditation_runs_out_when_its_term_has_ended(self, world: World) -> None:
        await world.accredit_husum()
        (periodic,) = (it for it in world.service.periodic if it.name == "eligibility.expire-accreditations")
        world.now += timedelta(days=729)
        await periodic.run()
        assert world.publisher.types()[-2:] == [
            "eligibility.organisation.accreditation-decided.v1",
            "eligibility.rights.recorded.v1",
        ]
        events = len(world.publisher.events)
        world.now += timedelta(days=1)
        await periodic.run()
        await periodic.run()
        assert len(world.publisher.events) == events + 2
        own = (await world.call("GET", f"/organisations/{HUSUM}", ANNA)).json()
        assert own["accreditations"][0]["state"] == "ABGELAUFEN"
        check = (await world.call("POST", "/checks", ANNA, {"provider": "komm_one", "channel": "govdigital"})).json()
        assert "ACCREDITATION_EXPIRED" in [f["code"] for f in check["assessments"][0]["findings"]]


class TestTenancy:
    @pytest.mark.parametrize("token", [SACHSEN, KOMM_ONE, STAFF[FITKO], "x/fitko/KUNDE"])
    async def test_a_foreign_organisation_is_a_404_like_an_absent_one(self, world: World, token: str) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        there = await world.call("GET", f"/organisations/{HUSUM}", token)
        absent = await world.call("GET", "/organisations/010540056057", token)
        assert (there.status_code, absent.status_code) == (404, 404)
        assert there.json()["code"] == absent.json()["code"]

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PATCH", "", {"add_users": ["sven"]}),
            ("POST", "/relations", {"path": PATH, "type": "TRAEGER", "evidence": [SATZUNG]}),
            ("POST", "/accreditations", {"channel": "govdigital", "role": "KUNDE"}),
            ("POST", "/accreditations/govdigital/KUNDE/answer", {"answer": "ja"}),
            ("POST", "/accreditations/govdigital/KUNDE/grant", {}),
        ],
    )
    @pytest.mark.parametrize("token", [SACHSEN, STAFF[FITKO]])
    async def test_nobody_changes_a_foreign_organisation(
        self, world: World, method: str, path: str, body: dict[str, object], token: str
    ) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        events = len(world.publisher.events)
        response = await world.call(method, f"/organisations/{HUSUM}{path}", token, body, If_Match='"1"')
        assert response.status_code == 404
        assert len(world.publisher.events) == events

    async def test_the_anbieter_sees_its_channel_but_no_users_and_changes_nothing(self, world: World) -> None:
        await world.register(ANNA, ["KUNDE"], ["govdigital", "fitko"])
        seen = (await world.call("GET", f"/organisations/{HUSUM}", STAFF[FITKO])).json()
        assert seen["users"] is None
        assert [a["channel"] for a in seen["accreditations"]] == ["fitko"]
        response = await world.change("PATCH", f"/organisations/{HUSUM}", STAFF[FITKO], {"add_users": ["fred"]})
        assert response.status_code == 404

    async def test_without_a_token_only_the_register_of_bodies_is_open(self, world: World) -> None:
        assert (await world.call("GET", f"/organisations/{HUSUM}", None)).status_code == 401
        assert (await world.call("GET", f"/bodies/{HUSUM}", None)).status_code == 200

    async def test_no_event_but_that_of_rights_holds_a_person(self, world: World) -> None:
        await world.accredit_husum()
        await world.change("PATCH", f"/organisations/{HUSUM}", ANNA, {"add_users": ["bert"]})
        reported = json.dumps([event.data for event in world.publisher.events if event.topic != RIGHTS.name])
        assert not any(person in reported for person in ("anna", "bert", "gerd"))


def without_hash(checks: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a check, up to whichever instant the facts were known."""
    return {**checks, "assessments": [{**assessment, "hash": None} for assessment in checks["assessments"]]}


class TestChecks:
    async def test_which_channel_may_we_use(self, world: World) -> None:
        await world.open_the_way()
        found = (await world.call("POST", "/checks", ANNA, {"provider": "komm_one"})).json()
        verdicts = {a["channel"]: a["verdict"] for a in found["assessments"]}
        assert verdicts.keys() == {channel.value for channel in Channel}
        assert (verdicts["fitko"], verdicts["govdigital"]) == ("NOT_EXEMPT", "EXEMPT")
        assert found["allowed_channels"] == ["govdigital"]

    async def test_a_statement_counts_once_an_anbieter_has_accepted_and_examined_it(self, world: World) -> None:
        await world.accredit_provider(KOMM_ONE, GOVDIGITAL)
        await world.register(ANNA, ["KUNDE"], ["govdigital"])

        async def decisive() -> tuple[str, str]:
            body = {"provider": "komm_one", "channel": "govdigital"}
            found = (await world.call("POST", "/checks", ANNA, body)).json()["assessments"][0]
            return found["verdict"], next(f["code"] for f in found["findings"] if f["verdict"] == found["verdict"])

        assert await decisive() == ("NOT_EXEMPT", "NO_RELATION")
        await world.state_relation()
        assert await decisive() == ("NOT_EXEMPT", "NO_RELATION")
        await world.decide(HUSUM, GOVDIGITAL, "review")
        await world.decide(HUSUM, GOVDIGITAL, "grant")
        assert await decisive() == ("NO_EVIDENCE", "NOT_EXAMINED")
        await world.call("POST", f"/facts/{HUSUM_ITVSH}/examination", STAFF[GOVDIGITAL], EXAMINATION)
        assert (await decisive())[0] == "EXEMPT"

    async def test_a_check_can_look_at_another_day(self, world: World) -> None:
        await world.open_the_way()
        body = {"provider": "komm_one", "channel": "govdigital", "as_of": "2019-12-11"}
        found = (await world.call("POST", "/checks", ANNA, body)).json()["assessments"][0]
        assert (found["verdict"], found["as_of"]) == ("NOT_EXEMPT", "2019-12-11")

    async def test_checks_are_for_the_own_organisation(self, world: World) -> None:
        body = {"customer": HUSUM, "provider": "komm_one"}
        assert (await world.call("POST", "/checks", SACHSEN, body)).status_code == 403

    async def test_an_anbieter_checks_others_for_its_own_channel(self, world: World) -> None:
        await world.open_the_way()
        body = {"customer": HUSUM, "provider": "komm_one"}
        found = (await world.call("POST", "/checks", STAFF[GOVDIGITAL], body)).json()
        assert [a["channel"] for a in found["assessments"]] == ["govdigital"]
        refused = await world.call("POST", "/checks", STAFF[GOVDIGITAL], {**body, "channel": "fitko"})
        assert refused.status_code == 403

    async def test_a_stranger_learns_nothing_of_what_a_third_party_has_stated_until_it_is_confirmed(self, world: World) -> None:
        await world.accredit_sachsen()
        body = {"provider": HUSUM}
        before = without_hash((await world.call("POST", "/checks", SACHSEN, body)).json())
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        await world.state_relation()
        for token in (SACHSEN, "x/DE-SN/BEREITSTELLER"):
            assert without_hash((await world.call("POST", "/checks", token, body)).json()) == before
        await world.decide(HUSUM, GOVDIGITAL, "review")
        await world.decide(HUSUM, GOVDIGITAL, "grant")
        after = without_hash((await world.call("POST", "/checks", SACHSEN, body)).json())
        assert after != before, "what an Anbieter has confirmed counts for everybody"

    async def test_an_anbieter_learns_nothing_of_an_organisation_that_never_turned_to_it(self, world: World) -> None:
        body = {"customer": HUSUM, "provider": "komm_one"}
        unregistered = without_hash((await world.call("POST", "/checks", STAFF[Channel.FITKO], body)).json())
        await world.register(ANNA, ["KUNDE"], ["govdigital"])
        await world.state_relation()
        assert without_hash((await world.call("POST", "/checks", STAFF[Channel.FITKO], body)).json()) == unregistered
        await world.decide(HUSUM, GOVDIGITAL, "review")
        await world.decide(HUSUM, GOVDIGITAL, "grant")
        accredited = (await world.call("POST", "/checks", STAFF[Channel.FITKO], body)).json()
        assert accredited["allowed_channels"] == unregistered["allowed_channels"] == []
        assert '"govdigital"' not in json.dumps([it["allowed_channels"] for it in accredited["assessments"]])
        codes = {f["code"] for it in accredited["assessments"] for f in it["findings"] if f["rule"] == "R12"}
        assert codes == {f["code"] for it in unregistered["assessments"] for f in it["findings"] if f["rule"] == "R12"}

    async def test_an_unknown_customer_is_out_of_scope(self, world: World) -> None:
        found = (await world.call("POST", "/checks", "x/private_firm/KUNDE", {"provider": "komm_one"})).json()
        verdicts = {a["channel"]: a["verdict"] for a in found["assessments"]}
        assert (verdicts["fitko"], verdicts["govdigital"]) == ("OUT_OF_SCOPE", "OUT_OF_SCOPE")
        assert all("UNKNOWN_ORGANISATION" in {finding["code"] for finding in a["findings"]} for a in found["assessments"])


async def test_the_api_describes_itself(world: World) -> None:
    document = world.app.openapi()
    assert {"/v1/bodies", "/v1/organisations/{organisation_id}/relations", "/v1/checks"} <= set(document["paths"])
