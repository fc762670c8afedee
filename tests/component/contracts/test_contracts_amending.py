"""Changes of a running contract: proposed by one side, agreed by both, at the Anbieter by two persons, held against the chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary

import httpx
import pytest
from fastapi import FastAPI

from services.contracts import channels
from services.contracts.amending import api, asking
from services.contracts.app import build
from services.contracts.archiving.archivist import content_of, persons_of
from services.contracts.chain.violations import violations
from services.contracts.domain.agreed import PassingOn
from services.contracts.domain.contract import Contract
from services.contracts.neighbourhood import world_of
from shared.aggregate.change import Cause, Change
from shared.http.app import create_app
from shared.messages.contracts_awards import AwardsCheckRequested
from shared.messages.values import Channel, Verdict
from tests.component.contracts.test_contracts_notice import ROOT, TERMS, World, key, sub
from tests.support.builders.awards import judge_newest
from tests.support.http import FakeAuthenticator, FixedHealth, client

LAND, KOMMUNE, PROVIDER, OTHER = "s/DE-SN/KUNDE", "k/140000000001/KUNDE", "b/DE-NW/BEREITSTELLER", "x/DE-BY/KUNDE"
ANNA, BERT = "anna/fitko/ANBIETER", "bert/fitko/ANBIETER"
SACHSEN: Final = key("DE-SN")
SUB: Final = sub("DE-SN", 1).id
SHORTER: Final = {"months": 3, "to": "QUARTER_END"}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    yield made
    await made.store.close()


_APPS: WeakKeyDictionary[World, FastAPI] = WeakKeyDictionary()


async def call(
    world: World, token: str, path: str, body: Any = None, *, method: str = "POST", key_: str | None = None
) -> httpx.Response:
    if world not in _APPS:
        routes = build(world.resources).router
        _APPS[world] = create_app("contracts", routes, authenticator=FakeAuthenticator(), store=world.store, health=FixedHealth())
    async with client(_APPS[world], token) as http:
        headers = {} if key_ is None else {"Idempotency-Key": key_}
        return await http.request(method, f"/v1/contracts{path}", json=body, headers=headers)


async def propose(world: World, token: str, contract_id: str = SACHSEN, **body: Any) -> str:
    answer = await call(world, token, f"/{contract_id}/amendments", body)
    assert answer.status_code == 200, answer.text
    pending: str = answer.json()["pending"]["id"]
    return pending


async def answer(
    world: World, token: str, change: str, step: str, contract_id: str = SACHSEN, body: Any = None
) -> httpx.Response:
    return await call(world, token, f"/{contract_id}/changes/{change}/{step}", body)


async def stored(world: World, contract_id: str = SACHSEN) -> Contract:
    return (await world.contracts.of_ids([contract_id]))[contract_id]


async def told(world: World) -> list[str]:
    """Return what a processor's relay has published of changes."""
    world.now += timedelta(minutes=1)
    await world.contracts.ledger.outbox.relay(timedelta(seconds=1))
    types = [it.type.removeprefix("contracts.chain.") for it in world.publisher.events]
    return [it for it in types if it.startswith(("amend", "agb-", "change-"))]


async def judged(world: World, *verdicts: Verdict) -> list[tuple[str, str]]:
    """Answer as eligibility what was asked last, all EXEMPT unless verdicts are given; return the awards."""
    world.now += timedelta(minutes=1)
    await world.contracts.ledger.outbox.relay(timedelta(seconds=1))
    return await judge_newest(world.resources, world.publisher.events, world.now, *verdicts)


