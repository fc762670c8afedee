"""What a party sees of a chain, and what a body is told that it still lacks: the same as the rules say of the whole store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

import httpx
import pytest

from services.contracts.app import build
from services.contracts.chain.completeness import complete
from services.contracts.chain.given import AskComplete
from services.contracts.chain_views import tree
from services.contracts.domain.bodies import body_of
from services.contracts.domain.contract import Contract
from services.contracts.domain.offer import ChannelOffer, offer_id
from services.contracts.domain.transitions import ContractState
from services.contracts.neighbourhood import world_of
from services.contracts.offers.follow import OFFERS, ChannelOffers
from shared.aggregate.change import Cause, Change
from shared.http.app import create_app
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.values import OfferingState
from tests.component.contracts.test_contracts_notice import FITKO, ROOT, TERMS, World, key, sub
from tests.support.contract_requests import AT, NRW, request
from tests.support.http import FakeAuthenticator, FixedHealth, client

OFFER: Final = request().order.offering_id
SUB: Final = sub("DE-SN", 1)
NEW: Final = "n/140000000009/KUNDE"
LAND, BEREITSTELLER, ANBIETER = "s/DE-SN/KUNDE", "b/DE-NW/BEREITSTELLER", "a/fitko/ANBIETER"
OF_SUB: Final = f"k/{SUB.customer.id}/KUNDE"
TODAY: Final = AT.date()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    await made.store.prepare([OFFERS])
    offer = ChannelOffer(
        id=offer_id(FITKO, OFFER),
        offering_id=OFFER,
        channel=FITKO,
        title="Digitaler Einbürgerungsantrag",
        version=3,
        state=OfferingState.VEROEFFENTLICHT,
        provider=NRW,
        channels=(FITKO,),
        sheets=(),
    )

    def store(_: ChannelOffer | None) -> tuple[ChannelOffer, list[Message]]:
        return offer, []

    await ChannelOffers(made.resources).ledger.apply([Change(offer.id, store, Cause("o", "test", "test", 1))])
    yield made
    await made.store.close()


async def ask(world: World, token: str, path: str, method: str = "GET", body: Any = None) -> httpx.Response:
    app = create_app(
        "contracts", build(world.resources).router, authenticator=FakeAuthenticator(), store=world.store, health=FixedHealth()
    )
    async with client(app, token) as http:
        return await http.request(method, f"/v1/{path}", json=body)


def nodes(root: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return all contracts of a tree by id."""
    found = {root["id"]: root}
    for below in root["below"]:
        found |= nodes(below)
    return found


@pytest.mark.parametrize(
    ("token", "contract", "shown", "named"),
    [
        (OF_SUB, SUB.id, {ROOT, key("DE-SN"), SUB.id}, {SUB.id}),
        (LAND, key("DE-SN"), {ROOT, key("DE-SN"), SUB.id, sub("DE-SN", 2).id}, {key("DE-SN"), SUB.id, sub("DE-SN", 2).id}),
        (LAND, SUB.id, {ROOT, key("DE-SN"), SUB.id}, {key("DE-SN"), SUB.id}),
        (BEREITSTELLER, ROOT, None, None),
        (ANBIETER, ROOT, None, None),
    ],
)
async def test_a_chain_is_shown_from_its_root_with_the_parties_that_one_may_know(
    world: World, token: str, contract: str, shown: set[str] | None, named: set[str] | None
) -> None:
    everything = {it.id for it in await world.all()}
    answer = (await ask(world, token, f"contracts/{contract}/chain")).json()
    found = nodes(answer["root"])
    assert (answer["root"]["id"], answer["cut"]) == (ROOT, False)
    assert set(found) == (everything if shown is None else shown)
    assert {id_ for id_, node in found.items() if node["grantee"] is not None} == (everything if named is None else named)
    assert {id_ for id_, node in found.items() if node["number"] is not None} <= {id_ for id_ in found if found[id_]["grantor"]}


async def test_a_chain_is_hidden_with_its_contract_and_its_accessions_with_their_parties(world: World) -> None:
    assert (await ask(world, "x/DE-BY/KUNDE", f"contracts/{SUB.id}/chain")).status_code == 404
    made = (await ask(world, NEW, f"contracts/{key('DE-SN')}/accessions", "POST", {})).json()
    made["allowed_moves"] = []  # a chain does not say them
    for token, contract, expected in ((LAND, key("DE-SN"), [made]), (OF_SUB, SUB.id, []), (ANBIETER, ROOT, [made])):
        found = nodes((await ask(world, token, f"contracts/{contract}/chain")).json()["root"])
        assert found[key("DE-SN")]["accessions"] == expected


async def test_offers_between_others_are_in_no_tree(world: World) -> None:
    below = (
        await ask(world, LAND, f"contracts/{key('DE-SN')}/sub-contracts", "POST", {"grantee": _party("140000000009")})
    ).json()
    assert below["id"] in nodes((await ask(world, LAND, f"contracts/{key('DE-SN')}/chain")).json()["root"])
    hidden = sub("DE-SN", 1).model_copy(update={"id": derived_id("third"), "parent": SUB.id, "state": ContractState.ANGEBOTEN})
    other = hidden.model_copy(
        update={"grantor": SUB.customer, "customer": SUB.customer.model_copy(update={"id": "1400000000010"})}
    )
    await world.add(other)
    assert other.id not in nodes((await ask(world, LAND, f"contracts/{key('DE-SN')}/chain")).json()["root"])


async def test_a_large_chain_is_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST", 3)
    answer = (await ask(world, ANBIETER, f"contracts/{ROOT}/chain")).json()
    assert answer["cut"]
    assert len(nodes(answer["root"])) <= 4


