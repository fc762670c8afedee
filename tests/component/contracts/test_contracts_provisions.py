"""The Bereitstellungsverträge that the catalog asks for: numbered, signed by both sides, and one for each offer and Anbieter."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contracts import channels
from services.contracts.app import build, processor
from services.contracts.chain.violations import violations
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import ContractState
from services.contracts.lost_numbers import reserve_written_numbers
from services.contracts.neighbourhood import world_of
from services.contracts.numbering import Number
from services.contracts.offers.follow import OFFERS
from services.contracts.repository import CONTRACTS, REGISTERS, Contracts, Registers
from services.contracts.settings import Settings
from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.http import idempotency
from shared.http.app import create_app
from shared.ids import bereitstellung_id, contract_id, derived_id
from shared.messages.catalog import ChannelListing, OfferingPublished
from shared.messages.catalog_provisions import Provision, ProvisionRequested, ProvisionWithdrawn
from shared.messages.eligibility_rights import RoleTerm
from shared.messages.values import Channel, Party, Role
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.builders.orders import offering
from tests.support.contract_requests import AT, NRW, order_id, received, request
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.publisher import RecordingPublisher
from tests.support.rights import ReadRights, rights_of

FITKO, GOVDIGITAL = Channel.FITKO, Channel.GOVDIGITAL
OFFERING = request().order.offering_id
FOUR_EYES = Settings(automatic_up_to_cents={FITKO: 1_000_000_00})
ANNA, ANTON = "anna/fitko/ANBIETER", "anton/fitko/ANBIETER"
SUBMITTED = AT - timedelta(days=3)


class World:
    """The API and the processor of FITKO over one store."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings
        self.publisher = RecordingPublisher()
        self.store = SqliteStore(None)
        self.now = AT
        self.read = ReadRights(lambda: self.now)
        self.accredit(FITKO)
        self.resources = Resources(self.store, self.publisher, Path("data"), clock=lambda: self.now, rights=self.read.rights)
        self.contracts = Contracts(self.resources)
        router = build(self.resources, settings).router
        self.app = create_app("contracts", router, authenticator=FakeAuthenticator(), store=self.store, health=FixedHealth())

    def accredit(self, *accredited: Channel) -> None:
        """Take the rights of the Bereitsteller from the topic: accredited at these Anbieter, and at no other."""
        terms = [RoleTerm(role=Role.BEREITSTELLER, channel=it) for it in accredited]
        self.read.put(rights_of(NRW.id, {}, [Role.BEREITSTELLER, *terms]))

    async def prepared(self) -> World:
        await self.store.prepare([CONTRACTS, REGISTERS, OFFERS, idempotency.COLLECTION])
        return self

    async def ask(self, *events: Received, channel: Channel = FITKO) -> None:
        _, consumer, *_ = processor(channel)(self.resources, self.settings).consumers
        assert list(await consumer.handle(events)) == []

    async def order(self, *events: Received) -> None:
        consumer, *_ = processor(FITKO)(self.resources, self.settings).consumers
        assert list(await consumer.handle(events)) == []

    async def conclude(self) -> None:
        """Let the processor conclude what is released, and publish what the API has stored."""
        service = processor(FITKO)(self.resources, self.settings)
        (work,) = [it for it in service.periodic if it.name == "contracts.fitko.conclude"]
        await work.run()
        self.now += timedelta(seconds=10)
        await service.ledgers[0].outbox.relay(timedelta(0))

    async def post(self, step: str, token: str, body: Any = None, attempt: int = 1) -> httpx.Response:
        async with client(self.app, token) as http:
            return await http.post(f"/v1/contracts/{root(attempt)}/{step}", json=body)

    async def work_list(self) -> list[tuple[str, str, str | None]]:
        async with client(self.app, ANNA) as http:
            found = (await http.get("/v1/contracts?state=ANGEBOTEN")).json()["items"]
        return [(item["id"], item["leg"], item["awaits"]) for item in found]

    async def contract(self, key: str) -> Contract:
        found = await self.contracts.ledger.get(key)
        assert found is not None
        return found[0]

    async def all(self) -> list[Contract]:
        return [self.contracts.ledger.state_of(document) for document in await self.store.scan(CONTRACTS)]

    async def told(self) -> list[str]:
        """Return what was told: last parts of the types."""
        return [event.type.removeprefix("contracts.").removesuffix(".v1") for event in self.publisher.events]

    async def keeps_to_the_rules(self) -> None:
        assert violations(world_of(await self.all(), channels.load_terms(None, {})[FITKO])) == []


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = await World().prepared()
    yield made
    await made.store.close()


@pytest.fixture
async def careful() -> AsyncIterator[World]:
    made = await World(FOUR_EYES).prepared()
    yield made
    await made.store.close()


def root(attempt: int = 1, name: str = OFFERING) -> str:
    return bereitstellung_id("fitko", name, attempt)


