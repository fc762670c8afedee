"""A new price reaches what rests on a contract by the terms of each, and whatever is cut off on the way comes to the same days."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import httpx
import pytest

from services.contracts.announcing.asking import announced
from services.contracts.announcing.passing import PassingPricesOn
from services.contracts.app import processor
from services.contracts.chain.given import AskPriceChange
from services.contracts.chain.price_change import price_change
from services.contracts.chain.violations import violations
from services.contracts.costs.inputs import INFORMATION
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import ContractState
from services.contracts.neighbourhood import world_of
from services.contracts.repository import Contracts
from shared.aggregate.change import Cause, Change
from shared.errors import InvalidError
from shared.ids import bereitstellung_id, contract_id, derived_id
from shared.messages.contracts_changes import PriceAnnounced
from shared.messages.values import Channel
from shared.store.port import Query
from tests.component.contracts.test_contracts_amending import ANNA, KOMMUNE, LAND, OTHER, PROVIDER, SACHSEN, SUB, call
from tests.component.contracts.test_contracts_costs import issue
from tests.component.contracts.test_contracts_notice import ROOT, TERMS, KilledError, World, stored_as, sub
from tests.support.contract_costs import HUSUM, OFFERING, CostWorld
from tests.support.contract_requests import order_id, price

FROM: Final = date(2027, 3, 1)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    payer = sub("DE-SN", 2).model_copy(update={"charge": "ENTGELTLICH"})
    await made.add(payer.model_copy(update={"id": derived_id("sub", "payer"), "number": "SUB-PAYER"}))
    yield made
    await made.store.close()


async def announce(world: World, token: str, contract_id: str = ROOT, day: str = FROM.isoformat(), **body: Any) -> httpx.Response:
    return await call(world, token, f"/{contract_id}/price-changes", {"effective_from": day} | body)


async def pass_on(world: World) -> None:
    await PassingPricesOn(TERMS, world.contracts).run()


def expected(contracts: Sequence[Contract], named: str = ROOT) -> dict[str, dict[str, Any]]:
    """Return the rows that the rule PRICE_CHANGE gives, by contract."""
    asked = AskPriceChange(type="PRICE_CHANGE", contract=named, issued_on="2026-11-24", effective_from=FROM.isoformat())
    return {row["contract"]: row for row in price_change(world_of(contracts, TERMS), asked)["price_change"]}


def found(contracts: Sequence[Contract]) -> dict[str, dict[str, Any]]:
    """Return the same of what is stored."""
    rows = {}
    for contract in contracts:
        for change in contract.price_changes:
            days = {name: _text(getattr(change, name)) for name in ("effective_from", "borne_from", "borne_to")}
            borne_by = None if change.borne_from is None else contract.grantor.id
            rows[contract.id] = {"contract": contract.id, **days, "borne_by": borne_by}
    return rows


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


async def test_a_new_price_comes_to_each_contract_by_its_own_terms_and_each_is_told_once(world: World) -> None:
    announced = await announce(world, PROVIDER, price_items=[price(1_500_000).model_dump(mode="json")])
    (row,) = announced.json()["price_changes"]
    assert (announced.status_code, row["effective_from"], row["borne_by"]["id"]) == (200, "2028-01-01", "DE-NW")
    assert (row["borne_from"], row["borne_to"], len(row["price_items"])) == ("2027-03-01", "2027-12-31", 1)
    await pass_on(world)
    stored = await world.all()
    assert found(stored) == expected(stored)
    assert len(found(stored)) == 1 + 3 + 3 * 2 + 1
    assert not any(it.waits for contract in stored for it in contract.price_changes)
    await pass_on(world)
    world.now += timedelta(minutes=1)
    await world.contracts.ledger.outbox.relay(timedelta(seconds=1))
    told = [it for it in world.publisher.events if it.type == PriceAnnounced.TYPE]
    assert sorted(it.key for it in told) == sorted(found(stored))
    shown = (await call(world, KOMMUNE, f"/{SUB}/price-changes", method="GET")).json()["price_changes"][0]
    assert (shown["because"], shown["effective_from"], shown["borne_by"]["id"], shown["borne_to"]) == (ROOT, None, "DE-SN", None)


@pytest.mark.parametrize("killed_at", [0, 1, 2, 4, 5])
async def test_what_is_cut_off_at_any_write_is_ended_by_the_next_run(world: World, killed_at: int) -> None:
    await announce(world, PROVIDER)
    world.store.until = killed_at
    with pytest.raises(KilledError):
        await pass_on(world)
    world.store.until = -1
    await pass_on(world)
    stored = await world.all()
    assert found(stored) == expected(stored)
    assert not any(it.waits for contract in stored for it in contract.price_changes)


async def test_a_contract_that_follows_another_one_in_time_passes_the_price_on_in_whatever_order_they_are_looked_at(
    world: World,
) -> None:
    # The first contract of the Land ends on the day before the new price counts, so that of its successor counts below.
    (first,) = [it for it in await world.all() if it.id == SACHSEN]
    ending = first.model_copy(update={"valid_to": date(2027, 12, 31)})
    await world.contracts.ledger.apply_one(Change(SACHSEN, lambda _: (ending, []), Cause(SACHSEN, "test", "test", 2)))
    follows = {"id": derived_id("later", "DE-SN"), "continues": SACHSEN, "valid_from": date(2028, 1, 1), "order_id": None}
    await world.add(first.model_copy(update=follows | {"number": "FITST/2028/0001", "year": None, "sequence": None}))
    await announce(world, PROVIDER)
    await pass_on(world)
    stored = await world.all()
    assert found(stored) == expected(stored)
    assert found(stored)[SUB]["borne_from"] == "2028-01-01"


async def test_whoever_does_not_want_the_new_price_ends_the_contract_before_it_and_what_rests_on_it_ends_too(
    world: World,
) -> None:
    await announce(world, ANNA, SACHSEN)
    await pass_on(world)
    (change,) = next(it for it in await world.all() if it.id == SACHSEN).price_changes
    assert change.effective_from == date(2028, 1, 1)
    last_day = change.effective_from - timedelta(days=1)
    answer = await call(world, LAND, f"/{SACHSEN}/notice", {"last_day": last_day.isoformat()})
    assert answer.status_code == 200
    await world.cascade.run()
    ends = await world.ends()
    assert ends[SUB] == ends[SACHSEN] == "2027-12-31"
    assert {it.code for it in violations(world_of(await world.all(), TERMS))} <= {"CHARGE_NOT_ALLOWED"}


REFUSED: Final[list[tuple[str, str, dict[str, Any], int, str]]] = [
    (PROVIDER, ROOT, {"day": "2026-11-23"}, 422, "cost_info_retroactive"),
    (LAND, SACHSEN, {}, 403, "not_the_grantor"),
    (PROVIDER, SACHSEN, {}, 403, "not_a_side"),
    (OTHER, SACHSEN, {}, 404, "not_found"),
    (KOMMUNE, SUB, {}, 403, "not_the_grantor"),
    (LAND, SUB, {"price_items": [price().model_dump(mode="json")]}, 422, "price_without_charge"),
]


async def test_what_the_rule_refuses_is_not_announced(world: World) -> None:
    before = await world.all()
    for token, named, body, status, code in REFUSED:
        refused = await announce(world, token, named, **body)
        assert (refused.status_code, refused.json()["code"]) == (status, code), (token, body)
    assert await world.all() == before
    await world.notice(SACHSEN, date(2027, 2, 28))
    (root,) = [it for it in before if it.id == ROOT]
    nothing = replace(TERMS, rules=replace(TERMS.rules, price_kinds=frozenset()))
    with pytest.raises(InvalidError) as error:
        announced(root, "x", FROM, (price(),), world.now, nothing)
    assert error.value.code == "price_kind_not_allowed"
    over = await announce(world, ANNA, SACHSEN)
    assert (over.status_code, over.json()["code"]) == (409, "price_change_not_possible")


async def test_a_repeat_with_the_key_announces_nothing_twice(world: World) -> None:
    for _ in range(2):
        answer = await call(world, PROVIDER, f"/{ROOT}/price-changes", {"effective_from": "2027-03-01"}, key_="1")
        assert len(answer.json()["price_changes"]) == 1


async def test_a_version_of_the_cost_information_is_announced_at_the_bereitstellungsvertrag_and_comes_to_the_kunde() -> None:
    whole = CostWorld()
    await whole.prepare()
    await whole.publish(price(100))
    await whole.contract("a", HUSUM)
    for day in ("2026-04-01", "2026-05-01"):
        assert (await issue(whole, effective_from=day)).status_code == 201
        whole.later(hours=1)
        await _periodic(whole)
        await _periodic(whole)
    contracts = Contracts(whole.resources)
    ids = (bereitstellung_id("govdigital", OFFERING), contract_id(Channel.GOVDIGITAL, order_id("a")))
    for contract in (await contracts.of_ids(ids)).values():
        assert [it.issued_on for it in contract.price_changes] == [date(2026, 3, 2)] * 2
        assert not any(it.waits for it in contract.price_changes)
    assert (await whole.store.find(INFORMATION, Query("unannounced", {"channel": "govdigital"}))) == []
    await whole.store.close()


@pytest.mark.parametrize("follows", [False, True], ids=["a further attempt", "a successor"])
async def test_a_version_is_announced_at_the_contract_that_stands_on_its_first_day(follows: bool) -> None:  # noqa: FBT001
    whole = CostWorld()
    await whole.prepare()
    await whole.publish(price(100))
    await whole.contract("a", HUSUM)
    contracts, first, second = Contracts(whole.resources), *(bereitstellung_id("govdigital", OFFERING, it) for it in (1, 2))
    ordered = contract_id(Channel.GOVDIGITAL, order_id("a"))
    stored = await contracts.of_ids([first, ordered])
    continues = {"continues": first, "valid_from": date(2026, 4, 1)} if follows else {}
    changed = {
        first: stored[first].model_copy(
            update={"valid_to": date(2026, 3, 31)} if follows else {"state": ContractState.ABGELEHNT, "number": None}
        ),
        second: stored[first].model_copy(update={"id": second, "number": "BV-2", **continues}),
        ordered: stored[ordered].model_copy(update={"parent": first if follows else second}),
    }
    await contracts.ledger.apply([Change(it.id, stored_as(it), Cause(it.id, "test", "test", 1)) for it in changed.values()])
    assert (await issue(whole, effective_from="2026-04-01")).status_code == 201
    await _periodic(whole)
    await _periodic(whole)
    after = await contracts.of_ids(changed)
    assert [len(after[it].price_changes) for it in changed] == [0, 1, 1]
    assert after[ordered].price_changes[0].because == second
    await whole.store.close()


async def _periodic(whole: CostWorld) -> None:
    for work in processor(Channel.GOVDIGITAL)(whole.resources).periodic:
        if work.name.endswith((".cost-information", ".prices")):
            await work.run()
