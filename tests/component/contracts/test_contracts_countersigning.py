"""Above the limit of its channel a contract waits for two persons of the Anbieter; only then it gets a number."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contracts import channels
from services.contracts.app import build, processor
from services.contracts.archiving.archivist import content_of, persons_of
from services.contracts.chain.violations import violations
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import ContractState
from services.contracts.neighbourhood import world_of
from services.contracts.repository import CONTRACTS, REGISTERS, Contracts
from services.contracts.settings import Settings
from shared.aggregate.change import Cause, Change
from shared.http import idempotency
from shared.http.app import create_app
from shared.ids import bereitstellung_id, contract_id
from shared.messages.base import Message
from shared.messages.ordering import ContractRequested
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.contract_requests import AT, order_id, price, received, request
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.publisher import RecordingPublisher

FITKO = Channel.FITKO
LIMITED = Settings(automatic_up_to_cents={FITKO: 1_000_000})
ANNA, ANTON, OTHERS = "anna/fitko/ANBIETER", "anton/fitko/ANBIETER", "guido/govdigital/ANBIETER"
SACHSEN = "kai/DE-SN/KUNDE"


class World:
    """The API and the processor of FITKO over one store, with a limit of 10,000 Euro."""

    def __init__(self) -> None:
        self.publisher = RecordingPublisher()
        self.store = SqliteStore(None)
        self.now = AT
        self.resources = Resources(self.store, self.publisher, Path("data"), clock=lambda: self.now)
        self.contracts = Contracts(self.resources)
        router = build(self.resources, LIMITED).router
        self.app = create_app("contracts", router, authenticator=FakeAuthenticator(), store=self.store, health=FixedHealth())

    async def order(self, *requests: ContractRequested) -> None:
        consumer, *_ = processor(FITKO)(self.resources, LIMITED).consumers
        assert list(await consumer.handle([received(it) for it in requests])) == []

    async def conclude(self) -> None:
        """Let the processor conclude what is released, and publish what the API has stored."""
        service = processor(FITKO)(self.resources, LIMITED)
        (work,) = [it for it in service.periodic if it.name == "contracts.fitko.conclude"]
        await work.run()
        self.now += timedelta(seconds=10)
        await service.ledgers[0].outbox.relay(timedelta(0))

    async def post(self, name: str, step: str, token: str, body: Any = None) -> httpx.Response:
        self.now += timedelta(minutes=1)
        async with client(self.app, token) as http:
            return await http.post(f"/v1/contracts/{key(name)}/{step}", json=body)

    async def work_list(self, token: str) -> list[tuple[str, str | None]]:
        async with client(self.app, token) as http:
            found = (await http.get("/v1/contracts?state=ANGEBOTEN")).json()["items"]
        return [(item["order_number"], item["awaits"]) for item in found]

    async def contract(self, name: str) -> Contract:
        found = await self.contracts.ledger.get(key(name))
        assert found is not None
        return found[0]

    @property
    def told(self) -> list[str]:
        return [event.type.removeprefix("contracts.").removesuffix(".v1") for event in self.publisher.events]


def key(name: str) -> str:
    return contract_id("fitko", order_id(name))


def cheap(name: str) -> ContractRequested:
    return request(name, price_items=(price(1_000_000),))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.store.prepare([CONTRACTS, REGISTERS, idempotency.COLLECTION])
    yield made
    await made.store.close()


async def test_above_the_limit_a_contract_is_offered_without_a_number_and_others_are_concluded_at_once(world: World) -> None:
    await world.order(request("a"), cheap("b"))
    offered, concluded = await world.contract("a"), await world.contract("b")
    assert (offered.state, offered.number, offered.concluded_at) == (ContractState.ANGEBOTEN, None, None)
    assert [signature.side for signature in offered.signatures] == ["grantee"]
    assert (concluded.state, concluded.number) == (ContractState.GESCHLOSSEN, "FITST/2026/0001")
    assert sorted(world.told) == ["chain.offered", "contract.concluded"]
    assert await world.work_list(ANNA) == [("V-2026-a", "SIGNATURE")]
    assert await world.work_list(SACHSEN) == [("V-2026-a", "SIGNATURE")]
    assert await world.work_list(OTHERS) == []


async def test_two_persons_of_the_anbieter_sign_and_the_processor_concludes_it_with_a_number(world: World) -> None:
    await world.order(request("a", placed_by="kai.kunde", offered_by="otto"))
    signed = await world.post("a", "sign", ANNA)
    assert (signed.status_code, signed.json()["awaits"]) == (200, "RELEASE")
    assert (await world.post("a", "sign", ANNA)).status_code == 200
    released = await world.post("a", "release", ANTON)
    assert (released.status_code, released.json()["state"], released.json()["awaits"]) == (200, "ANGEBOTEN", None)
    late = await world.post("a", "decline", ANNA, {"reason": "Die Preise sind überholt."})
    assert (late.status_code, late.json()["code"]) == (409, "already_signed")
    assert world.told == ["chain.offered"]
    await world.conclude()
    contract = await world.contract("a")
    assert (contract.state, contract.number) == (ContractState.GESCHLOSSEN, "FITST/2026/0001")
    assert contract.concluded_at == contract.signed_at == AT + timedelta(minutes=3)
    signatures = {it.side: (it.by, it.released_by, it.on) for it in contract.signatures}
    day = date(2026, 11, 24)
    assert signatures == {"grantee": ("kai.kunde", None, day), "grantor": ("anna", "anton", day)}
    assert world.told == ["chain.offered", "chain.signed", "chain.released", "contract.concluded"]
    assert await world.work_list(ANNA) == []
    found = [world.contracts.ledger.state_of(document) for document in await world.store.scan(CONTRACTS)]
    assert violations(world_of(found, channels.load_terms(None, {})[FITKO])) == []


@pytest.mark.parametrize(
    ("steps", "status", "code"),
    [
        ([("release", ANNA)], 409, "not_signed"),
        ([("sign", ANNA), ("sign", ANTON)], 409, "already_signed"),
        ([("sign", ANNA), ("release", ANNA)], 409, "four_eyes"),
        ([("sign", OTHERS)], 404, "not_found"),
        ([("sign", SACHSEN)], 403, "role_missing"),
        ([("sign", "x/fitko/KUNDE")], 403, "role_missing"),
    ],
)
async def test_nobody_signs_twice_or_for_another_anbieter(
    world: World, steps: list[tuple[str, str]], status: int, code: str
) -> None:
    await world.order(request("a"))
    *before, last = steps
    for step, token in before:
        assert (await world.post("a", step, token)).status_code == 200
    answer = await world.post("a", *last)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    await world.conclude()
    assert (await world.contract("a")).state is ContractState.ANGEBOTEN


async def test_a_declined_contract_takes_no_number_and_its_reason_is_told(world: World) -> None:
    await world.order(request("a"))
    assert (await world.post("a", "decline", ANNA, {"reason": "x" * 201})).status_code == 422
    answer = await world.post("a", "decline", ANNA, {"reason": "Die Preise sind überholt."})
    assert (answer.status_code, answer.json()["state"]) == (200, "ABGELEHNT")
    await world.conclude()
    assert world.told == ["chain.offered", "contract.refused"]
    refused = json.loads(world.publisher.events[-1].body)
    assert refused["code"] == "declined_by_anbieter"
    assert "Die Preise sind überholt." in refused["reason"]
    assert (await world.post("a", "sign", ANNA)).status_code == 409
    await world.order(cheap("b"))
    assert (await world.contract("b")).number == "FITST/2026/0001"


async def test_a_repeated_request_leaves_an_offered_contract_as_it_is(world: World) -> None:
    await world.order(request("a"))
    await world.post("a", "sign", ANNA)
    before = await world.contract("a")
    await world.order(request("a"), cheap("b"))
    assert await world.contract("a") == before
    assert (await world.contract("b")).number == "FITST/2026/0001"


async def test_a_number_that_was_promised_before_a_crash_is_given_to_the_contract_and_to_no_other(world: World) -> None:
    await world.order(request("a"))
    await world.post("a", "sign", ANNA)
    await world.post("a", "release", ANTON)
    store, save = world.store, world.store.save_many
    failing = [True]

    async def fail_once(collection: Any, saves: Any) -> set[str]:
        if collection.name == CONTRACTS.name and failing.pop():
            raise RuntimeError("killed")
        return await save(collection, saves)

    store.save_many = fail_once  # type: ignore[method-assign]  # a crash between the register and the contract
    with pytest.raises(RuntimeError):
        await world.conclude()
    store.save_many = save  # type: ignore[method-assign]
    await world.order(cheap("b"), cheap("c"))
    await world.conclude()
    numbers = {name: (await world.contract(name)).number for name in "abc"}
    assert numbers == {"a": "FITST/2026/0001", "b": "FITST/2026/0002", "c": "FITST/2026/0003"}


async def test_what_the_chain_no_longer_allows_is_refused_when_it_would_be_concluded(world: World) -> None:
    await world.order(request("a"))
    await world.post("a", "sign", ANNA)
    await world.post("a", "release", ANTON)

    def end(root: Contract | None) -> tuple[Contract, list[Message]]:
        assert root is not None
        root.state, root.ends_on = ContractState.GEKUENDIGT, date(2026, 12, 31)
        return root, []

    root = bereitstellung_id("fitko", request().order.offering_id)
    await world.contracts.ledger.apply([Change(root, end, Cause("e", "test", "test", 1))])
    await world.conclude()
    contract = await world.contract("a")
    assert contract.refusal is not None
    assert (contract.state, contract.refusal.code, contract.number) == (ContractState.ABGELEHNT, "outlives_parent", None)


async def test_the_archived_text_of_a_contract_names_no_person_who_signed(world: World) -> None:
    await world.order(request("a", placed_by="kai.kunde", offered_by="otto"), request("b", price_items=(price(1),)))
    await world.post("a", "sign", ANNA)
    await world.post("a", "release", ANTON)
    await world.conclude()
    contract = await world.contract("a")
    text = content_of(contract).decode()
    assert [person for person in ("kai.kunde", "anna", "anton") if person in text] == []
    assert persons_of(contract) == {
        "grantee.signed_by": {"person": "kai.kunde"},
        "grantor.signed_by": {"person": "anna"},
        "grantor.released_by": {"person": "anton"},
    }


async def test_below_the_limit_the_processor_releases_what_the_anbieter_has_offered(world: World) -> None:
    await world.order(request("a", placed_by="kai.kunde", offered_by="otto", price_items=(price(1),)))
    signatures = {it.side: (it.by, it.released_by) for it in (await world.contract("a")).signatures}
    assert signatures == {"grantee": ("kai.kunde", None), "grantor": ("otto", "processor.fitko")}