async def licence(world: World, token: str, query: str = "") -> dict[str, Any]:
    answer = await ask(world, token, f"offers/{OFFER}/licence{query}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_a_kommune_is_licensed_by_its_land_and_has_only_to_accede(world: World) -> None:
    (channel,) = (await licence(world, NEW))["channels"]
    assert (channel["channel"], channel["status"]) == ("fitko", "LICENSED_ACT_MISSING")
    assert channel["licensed_by"]["id"] == "DE-SN"
    (todo,) = channel["open"]
    assert (todo["action"], todo["actor"]["id"], todo["link"]) == ("ACCEDE", "140000000009", "BEITRITT")
    way = {it["link"]: it["id"] for it in channel["plan"]}
    made = await ask(world, NEW, f"contracts/{way['NACHNUTZUNG']}/accessions", "POST", {})
    assert made.status_code == 201
    after = await licence(world, NEW)
    assert (after["complete"], after["best"]) == (True, "fitko")


async def test_who_lacks_more_learns_who_has_to_act_first(world: World) -> None:
    (channel,) = (await licence(world, "f/010020000000/KUNDE"))["channels"]
    assert (channel["status"], channel["licensed_by"]) == ("INCOMPLETE", None)
    assert [(it["action"], it["actor"]["id"]) for it in channel["open"]] == [("ORDER", "DE-SH"), ("ACCEDE", "010020000000")]
    assert (await licence(world, OF_SUB))["complete"]
    assert not (await licence(world, OF_SUB, "?on=2026-11-01"))["complete"]


async def test_a_notice_shows_on_the_day_on_which_it_counts(world: World) -> None:
    await world.notice(ROOT, date(2027, 12, 31))
    await world.cascade.run()
    assert (await licence(world, OF_SUB, "?on=2027-12-31"))["complete"]
    after = await licence(world, OF_SUB, "?on=2028-01-01")
    assert not after["complete"]


async def test_an_order_of_ones_land_that_is_not_concluded_stays_between_its_parties(world: World) -> None:
    offered = (await ask(world, LAND, f"contracts/{key('DE-SN')}/sub-contracts", "POST", {"grantee": _party("14001")})).json()
    (channel,) = (await licence(world, "k/140010000001/KUNDE"))["channels"]
    assert offered["id"] not in {it["id"] for it in channel["plan"]}
    assert channel["licensed_by"]["id"] == "DE-SN"


@pytest.mark.parametrize("organisation", ["140000000001", "140000000009", "DE-SN", "DE-BY", "010020000000", "09"])
async def test_what_a_body_is_told_is_what_the_rule_says_of_the_whole_store(world: World, organisation: str) -> None:
    body = body_of(organisation)
    if body.ars is None:
        refused = await ask(world, f"u/{organisation}/KUNDE", f"offers/{OFFER}/licence")
        assert (refused.status_code, refused.json()["code"]) == (422, "ars_unknown")
        return
    found = await licence(world, f"u/{organisation}/KUNDE", "?channel=fitko")
    whole = world_of(await world.all(), TERMS)
    others = {key: body_of(key) for key in (organisation, "DE-NW", "DE-SH", "DE-SN", "DE-BY")}
    whole = _with(whole, others)
    question = AskComplete(
        type="COMPLETE", org=organisation, service=OFFER, parametrisation=(), channel="fitko", on=TODAY.isoformat()
    )
    (expected,) = complete(whole, question)["channels"]
    (channel,) = found["channels"]
    assert channel["plan"] == expected["plan"]
    assert [(it["action"], it["actor"] and it["actor"]["id"], it["reason"]) for it in channel["open"]] == [
        (it["action"], it["actor"], it["reason"]) for it in expected["open"]
    ]


async def test_an_offer_that_no_channel_lists_is_not_found(world: World) -> None:
    other = derived_id("offering", "other")
    assert (await ask(world, NEW, f"offers/{other}/licence")).json()["code"] == "offering_not_found"
    assert (await ask(world, NEW, f"offers/{OFFER}/licence?channel=govdigital")).status_code == 404


def _party(key_: str) -> dict[str, str]:
    return {"id": key_, "name": f"Stelle {key_}"}


def _with(whole: Any, others: dict[str, Any]) -> Any:
    offering = whole.offering.model_copy(update={"bereitsteller": "DE-NW"})
    return replace(whole, offering=offering, organisations={**whole.organisations, **others})


async def test_a_successor_that_the_anbieter_has_not_released_is_no_link(world: World) -> None:
    (former,) = [it for it in await world.all() if it.id == key("DE-SN")]
    later = {"continues": former.id, "valid_from": date(2028, 1, 1), "state": ContractState.ANGEBOTEN}
    unnumbered = {"order_id": None, "number": None, "year": None, "sequence": None, "concluded_at": None}
    draft = former.model_copy(update={"id": derived_id("draft"), "signatures": (), **later, **unnumbered})
    ended = former.model_copy(update={"valid_to": date(2027, 12, 31)})
    await store(world, ended, 2)
    before = await licence(world, LAND, "?on=2028-06-01")
    await store(world, draft, 1)
    assert await licence(world, LAND, "?on=2028-06-01") == before
    await store(world, draft.model_copy(update={"signatures": former.signatures[1:]}), 2)
    assert await licence(world, LAND, "?on=2028-06-01") != before


async def store(world: World, contract: Contract, seq: int) -> None:
    await world.contracts.ledger.apply_one(
        Change(contract.id, lambda _: (contract, []), Cause(f"{contract.id}/{seq}", "t", "t", seq))
    )