async def test_an_amendment_of_the_kunde_needs_two_persons_of_the_anbieter_and_makes_a_version(world: World) -> None:
    before = await stored(world)
    change = await propose(world, LAND, territory=["14", "140000000009"], notice=SHORTER, reason="Neuer Beschluss")
    assert (await stored(world)).version == 1
    again = await call(world, LAND, f"/{SACHSEN}/amendments", {"notice": None})
    assert (again.status_code, again.json()["code"]) == (409, "change_pending")
    early = await answer(world, BERT, change, "release")
    assert (early.status_code, early.json()["code"]) == (409, "not_signed")
    assert (await answer(world, ANNA, change, "consent")).json()["pending"]["step"] == "RELEASE"
    same = await answer(world, ANNA, change, "release")
    assert (same.status_code, same.json()["code"]) == (409, "four_eyes")
    assert (await stored(world)).version == 1
    done = (await answer(world, BERT, change, "release")).json()
    assert (done["version"], done["pending"], done["text"]["notice"]) == (2, None, SHORTER)
    (made,) = done["amendments"]
    assert (made["parts"], made["before"]["territory"], made["reason"]) == (["TERRITORY", "NOTICE"], ["14"], "Neuer Beschluss")
    after = await stored(world)
    assert (after.state, after.number, after.signatures) == (before.state, before.number, before.signatures)
    assert {it.side: (it.by, it.released_by) for it in after.amendments[0].signatures} == {
        "grantee": ("s", None),
        "grantor": ("anna", "bert"),
    }
    assert after.undocumented == (1, 2)
    assert violations(world_of(await world.all(), TERMS)) == []
    assert await told(world) == ["amendment-offered.v1", "change-signed.v1", "amended.v1"]
    assert (await answer(world, ANNA, change, "consent")).status_code == 200
    late = await answer(world, LAND, change, "refuse", body={})
    assert (late.status_code, late.json()["code"]) == (409, "already_agreed")


async def test_what_the_anbieter_has_not_released_is_hidden_from_the_other_side(world: World) -> None:
    change = await propose(world, ANNA, notice=SHORTER)
    path = f"/{SACHSEN}/changes"
    assert (await call(world, LAND, path, method="GET")).json()["pending"] is None
    assert (await call(world, BERT, path, method="GET")).json()["pending"]["waits_for"]["id"] == "fitko"
    hidden = [await answer(world, LAND, change, step, body={}) for step in ("consent", "refuse")]
    assert {(it.status_code, it.json()["code"]) for it in hidden} == {(404, "change_not_found")}
    assert b"QUARTER_END" not in content_of(await stored(world))
    assert (await answer(world, BERT, change, "release")).status_code == 200
    assert (await call(world, LAND, path, method="GET")).json()["pending"]["step"] == "CONSENT"
    assert (await answer(world, LAND, change, "consent")).json()["version"] == 2
    assert await told(world) == ["change-signed.v1", "amendment-offered.v1", "amended.v1"]


async def moves(world: World, token: str, contract_id: str = SACHSEN) -> list[str]:
    """Return what the API says that a caller can do."""
    found: list[str] = (await call(world, token, f"/{contract_id}/changes", method="GET")).json()["allowed_moves"]
    return found


async def test_each_side_is_told_what_it_can_do_and_nothing_that_is_hidden_from_it(world: World) -> None:
    everybody = {LAND: ["amendments"], ANNA: ["amendments", "price-changes"], "s/DE-SN/BEREITSTELLER": []}
    assert {it: await moves(world, it) for it in everybody} == everybody
    assert await moves(world, ANNA, SUB) == [], "the Anbieter reads a Sub contract and signs nothing of it"
    assert await moves(world, PROVIDER, ROOT) == ["amendments", "price-changes"]
    change = await propose(world, ANNA, notice=SHORTER)
    assert await moves(world, LAND) == ["amendments"], "what nobody has released yet does not show"
    assert await moves(world, ANNA) == ["price-changes"]
    await answer(world, BERT, change, "release")
    assert await moves(world, LAND) == []
    await world.notice(SACHSEN, date(2027, 12, 31))
    assert await moves(world, LAND) == ["successor"]


async def test_either_side_says_no_and_everything_stays(world: World) -> None:
    before = await stored(world)
    for token in (KOMMUNE, LAND):
        change = await propose(world, KOMMUNE, SUB, valid_to="2028-12-31")
        refused = await answer(world, token, change, "refuse", SUB, {"reason": "Kein Beschluss"})
        assert refused.json()["pending"] is None
        gone = await answer(world, LAND, change, "consent", SUB)
        assert (gone.status_code, gone.json()["code"]) == (404, "change_not_found")
    assert (await stored(world, SUB)).version == 1
    assert (await stored(world)) == before
    assert await told(world) == ["amendment-offered.v1", "change-refused.v1"] * 2


FURTHER: Final[dict[str, Any]] = {"territory": ["14", "09"]}
"""A change that lets more bodies use the service."""


