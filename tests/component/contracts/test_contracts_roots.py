"""Contracts in their chain: each listed offer has its Bereitstellungsvertrag, and what rests on it keeps to the rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from services.contracts import channels
from services.contracts.app import processor
from services.contracts.chain.violations import violations
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import ContractState
from services.contracts.narrowing import ContractFilter, Viewer
from services.contracts.neighbourhood import world_of
from services.contracts.offers.follow import OFFERS
from services.contracts.repository import CONTRACTS, REGISTERS, Contracts
from shared.aggregate.change import Cause, Change
from shared.bus.handling import Received
from shared.ids import bereitstellung_id, contract_id, derived_id
from shared.messages.catalog import ChannelListing, OfferingChanged, OfferingPublished
from shared.messages.values import Channel, Party
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.builders.orders import offering
from tests.support.contract_requests import AT, NRW, order_id, received, request
from tests.support.publisher import RecordingPublisher

FITKO, GOVDIGITAL = Channel.FITKO, Channel.GOVDIGITAL
OFFERING = request().order.offering_id
ROOT = bereitstellung_id("fitko", OFFERING)
SIGNED = AT - timedelta(days=30)


class World:
    """A store and the processors over it."""

    def __init__(self) -> None:
        self.publisher = RecordingPublisher()
        self.resources = Resources(SqliteStore(None), self.publisher, Path(), clock=lambda: AT)
        self.contracts = Contracts(self.resources)

    async def order(self, *events: Received) -> None:
        consumer, *_ = processor(FITKO)(self.resources).consumers
        assert list(await consumer.handle(events)) == []

    async def follow(self, *events: Received, channel: Channel = FITKO) -> None:
        _, consumer, *_ = processor(channel)(self.resources).consumers
        assert list(await consumer.handle(events)) == []

    async def contract(self, key: str) -> Contract:
        found = await self.contracts.ledger.get(key)
        assert found is not None
        return found[0]

    async def all(self) -> list[Contract]:
        return [self.contracts.ledger.state_of(document) for document in await self.resources.store.scan(CONTRACTS)]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.resources.store.prepare([CONTRACTS, REGISTERS, OFFERS])
    yield made
    await made.resources.store.close()


def listed(*channels_: Channel, seq: int = 1, signed_at: datetime = SIGNED, changed: bool = False) -> Received:
    """Return the catalogue's event of the offer, listed with channels."""
    listings = tuple(
        ChannelListing(channel=channel, bereitstellungsvertrag=f"BV-{channel.value}", signed_at=signed_at)
        for channel in channels_
    )
    message = (OfferingChanged if changed else OfferingPublished)(offering=offering(id=OFFERING, provider=NRW, channels=listings))
    return Received(message, OFFERING, Cause(derived_id("event", OFFERING, str(seq)), message.TYPE, OFFERING, seq), AT)


async def test_a_listed_offer_has_its_bereitstellungsvertrag_with_the_number_and_day_of_the_listing(world: World) -> None:
    await world.follow(listed(FITKO, GOVDIGITAL))
    (root,) = await world.all()
    assert (root.id, root.leg.value, root.state, root.number) == (ROOT, "BEREITSTELLUNG", ContractState.GESCHLOSSEN, "BV-fitko")
    assert (root.grantor, root.customer.id, root.provider) == (NRW, "fitko", NRW)
    assert (root.valid_from, root.services) == (SIGNED.date(), (OFFERING,))
    assert world.publisher.types() == ["contracts.chain.concluded.v1"], "the catalogue learns the contract's id"


async def test_repeats_and_changes_of_an_offer_leave_its_bereitstellungsvertrag_as_it_is(world: World) -> None:
    await world.follow(listed(FITKO))
    before = await world.contract(ROOT)
    later = SIGNED + timedelta(days=3)
    await world.follow(listed(FITKO), listed(FITKO, seq=2, changed=True, signed_at=later))
    assert await world.contract(ROOT) == before


