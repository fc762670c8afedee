"""Sub- and Sub-Sub-Nachnutzungsverträge: offered or asked for, signed by both sides, numbered, told and ended with the chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

import httpx
import pytest

from services.contracts import channels
from services.contracts.app import build, processor
from services.contracts.chain.violations import violations
from services.contracts.countersigning import Countersigning
from services.contracts.domain.agreed import PassingOn
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import ContractState
from services.contracts.neighbourhood import world_of
from services.contracts.repository import Registers
from shared.aggregate.change import Cause, Change
from shared.http.app import create_app
from shared.ids import contract_id
from shared.messages.base import Message
from shared.messages.values import Channel, Party, Verdict
from tests.component.contracts.test_contracts_notice import ROOT, TERMS, World, key
from tests.support.builders.awards import judge_newest
from tests.support.contract_requests import order_id, price, received, request
from tests.support.http import FakeAuthenticator, FixedHealth, client

LAND, KOMMUNE, ANBIETER = "s/DE-SN/KUNDE", "k/140000000009/KUNDE", "a/fitko/ANBIETER"
BAYERN, BAYKOMMUN = "x/DE-BY/KUNDE", "m/baykommun/KUNDE"
PARENT: Final = key("DE-SN")
ME: Final[dict[str, str]] = {"id": "140000000009", "name": "Kommune Neun"}
NAMES: Final = {"140000000009": "Kommune Neun", "DE-SN": "Freistaat Sachsen"}
GOV: Final = channels.load_terms(None, {})[Channel.GOVDIGITAL]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    yield made
    await made.store.close()


async def post(world: World, token: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    app = create_app(
        "contracts",
        build(world.resources).router,
        authenticator=FakeAuthenticator(NAMES),
        store=world.store,
        health=FixedHealth(),
    )
    async with client(app, token) as http:
        return await http.post(f"/v1/contracts/{path}", json=body, headers=headers)


async def offered(world: World, token: str = LAND, parent: str = PARENT, **body: Any) -> httpx.Response:
    return await post(world, token, f"{parent}/sub-contracts", {"grantee": ME} | body)


async def conclude(world: World, terms: Any = TERMS) -> None:
    await Countersigning(terms, world.contracts, Registers(world.resources)).run()


async def contract(world: World, id_: str) -> Contract:
    return (await world.contracts.of_ids([id_]))[id_]


async def published(world: World) -> Sequence[str]:
    """Return what a processor's relay has published of Sub contracts."""
    world.now += timedelta(minutes=1)
    await world.contracts.ledger.outbox.relay(timedelta(seconds=1))
    return [it.type.removeprefix("contracts.chain.") for it in world.publisher.events if ".sub-" in it.type]


@pytest.mark.parametrize(("first", "second"), [(LAND, KOMMUNE), (KOMMUNE, LAND)])
async def test_what_both_sides_have_signed_is_concluded_with_a_number_of_the_channel(
    world: World, first: str, second: str
) -> None:
    body = {} if first == KOMMUNE else {"grantee": ME}
    answer = await post(world, first, f"{PARENT}/sub-contracts", body)
    made = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/contracts/{made['id']}")
    assert (made["state"], made["number"], made["leg"], made["parent"]) == ("ANGEBOTEN", None, "SUB_NACHNUTZUNG", PARENT)
    assert (made["grantor"]["id"], made["customer"], made["awaits"]) == ("DE-SN", ME, None)
    await conclude(world)
    assert (await contract(world, made["id"])).state is ContractState.ANGEBOTEN
    same = await post(world, first, f"{made['id']}/accept")
    assert (same.status_code, same.json()["code"]) == (409, "already_signed")
    assert (await post(world, second, f"{made['id']}/accept")).status_code == 200
    await conclude(world)
    await conclude(world)
    concluded = await contract(world, made["id"])
    assert (concluded.state, concluded.number) == (ContractState.GESCHLOSSEN, "FITST/2026/0004")
    assert (concluded.charge, concluded.price_items, concluded.territory) == ("ENTGELTFREI", (), ("140000000009",))
    assert {it.side: it.by for it in concluded.signatures} == {"grantor": "s", "grantee": "k"}
    assert concluded.agb is not None
    assert violations(world_of(await world.all(), TERMS)) == []
    assert await published(world) == ["sub-offered.v1", "sub-accepted.v1", "sub-concluded.v1"]