async def test_a_change_that_goes_further_waits_for_the_in_house_check_and_keeps_what_it_found(world: World) -> None:
    change = await propose(world, LAND, **FURTHER)
    (asked,) = [it for it in (await stored(world)).republish() if isinstance(it, AwardsCheckRequested)]
    assert asked.change_id == change
    early = await answer(world, ANNA, change, "consent")
    assert (early.status_code, early.json()["code"]) == (409, "check_pending")
    assert await judged(world, Verdict.RISK, Verdict.EXEMPT) == [("fitko", "DE-NW"), ("DE-SN", "fitko")]
    shown = (await call(world, ANNA, f"/{SACHSEN}/changes", method="GET")).json()["pending"]["awards"]
    assert [(it["awarder"], it["verdict"]) for it in shown] == [("fitko", "RISK"), ("DE-SN", "EXEMPT")]
    for token, step in ((ANNA, "consent"), (BERT, "release")):
        assert (await answer(world, token, change, step)).status_code == 200
    amended = await stored(world)
    assert (amended.version, amended.territory) == (2, ("14", "09"))
    assert [(it.awarder, it.verdict) for it in amended.awards] == [("fitko", Verdict.RISK), ("DE-SN", Verdict.EXEMPT)]
    assert amended.republish() == amended.restate()


async def test_what_the_anbieter_proposes_is_released_after_the_check(world: World) -> None:
    change = await propose(world, ANNA, **FURTHER)
    early = await answer(world, BERT, change, "release")
    assert (early.status_code, early.json()["code"]) == (409, "check_pending")
    await judged(world)
    assert (await answer(world, BERT, change, "release")).status_code == 200
    assert (await answer(world, LAND, change, "consent")).json()["version"] == 2


@pytest.mark.parametrize("bad", [Verdict.NOT_EXEMPT, Verdict.NO_EVIDENCE, Verdict.OUT_OF_SCOPE])
async def test_a_change_whose_awards_are_not_in_house_any_more_comes_to_nothing_and_is_told(world: World, bad: Verdict) -> None:
    change = await propose(world, LAND, **FURTHER)
    await judged(world, Verdict.EXEMPT, bad)
    gone = await answer(world, ANNA, change, "consent")
    assert (gone.status_code, gone.json()["code"]) == (404, "change_not_found")
    assert ((await stored(world)).version, (await stored(world)).proposal) == (1, None)
    assert await told(world) == ["amendment-offered.v1", "change-failed.v1"]
    again = await propose(world, LAND, **FURTHER)
    assert again != change, "with better evidence it is proposed again"
    await answer(world, LAND, again, "refuse", body={})
    await judged(world, Verdict.EXEMPT, bad)
    assert (await told(world))[-1] == "change-refused.v1", "a late answer about what is gone changes nothing"


REFUSED: Final[list[tuple[str, str, dict[str, Any], int, str]]] = [
    (SACHSEN, LAND, {}, 422, "amendment_empty"),
    (SACHSEN, LAND, {"territory": ["14", "14"]}, 422, "amendment_empty"),
    (SACHSEN, LAND, {"valid_to": "2026-11-23"}, 422, "contract_date_invalid"),
    (SACHSEN, LAND, {"valid_to": "2200-01-01"}, 422, "invalid"),
    (SACHSEN, LAND, {"annexes": ["LEISTUNGSBESCHREIBUNG"]}, 409, "annex_missing"),
    (SACHSEN, LAND, {"services": ["00000000-0000-4000-8000-000000000000"]}, 409, "service_not_granted"),
    (SACHSEN, LAND, {"territory": ["09"]}, 409, "territory_not_granted"),
    (SACHSEN, LAND, {"passing_on": {"allowed": False, "act": "BEITRITT"}}, 409, "passing_not_allowed"),
    (SACHSEN, LAND, {"valid_to": "2027-12-31"}, 409, "outlives_parent"),
    (SUB, KOMMUNE, {"charge": "ENTGELTLICH"}, 409, "charge_not_allowed"),
    (SUB, KOMMUNE, {"territory": ["09"]}, 409, "territory_not_granted"),
    (SACHSEN, OTHER, {"valid_to": "2028-12-31"}, 404, "not_found"),
    (SACHSEN, PROVIDER, {"valid_to": "2028-12-31"}, 403, "not_a_side"),
    (SUB, ANNA, {"valid_to": "2028-12-31"}, 403, "not_a_side"),
    (SACHSEN, "s/DE-SN/BEREITSTELLER", {"valid_to": "2028-12-31"}, 403, "not_a_side"),
]