async def test_an_offer_that_no_channel_of_the_processor_lists_has_none(world: World) -> None:
    await world.follow(listed(GOVDIGITAL))
    assert await world.all() == []
    await world.follow(listed(GOVDIGITAL), channel=GOVDIGITAL)
    (root,) = await world.all()
    assert root.channel is GOVDIGITAL


async def test_contracts_from_orders_rest_on_it_and_the_store_breaks_no_rule(world: World) -> None:
    await world.follow(listed(FITKO))
    await world.order(received(request("a")), received(request("b", customer=Party(id="DE-BY", name="Freistaat Bayern"))))
    found = await world.all()
    assert [contract.parent for contract in found if contract.order_id] == [ROOT, ROOT]
    assert violations(world_of(found, channels.load_terms(None, {})[FITKO])) == []


async def test_an_order_that_overtakes_the_listing_presupposes_it_and_the_listing_completes_it(world: World) -> None:
    late, early = AT + timedelta(days=2), AT
    await world.order(received(request("a", ordered_at=late), time=late))
    assert ((await world.contract(ROOT)).number, (await world.contract(ROOT)).valid_from) == (None, date(2026, 11, 26))
    await world.order(received(request("b"), time=early))
    assert (await world.contract(ROOT)).valid_from == date(2026, 11, 24)
    await world.follow(listed(FITKO))
    root = await world.contract(ROOT)
    assert (root.number, root.concluded_at, root.valid_from) == ("BV-fitko", SIGNED, SIGNED.date())
    found = await world.all()
    assert {contract.state for contract in found} == {ContractState.GESCHLOSSEN}
    assert violations(world_of(found, channels.load_terms(None, {})[FITKO])) == []


async def test_a_kommune_that_fitko_does_not_sell_to_is_refused_and_takes_no_number(world: World) -> None:
    await world.follow(listed(FITKO))
    await world.order(received(request("a", customer=Party(id="010540056056", name="Husum, Stadt"))), received(request("b")))
    refused = await world.contract(contract_id("fitko", order_id("a")))
    assert refused.state is ContractState.ABGELEHNT
    assert refused.refusal is not None
    assert refused.refusal.code == "customer_not_allowed"
    assert (await world.contract(contract_id("fitko", order_id("b")))).number == "FITST/2026/0001"


@pytest.mark.parametrize(
    ("last", "valid_to", "refused"),
    [(date(2027, 12, 31), date(2027, 12, 31), None), (date(2026, 11, 23), None, "outlives_parent")],
)
async def test_what_is_ordered_after_notice_ends_with_the_bereitstellungsvertrag_and_nothing_is_concluded_after_it(
    world: World, last: date, valid_to: date | None, refused: str | None
) -> None:
    await world.follow(listed(FITKO))

    def end(root: Contract | None) -> tuple[Contract, list[OfferingPublished]]:
        assert root is not None
        root.state, root.ends_on = ContractState.GEKUENDIGT, last
        return root, []

    await world.contracts.ledger.apply([Change(ROOT, end, Cause("e", "test", "test", 1))])
    await world.order(received(request("a")))
    contract = await world.contract(contract_id("fitko", order_id("a")))
    assert (contract.valid_to, contract.refusal and contract.refusal.code) == (valid_to, refused)
    assert (contract.number is None) is (refused is not None)
    assert violations(world_of(await world.all(), channels.load_terms(None, {})[FITKO])) == []


async def test_lists_hold_the_bereitstellungsvertrag_too_and_none_but_its_parties_find_it(world: World) -> None:
    await world.follow(listed(FITKO))
    await world.order(received(request("a")))
    for viewer in (Viewer("fitko", FITKO), Viewer("DE-NW")):
        found = (await world.contracts.page(viewer, None, 10, ContractFilter())).items
        assert {contract.id for contract in found} == {ROOT, contract_id("fitko", order_id("a"))}
        assert await world.contracts.find(viewer, ROOT) is not None
    assert await world.contracts.find(Viewer("DE-SN"), ROOT) is None
    assert ROOT not in {it.id for it in (await world.contracts.page(Viewer("DE-SN"), None, 10, ContractFilter())).items}
