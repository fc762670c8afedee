"""A contract that follows another one in time: agreed by the same sides, and what rests on the former goes on under it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, Final

import httpx
import pytest

from services.contracts.chain.contract import Side
from services.contracts.chain.violations import violations
from services.contracts.countersigning import Countersigning
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import Actor, ContractState
from services.contracts.neighbourhood import world_of
from services.contracts.repository import Registers
from services.contracts.succession import following
from services.contracts.succession.following import Following, text_without_end
from shared.aggregate.change import Cause, Change
from shared.http import idempotency
from shared.messages.contracts_changes import ContractSucceeded, SuccessionRefused
from shared.messages.values import Verdict
from tests.component.contracts.test_contracts_amending import (
    ANNA,
    BERT,
    KOMMUNE,
    LAND,
    OTHER,
    PROVIDER,
    SACHSEN,
    SUB,
    call,
    judged,
    moves,
)
from tests.component.contracts.test_contracts_notice import ROOT, TERMS, World, sub
from tests.support.builders.awards import judge_newest
from tests.support.contract_requests import order_id, price

LAST: Final = date(2027, 12, 31)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    for id_ in (SACHSEN, SUB, sub("DE-SN", 2).id):
        await ending(made, id_, LAST)
    yield made
    await made.store.close()


async def ending(world: World, id_: str, last: date, seq: int = 2) -> None:
    """Agree a last day, past the rules: what rests on the contract keeps its own."""

    def decide(contract: Contract | None) -> tuple[Contract, list[Any]]:
        assert contract is not None
        return contract.model_copy(update={"valid_to": last}), []

    await world.contracts.ledger.apply_one(Change(id_, decide, Cause(f"{id_}/{seq}", "test", "test", seq)))


async def follow(world: World, token: str, contract_id: str = SACHSEN, **body: Any) -> httpx.Response:
    return await call(world, token, f"/{contract_id}/successor", body)


async def contract(world: World, id_: str) -> Contract:
    return (await world.contracts.of_ids([id_]))[id_]


async def conclude(world: World) -> None:
    await Countersigning(TERMS, world.contracts, Registers(world.resources)).run()


async def told(world: World) -> list[str]:
    world.now += timedelta(minutes=1)
    await world.contracts.ledger.outbox.relay(timedelta(seconds=1))
    return [it.type.removeprefix("contracts.chain.") for it in world.publisher.events if ".succe" in it.type]


async def test_the_kunde_asks_for_it_two_persons_of_the_anbieter_sign_and_the_chain_goes_on(world: World) -> None:
    made = await follow(world, LAND, text={"valid_to": "2030-12-31"}, order_reference="Az. 7")
    view = made.json()
    assert (made.status_code, view["state"], view["number"], view["valid_from"]) == (201, "ANGEBOTEN", None, "2028-01-01")
    assert view["awaits"] == "SIGNATURE"
    assert made.headers["Location"] == f"/v1/contracts/{view['id']}"
    twice = await follow(world, LAND)
    assert (twice.status_code, twice.json()["code"]) == (409, "successor_exists")
    early = await call(world, ANNA, f"/{view['id']}/sign")
    assert (early.status_code, early.json()["code"]) == (409, "check_pending")
    assert await judged(world) == [("fitko", "DE-NW"), ("DE-SN", "fitko")]
    assert (await call(world, ANNA, f"/{view['id']}/sign")).status_code == 200
    assert (await call(world, BERT, f"/{view['id']}/release")).status_code == 200
    await conclude(world)
    after = await contract(world, view["id"])
    assert (after.state, after.number, after.continues) == (ContractState.GESCHLOSSEN, "FITST/2026/0004", SACHSEN)
    assert (after.order_id, after.valid_to, len(after.price_items)) == (None, date(2030, 12, 31), 1)
    assert after.undocumented == (1,)
    # A Kommune extends its contract below the former one: the successor covers the longer term.
    longer = await call(world, KOMMUNE, f"/{SUB}/amendments", {"valid_to": "2030-12-31"})
    assert longer.status_code == 200, longer.text
    change = longer.json()["pending"]["id"]
    assert (await call(world, LAND, f"/{SUB}/changes/{change}/consent")).json()["version"] == 2
    codes = {(it.contract, it.code) for it in violations(world_of(await world.all(), TERMS))}
    assert not {code for id_, code in codes if id_ in {SACHSEN, SUB, after.id}}
    assert await told(world) == ["succession-offered.v1", "succeeded.v1"]


async def concluded(world: World, contract_id: str, **body: Any) -> Contract:
    """Return a contract that follows another one, asked for by the Kunde and signed by the Anbieter."""
    id_: str = (await follow(world, LAND, contract_id, **body)).json()["id"]
    await judged(world)
    for token, step in ((ANNA, "sign"), (BERT, "release")):
        assert (await call(world, token, f"/{id_}/{step}")).status_code == 200
    await conclude(world)
    return await contract(world, id_)


async def test_it_tells_of_the_vorgang_of_the_former_contract_and_so_does_what_follows_it_in_turn(world: World) -> None:
    order = order_id("DE-SN")
    first = await concluded(world, SACHSEN, text={"valid_to": "2029-12-31"})
    second = await concluded(world, first.id)
    await told(world)
    events = [json.loads(it.body) for it in world.publisher.events if it.type == ContractSucceeded.TYPE]
    assert [(it["contract"]["order_id"], it["continues"], it["former_ends_on"]) for it in events] == [
        (order, SACHSEN, "2027-12-31"),
        (order, first.id, "2029-12-31"),
    ]
    # No Vorgang has asked for them: they belong to the one that goes on with them.
    assert [(it.order_id, it.vorgang) for it in (first, second)] == [(None, order)] * 2
    for token, ids in ((LAND, {SACHSEN, first.id, second.id}), (ANNA, {SACHSEN, first.id, second.id}), (OTHER, set())):
        listed = (await call(world, token, f"?order_id={order}", method="GET")).json()["items"]
        assert {it["id"] for it in listed} == ids
    view = (await call(world, LAND, f"/{second.id}", method="GET")).json()
    assert (view["continues"], view["order_continued"], view["order_id"]) == (first.id, order, None)


async def test_what_follows_a_contract_without_a_vorgang_is_of_none(world: World) -> None:
    await ending(world, SACHSEN, date(2029, 12, 31), 3)
    made = (await follow(world, KOMMUNE, SUB, text={"valid_to": "2028-06-30"})).json()
    assert (await contract(world, made["id"])).vorgang is None


async def test_without_lines_of_its_own_it_has_the_prices_that_count_then(world: World) -> None:
    await ending(world, SACHSEN, date(2028, 12, 31), 3)
    for day, cents in (("2027-03-01", 2_000_000), ("2028-03-01", 3_000_000)):
        lines = [price(cents).model_dump(mode="json")]
        new = await call(world, ANNA, f"/{SACHSEN}/price-changes", {"effective_from": day, "price_items": lines})
        assert new.status_code == 200, new.text
    assert [it["effective_from"] for it in new.json()["price_changes"]] == ["2028-01-01", None]
    made = (await follow(world, LAND, text={"valid_to": "2030-12-31"})).json()
    assert [(it["amount"]["cents"], made["totals"][0]["cents"]) for it in made["price_items"]] == [(2_000_000, 2_000_000)]


async def test_of_both_sides_that_ask_at_the_same_time_one_is_first(world: World) -> None:
    former = await contract(world, SACHSEN)
    sides: tuple[tuple[Side, Actor, str], ...] = (("grantee", Actor.KUNDE, "s"), ("grantor", Actor.ANBIETER, "anna"))
    asked = [
        Following(side=side, actor=actor, person=person, at=world.now, text=text_without_end(former, TERMS))
        for side, actor, person in sides
    ]
    # Both were found possible before either is stored.
    changes = [await following.follow(it, former, TERMS, world.contracts) for it in asked]
    first, second = await world.contracts.ledger.apply(changes)
    assert first.error is None
    assert second.error is not None
    assert (second.error.code, second.error.context) == ("successor_exists", {"id": first.id})
    assert (await call(world, LAND, f"/{first.id}/give-up", {})).status_code == 200
    again = await follow(world, LAND)
    assert again.status_code == 201
    assert again.json()["id"] != first.id


async def test_a_repeat_of_the_request_makes_one_successor(world: World) -> None:
    await world.store.prepare([idempotency.COLLECTION])
    made = [await call(world, LAND, f"/{SACHSEN}/successor", {}, key_="k1") for _ in range(2)]
    assert [(it.status_code, it.json()["id"]) for it in made] == [(201, made[0].json()["id"])] * 2


async def test_a_contract_below_is_followed_by_one_of_its_two_sides_alone(world: World) -> None:
    assert (await follow(world, LAND)).status_code == 201
    made = await follow(world, KOMMUNE, SUB, text={"valid_to": "2028-06-30"}, valid_from="2028-01-01")
    # The successor of its parent is not concluded yet, so nothing covers the days.
    assert (made.status_code, made.json()["code"]) == (409, "outlives_parent")
    await ending(world, SACHSEN, date(2029, 12, 31), 3)
    made = await follow(world, KOMMUNE, SUB, text={"valid_to": "2028-06-30"})
    assert made.status_code == 201, made.text
    assert (await call(world, LAND, f"/{made.json()['id']}/accept")).status_code == 200
    await conclude(world)
    assert (await contract(world, made.json()["id"])).number == "FITST/2026/0004"


@pytest.mark.parametrize(("token", "step", "body"), [(ANNA, "decline", {"reason": "Nein"}), (LAND, "give-up", {})])
async def test_it_comes_to_nothing_by_either_side_and_both_are_told(
    world: World, token: str, step: str, body: dict[str, Any]
) -> None:
    id_ = (await follow(world, LAND)).json()["id"]
    answer = await call(world, token, f"/{id_}/{step}", body)
    assert answer.status_code == 200, answer.text
    assert await told(world) == ["succession-offered.v1", "succession-refused.v1"]
    assert (await follow(world, LAND)).status_code == 201


async def test_it_is_offered_a_bounded_number_of_times(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_SUCCESSORS", 3)
    for _ in range(3):
        made = await follow(world, LAND)
        assert made.status_code == 201, made.text
        again = await follow(world, ANNA)
        assert (again.status_code, again.json()["code"]) == (409, "successor_exists")
        assert (await call(world, LAND, f"/{made.json()['id']}/give-up", {})).status_code == 200
    for token in (LAND, ANNA):
        refused = await follow(world, token)
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_successors"), token
    longer = await call(world, LAND, f"/{SACHSEN}/amendments", {"valid_to": "2028-12-31"})
    assert longer.status_code == 200, longer.text


REFUSED: Final[list[tuple[str, str, dict[str, Any], int, str]]] = [
    (PROVIDER, SACHSEN, {}, 403, "not_a_side"),
    (OTHER, SACHSEN, {}, 404, "not_found"),
    (PROVIDER, ROOT, {}, 409, "contract_without_end"),
    (LAND, SACHSEN, {"valid_from": "2026-11-01"}, 422, "contract_date_invalid"),
    (LAND, SACHSEN, {"valid_from": "2027-12-31"}, 409, "successor_mismatch"),
    (LAND, SACHSEN, {"text": {"valid_to": "2027-06-30"}}, 409, "term_invalid"),
    (LAND, SACHSEN, {"text": {"annexes": []}}, 409, "annex_missing"),
    (LAND, SACHSEN, {"text": {"reason": "Verlängerung"}}, 422, "invalid"),
    (KOMMUNE, SUB, {"price_items": [price().model_dump(mode="json")]}, 422, "price_without_charge"),
]


async def test_what_would_break_a_rule_is_not_offered(world: World) -> None:
    for token, contract_id, body, status, code in REFUSED:
        answer = await follow(world, token, contract_id, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (token, body, answer.text)


async def test_an_offered_successor_is_refused_if_the_former_contract_is_amended_to_go_on(world: World) -> None:
    id_ = (await follow(world, LAND)).json()["id"]
    longer = await call(world, LAND, f"/{SACHSEN}/amendments", {"valid_to": "2028-12-31"})
    assert (longer.status_code, longer.json()["code"]) == (409, "successor_mismatch")
    assert (await call(world, LAND, f"/{id_}/give-up", {})).status_code == 200
    longer = await call(world, LAND, f"/{SACHSEN}/amendments", {"valid_to": "2028-12-31"})
    assert longer.status_code == 200, longer.text


async def test_a_bereitstellungsvertrag_is_followed_too(world: World) -> None:
    await world.notice(ROOT, date(2029, 12, 31))
    await world.cascade.run()
    made = await follow(world, PROVIDER, ROOT, valid_from="2030-01-01")
    assert made.status_code == 201, made.text
    id_ = made.json()["id"]
    assert await judged(world) == [("fitko", "DE-NW")]
    for token, step in ((ANNA, "sign"), (BERT, "release")):
        assert (await call(world, token, f"/{id_}/{step}")).status_code == 200
    await conclude(world)
    after = await contract(world, id_)
    assert (after.state, after.number, after.agb) == (ContractState.GESCHLOSSEN, "FITST/2026/0004", None)
    assert after.valid_from == date(2030, 1, 1)


@pytest.mark.parametrize(("step", "state"), [("accept", ContractState.GESCHLOSSEN), ("give-up", ContractState.ABGELEHNT)])
async def test_a_bereitsteller_answers_what_the_anbieter_has_offered(world: World, step: str, state: ContractState) -> None:
    await world.notice(ROOT, date(2029, 12, 31))
    await world.cascade.run()
    id_ = (await follow(world, ANNA, ROOT, valid_from="2030-01-01")).json()["id"]
    assert await judged(world) == [("fitko", "DE-NW")]
    assert (await call(world, BERT, f"/{id_}/release")).status_code == 200
    assert await moves(world, PROVIDER, id_) == ["accept", "give-up"]
    other_role = await call(world, "b/DE-NW/KUNDE", f"/{id_}/{step}", {} if step == "give-up" else None)
    assert (other_role.status_code, other_role.json()["code"]) == (403, "not_a_side")
    answered = await call(world, PROVIDER, f"/{id_}/{step}", {} if step == "give-up" else None)
    assert answered.status_code == 200, answered.text
    await conclude(world)
    assert (await contract(world, id_)).state is state


async def test_the_anbieter_asks_for_it_by_two_persons_and_the_other_side_signs_last(world: World) -> None:
    made = await follow(world, ANNA, text={"valid_to": "2030-12-31"})
    assert (made.status_code, made.json()["awaits"]) == (201, "RELEASE")
    id_ = made.json()["id"]
    await judged(world)
    assert await moves(world, ANNA, id_) == [], "another person releases it"
    early = await call(world, LAND, f"/{id_}/accept")
    assert (early.status_code, early.json()["code"]) == (404, "not_found")
    same = await call(world, ANNA, f"/{id_}/release")
    assert (same.status_code, same.json()["code"]) == (409, "four_eyes")
    assert await told(world) == []
    assert (await call(world, BERT, f"/{id_}/release")).status_code == 200
    shown = (await call(world, LAND, f"/{id_}", method="GET")).json()
    assert (shown["state"], shown["awaits"]) == ("ANGEBOTEN", None)
    again = await call(world, BERT, f"/{id_}/sign")
    assert (again.status_code, again.json()["code"]) == (409, "already_signed")
    await conclude(world)
    assert (await contract(world, id_)).state is ContractState.ANGEBOTEN, "the Land has not signed"
    assert await moves(world, LAND, id_) == ["accept", "give-up"]
    assert (await call(world, LAND, f"/{id_}/accept")).status_code == 200
    assert await moves(world, LAND, id_) == []
    await conclude(world)
    after = await contract(world, id_)
    assert (after.state, after.number) == (ContractState.GESCHLOSSEN, "FITST/2026/0004")
    assert {it.side: (it.by, it.released_by) for it in after.signatures} == {"grantor": ("anna", "bert"), "grantee": ("s", None)}
    assert await told(world) == ["succession-offered.v1", "succeeded.v1"]
    codes = {(it.contract, it.code) for it in violations(world_of(await world.all(), TERMS))}
    assert not {code for key, code in codes if key == id_}


async def test_until_when_a_relation_holds_is_for_both_sides_and_the_anbieter_to_know(world: World) -> None:
    id_ = (await follow(world, LAND)).json()["id"]
    world.now += timedelta(minutes=1)
    await world.contracts.ledger.outbox.relay(timedelta(seconds=1))
    await judge_newest(world.resources, world.publisher.events, world.now, until=date(2030, 6, 30))
    for token, until in ((LAND, "2030-06-30"), (ANNA, "2030-06-30"), (PROVIDER, None)):
        awards = (await call(world, token, f"/{id_}", method="GET")).json()["awards"]
        assert [(it["verdict"], it["until"]) for it in awards] == [("EXEMPT", until)] * 2


async def test_what_only_one_person_of_the_anbieter_has_signed_is_taken_back(world: World) -> None:
    id_ = (await follow(world, LAND)).json()["id"]
    await judged(world)
    assert (await call(world, ANNA, f"/{id_}/sign")).status_code == 200
    taken_back = await call(world, LAND, f"/{id_}/give-up", {})
    assert (taken_back.status_code, taken_back.json()["state"]) == (200, "ZURUECKGEZOGEN")
    late = await call(world, BERT, f"/{id_}/release")
    assert (late.status_code, late.json()["code"]) == (409, "illegal_move")
    id_ = (await follow(world, LAND)).json()["id"]
    await judged(world)
    for token, step in ((ANNA, "sign"), (BERT, "release")):
        assert (await call(world, token, f"/{id_}/{step}")).status_code == 200
    bound = await call(world, LAND, f"/{id_}/give-up", {})
    assert (bound.status_code, bound.json()["code"]) == (409, "already_signed")


async def test_of_what_the_anbieter_has_not_released_nobody_else_learns(world: World) -> None:
    id_ = (await follow(world, ANNA)).json()["id"]
    for declined in (False, True):
        if declined:
            assert (await call(world, BERT, f"/{id_}/decline", {"reason": "Nein"})).status_code == 200
        for token, status in ((ANNA, 200), (LAND, 404), (PROVIDER, 404)):
            assert (await call(world, token, f"/{id_}", method="GET")).status_code == status
            listed = (await call(world, token, "", method="GET")).json()["items"]
            assert (id_ in {it["id"] for it in listed}) is (status == 200)
        if not declined:
            asked = await follow(world, LAND)
            assert (asked.status_code, asked.json()["code"]) == (409, "successor_exists")
            assert id_ not in asked.text
    assert await told(world) == ["succession-refused.v1"]
    (refused,) = [it for it in world.publisher.events if it.type == SuccessionRefused.TYPE]
    assert json.loads(refused.body)["offered"] is False


@pytest.mark.parametrize("bad", [Verdict.NOT_EXEMPT, Verdict.NO_EVIDENCE, Verdict.OUT_OF_SCOPE])
async def test_a_successor_whose_awards_are_not_in_house_is_refused_with_the_remedy(world: World, bad: Verdict) -> None:
    id_ = (await follow(world, LAND)).json()["id"]
    await judged(world, Verdict.EXEMPT, bad)
    refused = await contract(world, id_)
    assert refused.refusal is not None
    assert (refused.state, refused.refusal.code) == (ContractState.ABGELEHNT, "successor_not_exempt")
    assert bad.value in refused.refusal.reason
    assert "für die Vergabe von DE-SN an FITKO" in refused.refusal.reason
    assert "Vorprüfung" in refused.refusal.remedy
    assert await told(world) == ["succession-offered.v1", "succession-refused.v1"]
    assert (await follow(world, LAND)).status_code == 201, "with better evidence it is offered anew"


async def test_a_risk_is_answered_for_by_the_two_persons_of_the_anbieter(world: World) -> None:
    view = (await follow(world, LAND)).json()
    await judged(world, Verdict.RISK, Verdict.EXEMPT)
    for token, step in ((ANNA, "sign"), (BERT, "release")):
        assert (await call(world, token, f"/{view['id']}/{step}")).status_code == 200
    await conclude(world)
    after = await contract(world, view["id"])
    assert [(it.verdict, it.awarder) for it in after.awards] == [(Verdict.RISK, "fitko"), (Verdict.EXEMPT, "DE-SN")]
    assert after.state is ContractState.GESCHLOSSEN