async def test_what_would_break_a_rule_is_not_proposed(world: World) -> None:
    before = await world.all()
    for contract_id, token, body, status, code in REFUSED:
        found = await call(world, token, f"/{contract_id}/amendments", body)
        assert (found.status_code, found.json()["code"]) == (status, code), (token, body)
    assert await world.all() == before


async def test_a_bereitstellungsvertrag_is_amended_by_its_own_sides(world: World) -> None:
    change = await propose(world, PROVIDER, ROOT, price_notice={"months": 9, "from": "YEAR_START"})
    for token, step in ((ANNA, "consent"), (BERT, "release")):
        assert (await answer(world, token, change, step, ROOT)).status_code == 200
    amended = await stored(world, ROOT)
    assert (amended.version, amended.price_notice and amended.price_notice.months) == (2, 9)
    assert (await call(world, PROVIDER, f"/{SACHSEN}/changes", method="GET")).status_code == 404


async def test_what_0_1_0_did_not_record_is_recorded_with_the_first_amendment(world: World) -> None:
    def forgets(contract: Contract | None) -> tuple[Contract, list[Any]]:
        assert contract is not None
        gone = {"territory": None, "notice": None, "price_notice": None, "passing_on": None, "charge": None, "signatures": ()}
        return contract.model_copy(update=gone | {"annexes": ()}), []

    await world.contracts.ledger.apply_one(Change(SACHSEN, forgets, Cause(SACHSEN, "test", "test", 2)))
    change = await propose(world, LAND, notice=SHORTER)
    await answer(world, ANNA, change, "consent")
    await answer(world, BERT, change, "release")
    amended = await stored(world)
    assert (amended.territory, amended.passing_on) == (("14",), PassingOn(allowed=True, act="BEITRITT"))
    assert {it.side for it in amended.signatures} == {"grantor", "grantee"}
    assert violations(world_of(await world.all(), TERMS)) == []


async def test_a_repeat_with_the_key_gets_the_first_answer_also_after_the_change_was_agreed(world: World) -> None:
    body = {"notice": SHORTER}
    first = await call(world, LAND, f"/{SACHSEN}/amendments", body, key_="1")
    change = first.json()["pending"]["id"]
    await answer(world, ANNA, change, "consent")
    await answer(world, BERT, change, "release")
    again = await call(world, LAND, f"/{SACHSEN}/amendments", body, key_="1")
    assert (again.status_code, again.json()["pending"]["id"]) == (200, change)
    assert (await stored(world)).version == 2


async def test_the_work_list_shows_whose_turn_it_is(world: World) -> None:
    async def waiting(token: str) -> list[str]:
        found = await call(world, token, "?change_waits=true", method="GET")
        return [it["id"] for it in found.json()["items"]]

    change = await propose(world, LAND, notice=SHORTER)
    assert (await waiting(LAND), await waiting(ANNA), await waiting("z/govdigital/ANBIETER")) == ([], [SACHSEN], [])
    await answer(world, ANNA, change, "consent")
    assert await waiting(BERT) == [SACHSEN]
    await answer(world, BERT, change, "release")
    assert await waiting(BERT) == []
    await propose(world, KOMMUNE, SUB, valid_to="2028-12-31")
    assert (await waiting(LAND), await waiting(KOMMUNE), await waiting(ANNA)) == ([SUB], [], [])


async def test_a_longer_term_does_not_outlive_what_its_parent_has_lost_meanwhile(world: World) -> None:
    change = await propose(world, KOMMUNE, SUB, valid_to="2027-12-31")
    assert (await answer(world, LAND, change, "consent", SUB)).status_code == 200
    change = await propose(world, KOMMUNE, SUB, valid_to="2029-12-31")
    await world.notice(SACHSEN, date(2028, 12, 31))
    late = await answer(world, LAND, change, "consent", SUB)
    assert (late.status_code, late.json()["code"]) == (409, "outlives_parent")
    assert (await answer(world, KOMMUNE, change, "refuse", SUB, {})).status_code == 200
    await world.cascade.run()
    assert violations(world_of(await world.all(), TERMS)) == []