def asked(
    seq: int = 1, attempt: int = 1, *, name: str = OFFERING, channel: Channel = FITKO, withdrawn: bool = False, **parts: Any
) -> Received:
    """Return the catalog's request, or that it takes it back."""
    fields: dict[str, Any] = {
        "offering_id": name,
        "offering_title": "Digitaler Einbürgerungsantrag",
        "offering_version": 3,
        "provider": NRW,
        "channel": channel,
        "attempt": attempt,
        "submitted_at": SUBMITTED,
        "submitted_by": "nils.nrw",
        "accepted_at": AT,
        "accepted_by": "anna",
    }
    provision = Provision.model_validate(fields | parts)
    message = ProvisionWithdrawn(provision=provision, withdrawn_at=AT) if withdrawn else ProvisionRequested(provision=provision)
    return Received(message, name, Cause(derived_id("event", name, str(seq)), message.TYPE, name, seq), AT)


def listed(contract: Contract, seq: int = 5) -> Received:
    """Return the catalogue's event of the offer that has its contract."""
    assert contract.concluded_at is not None
    listing = ChannelListing(channel=FITKO, bereitstellungsvertrag=contract.id, signed_at=contract.concluded_at)
    message = OfferingPublished(offering=offering(id=OFFERING, provider=NRW, channels=(listing,)))
    return Received(message, OFFERING, Cause(derived_id("event", OFFERING, str(seq)), message.TYPE, OFFERING, seq), AT)


async def test_the_contract_is_concluded_at_once_with_the_next_number_of_the_channel(world: World) -> None:
    await world.ask(asked())
    contract = await world.contract(root())
    assert (contract.leg.value, contract.state, contract.number) == (
        "BEREITSTELLUNG",
        ContractState.GESCHLOSSEN,
        "FITST/2026/0001",
    )
    signed = {it.side: (it.by, it.released_by, it.on) for it in contract.signatures}
    assert signed == {
        "grantor": ("nils.nrw", None, SUBMITTED.date()),
        "grantee": ("anna", "processor.fitko", AT.date()),
    }
    assert (contract.concluded_at, contract.valid_from, contract.agb) == (AT, AT.date(), None)
    assert await world.told() == ["chain.concluded"]
    head = json.loads(world.publisher.events[0].body)["contract"]
    assert (head["number"], head["grantor"]["id"], head["grantee"]["id"]) == ("FITST/2026/0001", "DE-NW", "fitko")
    await world.order(received(request("a")))
    assert (await world.contract(contract_id("fitko", order_id("a")))).number == "FITST/2026/0002"
    await world.keeps_to_the_rules()


async def test_a_request_for_another_channel_is_none_of_this_processors(world: World) -> None:
    await world.ask(asked(channel=GOVDIGITAL))
    assert (await world.all(), await world.told()) == ([], [])


async def test_a_repeat_forms_no_second_contract_and_a_new_request_is_told_what_became_of_it(world: World) -> None:
    await world.ask(asked(), asked())
    await world.ask(asked())
    before = await world.contract(root())
    assert await world.told() == ["chain.concluded"]
    await world.ask(asked(seq=7))  # of a catalog that was restored and has numbered on (its epoch)
    assert await world.contract(root()) == before
    assert await world.told() == ["chain.concluded"] * 2
    assert len(await world.all()) == 1


async def test_the_listing_that_names_it_changes_nothing_and_is_not_told_of_it(world: World) -> None:
    await world.ask(asked())
    before = await world.contract(root())
    await world.ask(listed(before))
    assert await world.contract(root()) == before
    assert await world.told() == ["chain.concluded"]


async def test_with_a_limit_of_the_channel_two_persons_sign_it_and_the_processor_gives_the_number(careful: World) -> None:
    await careful.ask(asked())
    assert (await careful.contract(root())).number is None
    assert await careful.work_list() == [(root(), "BEREITSTELLUNG", "SIGNATURE")]
    assert (await careful.post("sign", ANNA)).status_code == 200
    assert (await careful.post("release", ANNA)).json()["code"] == "four_eyes"
    await careful.ask(asked(seq=2))
    assert (await careful.post("release", ANTON)).status_code == 200
    await careful.conclude()
    contract = await careful.contract(root())
    assert (contract.state, contract.number) == (ContractState.GESCHLOSSEN, "FITST/2026/0001")
    signed = {it.side: (it.by, it.released_by) for it in contract.signatures}
    assert signed == {"grantor": ("nils.nrw", None), "grantee": ("anna", "anton")}
    assert await careful.told() == ["chain.offered", "chain.signed", "chain.released", "chain.concluded"]
    assert await careful.work_list() == []
    await careful.keeps_to_the_rules()


async def test_nobody_signs_it_for_a_bereitsteller_that_its_anbieter_has_not_accredited(careful: World) -> None:
    async def refused(step: str, token: str) -> None:
        answer = await careful.post(step, token)
        assert (answer.status_code, answer.json()["code"], answer.json()["channels"]) == (
            409,
            "provider_not_accredited",
            ["fitko"],
        )
        await careful.conclude()
        assert (await careful.contract(root())).number is None

    await careful.ask(asked())
    careful.accredit(GOVDIGITAL)
    await refused("sign", ANNA)
    careful.accredit(FITKO)
    assert (await careful.post("sign", ANNA)).status_code == 200
    careful.accredit()
    await refused("release", ANTON)
    careful.read.read_again([])
    await refused("release", ANTON)
    careful.accredit(FITKO)
    assert (await careful.post("release", ANTON)).status_code == 200
    await careful.conclude()
    assert (await careful.contract(root())).number == "FITST/2026/0001"


