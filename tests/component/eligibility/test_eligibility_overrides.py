"""Decisions of named persons beside a verdict, over the API."""

from __future__ import annotations

from typing import Any

import httpx

from services.eligibility.repository import VERDICTS
from shared.messages.eligibility import Decision, Stage, VerdictGiven, VerdictOverridden
from shared.messages.ordering import CheckRequested
from shared.messages.values import Channel, Verdict
from tests.component.eligibility.conftest import ANNA, KOMM_ONE, STAFF, START, World
from tests.component.eligibility.test_eligibility_verdicts import (
    HUSUM_FITKO,
    HUSUM_GOVDIGITAL,
    consume,
    forwarded,
    interest,
    received,
    verdicts,
)

REASON = "Der Beitritt ist beschlossen, die Mitgliederliste folgt."
PROCEED = {"check": 1, "decision": "PROCEED", "reason": REASON, "valid_until": "2027-01-01"}
PATH = f"/verdicts/{HUSUM_GOVDIGITAL.id}"
GOVDIGITAL, FITKO = STAFF[Channel.GOVDIGITAL], STAFF[Channel.FITKO]


async def decide(world: World, token: str = GOVDIGITAL, order: str = HUSUM_GOVDIGITAL.id, **fields: Any) -> httpx.Response:
    return await world.call("POST", f"/verdicts/{order}/overrides", token, {**PROCEED, **fields})


def overridden(world: World) -> list[VerdictOverridden]:
    events = [event for event in world.publisher.events if event.type == VerdictOverridden.TYPE]
    return [VerdictOverridden.model_validate_json(event.body) for event in events]


async def test_a_person_of_the_anbieter_lets_an_award_go_on_and_the_verdict_stays(world: World) -> None:
    await consume(world, interest(HUSUM_GOVDIGITAL))
    answer = await decide(world, evidence=["doc-17"])
    assert answer.status_code == 200, answer.text
    (check,), (shown,) = answer.json()["checks"], answer.json()["overrides"]
    assert check["verdict"] == "NOT_EXEMPT"
    assert (shown["decision"], shown["by"], shown["role"], shown["reason"]) == ("PROCEED", "gerd", "ANBIETER", REASON)
    (event,) = overridden(world)
    assert (event.order_id, event.stage, event.override.verdict) == (HUSUM_GOVDIGITAL.id, Stage.INTERESSE, Verdict.NOT_EXEMPT)
    assert event.override.evidence == ("doc-17",)
    assert (await decide(world, evidence=["doc-17"])).status_code == 200
    assert len(overridden(world)) == 1, "the same decision again changes nothing"


async def test_kunde_and_anbieter_read_the_reason_the_bereitsteller_the_decision(world: World) -> None:
    await consume(world, interest(HUSUM_GOVDIGITAL))
    await decide(world)
    await consume(world, forwarded(world, HUSUM_GOVDIGITAL))
    seen = {token: (await world.call("GET", PATH, token)).json()["overrides"][0] for token in (ANNA, GOVDIGITAL, KOMM_ONE)}
    assert {token: shown["reason"] for token, shown in seen.items()} == {ANNA: REASON, GOVDIGITAL: REASON, KOMM_ONE: None}
    assert {shown["decision"] for shown in seen.values()} == {"PROCEED"}
    assert seen[KOMM_ONE]["by"] is None


async def test_a_risk_that_shall_go_on_is_signed_off_with_the_decision(strict: World) -> None:
    await strict.open_the_way()
    await consume(strict, interest(HUSUM_GOVDIGITAL))
    assert (await decide(strict)).status_code == 200
    signed = verdicts(strict)[-1]
    assert (signed.assessment.verdict, signed.signed_off_by) == (Verdict.RISK, "gerd")
    types = [event.type for event in strict.publisher.events[-2:]]
    assert types == [VerdictGiven.TYPE, VerdictOverridden.TYPE]


async def test_a_decision_is_for_the_last_verdict_only(world: World) -> None:
    await consume(world, interest(HUSUM_GOVDIGITAL))
    assert (await decide(world)).status_code == 200
    again = CheckRequested(order=HUSUM_GOVDIGITAL, at=START, check=2, stage=Stage.INTERESSE)
    await consume(world, received(again, 2))
    late = await decide(world, reason="Der Gesellschaftsvertrag ist beurkundet.")
    assert (late.status_code, late.json()["code"], late.json()["check"]) == (409, "verdict_replaced", 2)
    document = await world.store.get(VERDICTS, HUSUM_GOVDIGITAL.id)
    assert document is not None
    state = world.service.ledgers[1].state_of(document)
    assert state.override_in_force(START.date()) is None, "a new verdict has ended it"
    other = await decide(world, check=2, verdict_hash="0" * 64)
    assert (other.status_code, other.json()["code"]) == (409, "verdict_replaced")


async def test_a_decision_ends_on_its_day(world: World) -> None:
    await consume(world, interest(HUSUM_GOVDIGITAL))
    await decide(world, valid_until="2026-03-04")
    document = await world.store.get(VERDICTS, HUSUM_GOVDIGITAL.id)
    assert document is not None
    state = world.service.ledgers[1].state_of(document)
    assert state.override_in_force(START.date().replace(day=3)) is not None
    assert state.override_in_force(START.date().replace(day=4)) is None


async def test_the_conditions_of_the_portal_are_nobodys_to_set_aside(world: World) -> None:
    await consume(world, interest(HUSUM_FITKO))
    refused = await decide(world, FITKO, HUSUM_FITKO.id)
    assert (refused.status_code, refused.json()["code"]) == (409, "override_not_allowed")
    stopped = await decide(world, FITKO, HUSUM_FITKO.id, decision="STOP")
    assert stopped.status_code == 200
    assert [event.override.decision for event in overridden(world)] == [Decision.STOP]


async def test_what_is_refused_and_why(world: World) -> None:
    await world.open_the_way()
    await consume(world, interest(HUSUM_GOVDIGITAL))
    for fields, status, code in (
        ({}, 409, "nothing_to_override"),
        ({"reason": "zu kurz"}, 422, "invalid"),
        ({"reason": "zu kurz" + " " * 30}, 422, "invalid"),
        ({"valid_until": "2026-03-02"}, 422, "valid_until_past"),
        ({"check": 2}, 409, "verdict_replaced"),
        ({"decision": "PERHAPS"}, 422, "invalid"),
    ):
        answer = await decide(world, **fields)
        assert (answer.status_code, answer.json()["code"]) == (status, code), fields
    assert overridden(world) == []


async def test_nobody_else_decides(world: World) -> None:
    await consume(world, interest(HUSUM_GOVDIGITAL))
    for token, status, code in ((ANNA, 403, "role_missing"), (FITKO, 404, "verdict_not_found")):
        answer = await decide(world, token)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert overridden(world) == []