async def test_what_both_sides_agree_while_a_change_is_proposed_is_not_taken_back_by_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = await propose(world, KOMMUNE, SUB, notice=SHORTER)
    agreeable = asking.require_agreeable

    async def meanwhile(*args: Any) -> None:
        await agreeable(*args)
        monkeypatch.setattr(api, "require_agreeable", agreeable)
        assert (await answer(world, LAND, change, "consent", SUB)).json()["version"] == 2

    monkeypatch.setattr(api, "require_agreeable", meanwhile)
    other = {"price_notice": {"months": 9, "from": "YEAR_START"}}
    late = await call(world, KOMMUNE, f"/{SUB}/amendments", other)
    assert (late.status_code, late.json()["code"]) == (503, "write_conflict")
    again = (await call(world, KOMMUNE, f"/{SUB}/amendments", other)).json()["pending"]
    assert (again["parts"], again["text"]["notice"]) == (["PRICE_NOTICE"], SHORTER)


async def test_persons_stay_out_of_what_is_archived(world: World) -> None:
    change = await propose(world, "sara-secret/DE-SN/KUNDE", notice=SHORTER)
    assert b"sara-secret" not in content_of(await stored(world))
    await answer(world, ANNA, change, "consent")
    await answer(world, "bert-secret/fitko/ANBIETER", change, "release")
    amended = await stored(world)
    assert b"-secret" not in content_of(amended)
    assert persons_of(amended)["version.2.grantor.released_by"] == {"person": "bert-secret"}
    assert persons_of(amended)["version.2.grantee.signed_by"] == {"person": "sara-secret"}


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> str:
    """Put newer general terms into force on 1 January 2027."""
    known = channels.load_terms(None, {})
    fitko = known[Channel.FITKO]
    *old, last = fitko.agb.versions
    added = last.model_copy(update={"version": "2027", "valid_from": date(2027, 1, 1)})
    versions = (*old, last.model_copy(update={"valid_to": date(2026, 12, 31)}), added)
    changed = known | {Channel.FITKO: replace(fitko, agb=fitko.agb.model_copy(update={"versions": versions}))}
    monkeypatch.setattr(channels, "load_terms", lambda *_: changed)
    return "2027"


async def test_newer_general_terms_go_from_the_top_to_the_foot_by_consent(world: World, newer: str) -> None:
    early = await call(world, ANNA, f"/{SACHSEN}/agb-offer", {})
    assert (early.status_code, early.json()["code"]) == (409, "agb_up_to_date")
    world.now = world.now.replace(year=2027)
    shown = (await call(world, KOMMUNE, f"/{SUB}/changes", method="GET")).json()["agb_change"]
    assert (shown["to_version"]["version"], shown["offer_by"]["id"], shown["consent_by"]["id"]) == (
        newer,
        "DE-SN",
        "140000000001",
    )
    assert shown["waits_for"] == SACHSEN
    below = await call(world, LAND, f"/{SUB}/agb-offer", {})
    assert (below.status_code, below.json()["code"]) == (409, "agb_waits_for_parent")
    other = await call(world, LAND, f"/{SACHSEN}/agb-offer", {})
    assert (other.status_code, other.json()["code"]) == (403, "not_the_grantor")
    change = (await call(world, ANNA, f"/{SACHSEN}/agb-offer", {})).json()["pending"]["id"]
    assert (await answer(world, BERT, change, "release")).status_code == 200
    assert (await answer(world, LAND, change, "consent")).json()["agb_change"] is None
    amended = await stored(world)
    assert (amended.version, amended.agb and amended.agb.version) == (2, newer)
    assert {it.on.year for it in amended.signatures} == {2027}
    change = (await call(world, LAND, f"/{SUB}/agb-offer", {"reason": "Für alle"})).json()["pending"]["id"]
    refused = await answer(world, KOMMUNE, change, "refuse", SUB, {"reason": "Zu teuer"})
    assert refused.json()["agb_change"]["earliest_end"] == "2028-12-31"
    kept = await stored(world, SUB)
    assert (kept.version, kept.agb and kept.agb.version) == (1, "EfA-Marktplatz 2022")
    own = channels.load_terms(None, {})[Channel.FITKO]
    assert violations(world_of(await world.all(), own)) == []
    found = ["agb-offered.v1", "agb-offered.v1", "amended.v1", "change-refused.v1", "change-signed.v1"]
    assert sorted(await told(world)) == found