async def test_a_repeat_with_the_key_is_the_same_contract(world: World) -> None:
    again = [await post(world, LAND, f"{PARENT}/sub-contracts", {"grantee": ME}, **{"Idempotency-Key": "1"}) for _ in range(2)]
    assert len({it.json()["id"] for it in again}) == 1


@pytest.mark.parametrize(
    ("token", "parent", "body", "status", "code"),
    [
        ("f/010020000000/KUNDE", PARENT, {"grantee": None}, 404, "not_found"),
        (KOMMUNE, PARENT, {"grantee": {"id": "140000000008", "name": "Andere"}}, 403, "not_the_grantor"),
        (LAND, PARENT, {"grantee": None}, 403, "not_the_grantor"),
        (LAND, PARENT, {"grantee": {"id": "010020000000", "name": "Kiel"}}, 409, "territory_not_granted"),
        (LAND, PARENT, {"territory": ["13"]}, 409, "territory_not_granted"),
        (LAND, PARENT, {"grantee": {"id": "DE-SN", "name": "Sachsen"}}, 409, "party_repeated"),
        (LAND, PARENT, {"charge": "ENTGELTLICH"}, 409, "charge_not_allowed"),
        (LAND, PARENT, {"price_items": [price().model_dump(mode="json")]}, 422, "price_without_charge"),
        (LAND, PARENT, {"valid_from": "2026-01-01"}, 422, "contract_date_invalid"),
        (LAND, PARENT, {"valid_from": "2027-01-02", "valid_to": "2027-01-01"}, 409, "term_invalid"),
        ("b/DE-NW/KUNDE", ROOT, {"grantee": None}, 409, "passing_not_allowed"),
        ("b/DE-NW/BEREITSTELLER", PARENT, {}, 403, "role_missing"),
    ],
)
async def test_what_would_break_a_rule_is_not_offered(
    world: World, token: str, parent: str, body: dict[str, Any], status: int, code: str
) -> None:
    before = {it.id for it in await world.all()}
    answer = await offered(world, token, parent, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {it.id for it in await world.all()} == before


async def test_a_contract_that_passes_on_to_nobody_is_not_passed_on(world: World) -> None:
    await _changed(world, PARENT, passing_on=PassingOn(allowed=False, act="SUB_VERTRAG"))
    answer = await offered(world)
    assert (answer.status_code, answer.json()["code"]) == (409, "passing_not_allowed")
    asked = await post(world, KOMMUNE, f"{PARENT}/sub-contracts", {})
    assert asked.status_code == 404


async def test_without_an_end_it_runs_as_long_as_the_contract_above_and_never_longer(world: World) -> None:
    await world.notice(PARENT, date(2027, 6, 30))
    assert (await offered(world)).json()["valid_to"] == "2027-06-30"
    longer = await offered(world, valid_to="2027-07-01")
    assert (longer.status_code, longer.json()["code"]) == (409, "outlives_parent")


@pytest.mark.parametrize(
    ("who", "state", "party"),
    [(KOMMUNE, "ABGELEHNT", "Kommune Neun"), (LAND, "ZURUECKGEZOGEN", "DE-SN")],
)
async def test_a_side_gives_up_what_is_not_concluded_and_the_other_is_told_why(
    world: World, who: str, state: str, party: str
) -> None:
    made = (await offered(world)).json()
    given_up = (await post(world, who, f"{made['id']}/give-up", {"reason": "Kein Bedarf."})).json()
    assert (given_up["state"], given_up["number"]) == (state, None)
    assert "Kein Bedarf." in given_up["refusal"]["reason"]
    assert party in given_up["refusal"]["reason"]
    late = await post(world, KOMMUNE, f"{made['id']}/accept")
    assert (late.status_code, late.json()["code"]) == (409, "illegal_move")
    assert await published(world) == ["sub-offered.v1", "sub-refused.v1"]
    assert sorted(it.sequence for it in await world.all() if it.sequence is not None) == [1, 2, 3]


async def test_nobody_but_the_two_sides_signs_or_gives_up(world: World) -> None:
    made = (await offered(world)).json()
    for step in ("sign", "release", "decline"):
        answer = await post(world, ANBIETER, f"{made['id']}/{step}", {"reason": "X"} if step == "decline" else None)
        assert (answer.status_code, answer.json()["code"]) == (409, "signed_by_its_sides")
    for token, status in (("b/DE-NW/KUNDE", 403), (BAYERN, 404), ("a/fitko/ANBIETER+KUNDE", 403)):
        assert (await post(world, token, f"{made['id']}/accept")).status_code == status
    assert (await post(world, LAND, f"{PARENT}/accept")).json()["code"] == "not_a_side"
    assert (await contract(world, made["id"])).countersignature is None


async def test_what_the_chain_no_longer_allows_at_the_conclusion_is_refused_and_takes_no_number(world: World) -> None:
    made = (await offered(world)).json()
    await _changed(world, PARENT, passing_on=PassingOn(allowed=False, act="SUB_VERTRAG"))
    assert (await post(world, KOMMUNE, f"{made['id']}/accept")).status_code == 200
    await conclude(world)
    refused = await contract(world, made["id"])
    assert refused.refusal is not None
    assert (refused.state, refused.number, refused.refusal.code) == (ContractState.ABGELEHNT, None, "passing_not_allowed")
    assert await published(world) == ["sub-offered.v1", "sub-accepted.v1", "sub-refused.v1"]


@pytest.mark.parametrize("signed", [False, True])
async def test_it_ends_with_the_contract_above(world: World, *, signed: bool) -> None:
    made = (await offered(world)).json()
    if signed:
        await post(world, KOMMUNE, f"{made['id']}/accept")
        await conclude(world)
    await world.notice(PARENT, date(2027, 6, 30))
    await world.cascade.run()
    found = await contract(world, made["id"])
    assert (found.state, found.last_day) == (
        (ContractState.GEKUENDIGT, date(2027, 6, 30)) if signed else (ContractState.ZURUECKGEZOGEN, None)
    )
    assert violations(world_of(await world.all(), TERMS)) == []


async def test_a_buendler_passes_on_what_its_land_has_passed_on_to_it(world: World) -> None:
    """Bayern, BayKommun, Kommune: three levels through govdigital, for money."""
    (consumer, *_) = processor(Channel.GOVDIGITAL)(world.resources).consumers
    bought = request("bayern", Channel.GOVDIGITAL, customer=Party(id="DE-BY", name="Freistaat Bayern"))
    assert list(await consumer.handle([received(bought)])) == []
    above = contract_id("govdigital", order_id("bayern"))
    bundler = {"id": "baykommun", "name": "BayKommun AöR"}
    line = price(990_000).model_dump(mode="json")
    second = (await offered(world, BAYERN, above, grantee=bundler, price_items=[line], charge="ENTGELTLICH")).json()
    assert (second["leg"], second["totals"][0]["cents"]) == ("SUB_NACHNUTZUNG", 990_000)
    early = await offered(world, BAYKOMMUN, second["id"], grantee={"id": "091620000000", "name": "München"})
    assert (early.status_code, early.json()["code"]) == (409, "parent_not_concluded")
    await post(world, BAYKOMMUN, f"{second['id']}/accept")
    await conclude(world, GOV)
    third = (await offered(world, BAYKOMMUN, second["id"], grantee={"id": "091620000000", "name": "München"})).json()
    await post(world, "g/091620000000/KUNDE", f"{third['id']}/accept")
    await conclude(world, GOV)
    found = {it.id: it for it in await world.all() if it.channel is Channel.GOVDIGITAL}
    assert (found[third["id"]].leg.value, found[third["id"]].number) == ("SUB_SUB_NACHNUTZUNG", "GD/2026/00003")
    assert violations(world_of(found.values(), GOV)) == []
    fourth = await offered(world, "g/091620000000/KUNDE", third["id"], grantee={"id": "091620000001", "name": "Bezirk"})
    assert (fourth.status_code, fourth.json()["code"]) == (409, "passing_not_allowed")


BUNDLER: Final = {"id": "kisa", "name": "KISA"}
KISA: Final = "k/kisa/KUNDE"


async def _through_a_bundler(world: World, last: str | None) -> dict[str, Any]:
    """Pass on from the Land to its IT provider free of charge, and have that offer it to a Kommune for money."""
    second = (await offered(world, grantee=BUNDLER, territory=["14"])).json()
    await _changed(world, second["id"], passing_on=PassingOn(allowed=True, act="SUB_VERTRAG"))
    assert (await post(world, KISA, f"{second['id']}/accept")).status_code == 200
    await conclude(world)
    lines = [price(990_000).model_dump(mode="json")]
    answer = await offered(world, KISA, second["id"], charge="ENTGELTLICH", price_items=lines, valid_to=last)
    assert answer.status_code == 201, answer.text
    third: dict[str, Any] = answer.json()
    early = await post(world, KOMMUNE, f"{third['id']}/accept")
    assert (early.status_code, early.json()["code"]) == (409, "check_pending")
    await published(world)
    return third


@pytest.mark.parametrize(
    ("verdicts", "until", "last", "allowed"),
    [
        ((Verdict.EXEMPT, Verdict.EXEMPT), None, None, True),
        ((Verdict.EXEMPT, Verdict.EXEMPT), date(2029, 12, 31), "2029-12-31", True),
        ((Verdict.EXEMPT, Verdict.EXEMPT), date(2029, 12, 31), None, False),
        ((Verdict.EXEMPT, Verdict.EXEMPT), date(2029, 12, 30), "2029-12-31", False),
        ((Verdict.EXEMPT, Verdict.NOT_EXEMPT), None, None, False),
        ((Verdict.RISK, Verdict.EXEMPT), None, None, False),
    ],
)
async def test_for_money_only_through_a_body_that_is_in_house_to_land_and_kommune_on_every_day(
    world: World, verdicts: tuple[Verdict, ...], until: date | None, last: str | None, *, allowed: bool
) -> None:
    third = await _through_a_bundler(world, last)
    asked = await judge_newest(world.resources, world.publisher.events, world.now, *verdicts, until=until)
    assert asked == [("DE-SN", "kisa"), ("140000000009", "kisa")]
    taken = await post(world, KOMMUNE, f"{third['id']}/accept")
    await conclude(world)
    found = await contract(world, third["id"])
    if allowed:
        assert (taken.status_code, found.state, found.totals[0].cents) == (200, ContractState.GESCHLOSSEN, 990_000)
        assert violations(world_of(await world.all(), TERMS)) == []
    else:
        assert found.refusal is not None
        assert (taken.json()["code"], found.state, found.number) == ("illegal_move", ContractState.ABGELEHNT, None)
        assert (found.refusal.code, found.refusal.remedy) == (
            "charge_not_allowed",
            "Entgeltfrei weitergeben oder über eine Stelle, die beiden Seiten inhouse ist.",
        )
        assert (await published(world))[-1] == "sub-refused.v1"


async def _changed(world: World, id_: str, **changes: Any) -> None:
    def decide(stored: Contract | None) -> tuple[Contract, list[Message]]:
        assert stored is not None
        for name, value in changes.items():
            setattr(stored, name, value)
        return stored, []

    await world.contracts.ledger.apply_one(Change(id_, decide, Cause(id_, "test", "test", 2)))