async def test_one_that_is_declined_takes_no_number_and_orders_rest_on_the_next_attempt(careful: World) -> None:
    await careful.ask(asked())
    assert (await careful.post("decline", ANNA, {"reason": "Die Anlage fehlt."})).json()["state"] == "ABGELEHNT"
    await careful.conclude()
    assert await careful.told() == ["chain.offered", "chain.refused"]
    refused = json.loads(careful.publisher.events[-1].body)
    assert (refused["code"], refused["contract"]["id"]) == ("provision_declined", root())
    assert "Die Anlage fehlt." in refused["reason"]
    await careful.ask(asked(seq=3, attempt=2))
    for step, token in (("sign", ANNA), ("release", ANTON)):
        assert (await careful.post(step, token, attempt=2)).status_code == 200
    await careful.conclude()
    assert (await careful.contract(root(2))).number == "FITST/2026/0001"
    await careful.ask(listed(await careful.contract(root(2))))
    await careful.order(received(request("a")))
    assert (await careful.contract(contract_id("fitko", order_id("a")))).parent == root(2)
    assert {it.id for it in await careful.all() if it.order_id is None} == {root(), root(2)}
    await careful.keeps_to_the_rules()


async def test_where_one_stands_a_further_attempt_is_told_of_that_one(world: World) -> None:
    await world.ask(asked())
    await world.ask(asked(seq=4, attempt=3))
    assert [it.id for it in await world.all()] == [root()]
    assert [json.loads(it.body)["contract"]["id"] for it in world.publisher.events] == [root(), root()]


async def test_what_is_taken_back_is_withdrawn_unless_it_is_concluded(world: World, careful: World) -> None:
    await careful.ask(asked(), asked(seq=2, withdrawn=True))
    withdrawn = await careful.contract(root())
    assert withdrawn.state is ContractState.ZURUECKGEZOGEN
    assert await careful.told() == ["chain.offered", "chain.refused"]
    assert (await careful.post("sign", ANNA)).status_code == 409
    await world.ask(asked(), asked(seq=2, withdrawn=True))
    assert (await world.contract(root())).state is ContractState.GESCHLOSSEN
    assert await world.told() == ["chain.concluded"] * 2


async def test_a_request_that_was_taken_back_before_it_came_forms_nothing(world: World) -> None:
    await world.ask(asked(seq=2, withdrawn=True))
    await world.ask(asked(seq=1))
    assert (await world.contract(root())).state is ContractState.ZURUECKGEZOGEN
    await world.order(received(request("a")))
    assert (await world.contract(contract_id("fitko", order_id("a")))).state is ContractState.ABGELEHNT


async def test_a_bereitsteller_that_is_the_anbieter_itself_is_refused_by_the_chain(world: World) -> None:
    await world.ask(asked(provider=Party(id="fitko", name="FITKO"), submitted_by=None))
    refused = await world.contract(root())
    assert (refused.state, refused.number) == (ContractState.ABGELEHNT, None)
    assert refused.refusal is not None
    assert refused.refusal.code == "self_contract"
    assert await world.told() == ["chain.refused"]


async def test_numbers_stay_without_gaps_whatever_comes_in_one_batch(world: World) -> None:
    names = [derived_id("offering", str(place)) for place in range(20)]
    await world.ask(*(asked(name=name) for name in names), asked(name=names[0]), asked(seq=2, attempt=2, name=names[1]))
    numbers = sorted(it.number or "" for it in await world.all())
    assert numbers == [f"FITST/2026/{number:04d}" for number in range(1, 21)]
    assert (await Registers(world.resources).read(FITKO, [2026]))[2026].last == 20


async def test_a_processor_that_dies_after_the_promise_gives_the_same_number_later(world: World) -> None:
    register = (await Registers(world.resources).read(FITKO, [2026]))[2026]
    assert await Registers(world.resources).save([register.allot([root(), "another"])])
    await world.ask(asked())
    assert (await world.contract(root())).number == "FITST/2026/0001"


async def test_a_restored_store_gives_the_contract_its_old_number_again_and_to_no_other(world: World) -> None:
    promised = await reserve_written_numbers(world.resources, {root(): (FITKO, "FITST/2026/0003")})
    assert promised == {root(): Number(2026, 3)}
    await world.order(received(request("a")))  # presupposes the contract, before the catalog asks again
    assert (await world.contract(root())).number is None
    await world.order(received(request("b")))
    await world.ask(asked(seq=9))
    assert (await world.contract(root())).number == "FITST/2026/0003"
    assert (await world.contract(root())).signatures[0].by == "nils.nrw"
    assert {it.number for it in await world.all()} == {"FITST/2026/0003", "FITST/2026/0004", "FITST/2026/0005"}
    assert await world.told() == ["contract.concluded"] * 2 + ["chain.concluded"]
    await world.keeps_to_the_rules()
