"""What a rebuild republishes: services take it as the same fact, form nothing twice, and give lost contracts their old numbers."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from marktplatz.assembly import ServiceName
from marktplatz.recovery.errors import BackupError
from marktplatz.recovery.rebuild.epochs import epoch_of, raise_aggregates
from marktplatz.recovery.rebuild.numbers import reserve_lost_numbers
from marktplatz.recovery.rebuild.places import restore_participations, restore_places
from marktplatz.recovery.rebuild.republish import republish_pending, republish_state
from marktplatz.recovery.rebuild.reuses import restore_reuses
from marktplatz.recovery.reconcile.differences import Kind
from marktplatz.recovery.reconcile.facts import read_stores
from marktplatz.recovery.reconcile.rules_stores import between_stores
from marktplatz.recovery.reconcile.topic_facts import TopicFacts
from marktplatz.recovery.stores import ServiceStore, opened_stores
from services.catalog.domain.known import Description, KnownService
from services.catalog.repository import KNOWN_SERVICES, OFFERINGS
from services.catalog.reuse import Reuses
from services.contracts import handlers
from services.contracts.app import processor
from services.contracts.domain.contract import Contract
from services.contracts.numbering import Number, NumberFormat, Register
from services.contracts.repository import CONTRACTS, Contracts, Registers
from services.eligibility.repository import ORGANISATIONS
from services.ordering.domain.klient import Klient
from services.ordering.facts import OrderFact
from services.ordering.participations.repository import PARTICIPATIONS
from services.ordering.repository import ORDERS, Orders
from shared.bus.handling import Received
from shared.ids import contract_id
from shared.messages.catalog import KnownStatus
from shared.messages.contracts import ContractConcluded
from shared.messages.values import Channel, OfferingState, OrderState
from shared.process.service import Resources
from shared.process.settings import ProcessSettings
from shared.store.port import Query
from tests.support.builders.offerings import offering_in
from tests.support.builders.orders import declared
from tests.support.builders.organisations import registered
from tests.support.contract_requests import AT, order_id, received, request
from tests.support.counting import COUNTERS, Clock, increase, ledger_over
from tests.support.publisher import RecordingPublisher
from tests.support.stored import stored

pytestmark = pytest.mark.slow

FITKO = Channel.FITKO
DATA = Path(__file__).parents[3] / "data"
EPOCH = epoch_of(AT)


class World:
    """The stores of all services over SQLite, and the processor of FITKO on them."""

    def __init__(self, stores: dict[ServiceName, ServiceStore], publisher: RecordingPublisher) -> None:
        self.stores = stores
        self.publisher = publisher
        held = stores[ServiceName.CONTRACTS]
        earlier = Resources(held.store, publisher, DATA, lambda: AT)
        self.contracts, self.registers = Contracts(earlier), Registers(earlier)
        later = Resources(held.store, publisher, DATA, lambda: AT + timedelta(days=3))
        self.processor, *_ = processor(FITKO)(later).consumers

    async def request(self, name: str, seq: int = 1, *, requested_at: datetime | None = None) -> None:
        body = request(name).model_copy(update={"requested_at": requested_at})
        event: Received = received(body, seq=seq)
        assert await self.processor.handle([event]) == []

    async def contract(self, name: str) -> Contract:
        found = await self.contracts.ledger.get(contract_id(FITKO, order_id(name)))
        assert found is not None
        return found[0]

    async def lose(self, *names: str) -> None:
        ids = [contract_id(FITKO, order_id(name)) for name in names]
        assert await self.contracts.store.delete(CONTRACTS, ids) == len(ids)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    publisher = RecordingPublisher()
    async with opened_stores(ProcessSettings(var=tmp_path), publisher) as stores:
        yield World(dict(stores), publisher)


async def test_a_lost_contract_gets_its_number_again_and_no_other_gets_it(world: World) -> None:
    for name in ("a", "b", "c"):
        await world.request(name)
    numbers = {name: (await world.contract(name)).number for name in ("a", "b", "c")}
    await world.lose("b", "c")
    register = (await world.registers.read(FITKO, [2026]))[2026]
    old = Register(FITKO, 2026, rev=register.rev, last=1)
    assert await world.registers.save([old])

    known = TopicFacts(numbers={contract_id(FITKO, order_id(name)): (FITKO, numbers[name] or "") for name in ("a", "c")})
    promised = await reserve_lost_numbers(world.stores, await read_stores(world.stores), known)
    assert promised == {contract_id(FITKO, order_id("c")): Number(2026, 3)}
    for name in ("d", "c", "b"):
        await world.request(name, seq=5)
    assert (await world.contract("c")).number == numbers["c"]
    assert {(await world.contract(name)).sequence for name in ("a", "b", "c", "d")} == {1, 3, 4, 5}
    report = await handlers.report_register(FITKO, 2026, world.contracts, world.registers)
    assert report.gaps == (2,)


@pytest.mark.slow
async def test_an_order_that_knows_its_contract_s_number_is_enough_to_keep_it(world: World) -> None:
    await world.request("a")
    number = (await world.contract("a")).number
    await world.lose("a")
    lost = contract_id(FITKO, order_id("a"))
    facts = await read_stores(world.stores)
    facts.orders["x"] = OrderFact(order_id("a"), "V", OrderState.PRODUKTIV, FITKO, 1, True, True, lost, number)
    assert await reserve_lost_numbers(world.stores, facts, TopicFacts()) == {lost: Number(2026, 1)}
    await world.request("a", seq=9, requested_at=AT)
    assert (await world.contract("a")).number == number


async def test_a_request_that_is_repeated_late_leads_to_the_contract_of_the_first_request(world: World) -> None:
    await world.request("a", requested_at=AT - timedelta(days=300))
    assert (await world.contract("a")).concluded_at == AT - timedelta(days=300)


async def test_a_restated_contract_says_what_was_said_at_its_conclusion_under_a_new_number(world: World) -> None:
    await world.request("a")
    (first,) = [event for event in world.publisher.events if event.type == ContractConcluded.TYPE]
    assert await raise_aggregates(world.stores, EPOCH) == 2  # the contract, and the Bereitstellungsvertrag that it rests on
    facts = await read_stores(world.stores)
    order = OrderFact(order_id("a"), "V", OrderState.BESTELLT, FITKO, 1, True, True, None, None)
    facts.orders[order.id] = order
    assert await republish_pending(world.stores, facts, ()) == {"contract": 1}
    again = world.publisher.events[-1]
    assert (again.data, again.type, again.key) == (first.data, first.type, first.key)
    assert (again.seq, again.id == first.id) == (EPOCH + 1, False)


async def test_a_raised_aggregate_keeps_its_state_and_what_it_has_still_to_send(world: World) -> None:
    world.publisher.refuses = lambda _: True
    await world.request("a")
    before = await world.contract("a")
    await raise_aggregates(world.stores, EPOCH)
    document = await world.contracts.store.get(CONTRACTS, before.id)
    assert document is not None
    assert (document["seq"], document["rev"], [entry["seq"] for entry in document["outbox"]]) == (EPOCH, EPOCH, [1])
    assert await world.contract("a") == before
    with pytest.raises(BackupError, match="clock"):
        await raise_aggregates(world.stores, EPOCH)


async def test_reconciliation_reads_what_the_services_write(world: World) -> None:
    await world.request("a")
    facts = await read_stores(world.stores)
    contract = await world.contract("a")
    found = {it.kind: it.ids for it in between_stores(facts)}
    assert found.keys() == {Kind.ORDER_MISSING, Kind.REUSE_MISCOUNTED}, "ordering and catalog have heard nothing"
    order = found[Kind.ORDER_MISSING]
    assert (order["order_id"], order["contract_number"]) == (order_id("a"), contract.number)
    assert found[Kind.REUSE_MISCOUNTED]["contract_id"] == contract.id


def test_a_number_is_read_back_only_as_it_is_written() -> None:
    form = NumberFormat("FITST/{year}/{sequence:04d}")
    assert form.read(form.write(Number(2026, 7))) == Number(2026, 7)
    assert form.read(form.write(Number(2026, 12345))) == Number(2026, 12345)
    for text in (
        "FITST/2026/7",
        "FITST/2026/0000",
        "GD/2026/0007",
        "FITST/2026/0007 ",
        "FITST/2026/00007",
        "xFITST/2026/0007",
        "",
    ):
        assert form.read(text) is None


def test_a_reserved_number_leaves_the_free_ones_and_yields_to_a_promise() -> None:
    register = Register(FITKO, 2026, rev=3, last=5, allotted={"held": 4}, free=(2, 3))
    after = register.reserve({"held": 9, "again": 3, "late": 8, "taken": 4})
    assert after.allotted == {"held": 4, "again": 3, "late": 8}
    assert (after.free, after.last) == ((2,), 8)
    assert Register(FITKO, 2026).reserve({}) == Register(FITKO, 2026)


async def test_new_aggregates_of_a_restored_store_count_from_above_the_floor(world: World) -> None:
    store = world.stores[ServiceName.CONTRACTS].store
    await store.prepare([COUNTERS])
    publisher = RecordingPublisher()
    ledger = ledger_over(store, publisher, Clock())
    await ledger.apply_one(increase("before", "me"))
    ledger.sequence_base = EPOCH
    await ledger.apply_one(increase("after", "me", times=2))
    await ledger.apply_one(increase("before", "me"))
    assert [(event.key, event.seq) for event in publisher.events] == [
        ("before", 1),
        ("after", EPOCH + 1),
        ("after", EPOCH + 2),
        ("before", 2),
    ]


async def test_a_vorgang_that_a_backup_holds_without_its_place_is_named_and_gets_the_place_back(world: World) -> None:
    order = declared()
    order.id = str(uuid.uuid4())
    ordering = world.stores[ServiceName.ORDERING]
    await ordering.store.insert_many(ORDERS, [await stored(ORDERS, order)])
    facts = await read_stores(world.stores)
    assert [it.ids["order_id"] for it in between_stores(facts) if it.kind is Kind.ORDER_WITHOUT_PLACE] == [order.id]
    assert await restore_places(world.stores, facts) == [order.id]
    facts = await read_stores(world.stores)
    assert Kind.ORDER_WITHOUT_PLACE not in {it.kind for it in between_stores(facts)}
    assert await restore_places(world.stores, facts) == []
    (place,) = await Orders(ordering.resources).places(order.customer_id, order.offering_id, order.channel)
    assert place.order_id == order.id


async def test_a_klient_that_a_backup_holds_without_its_participation_finds_its_vorgang_again(world: World) -> None:
    order = declared()
    order.klienten.value = [Klient(id="010540056056", name="Husum, Stadt", named_at=order.declared_at)]
    ordering = world.stores[ServiceName.ORDERING]
    await ordering.store.insert_many(ORDERS, [await stored(ORDERS, order)])
    facts = await read_stores(world.stores)
    (lacking,) = [it.ids for it in between_stores(facts) if it.kind is Kind.KLIENT_WITHOUT_PARTICIPATION]
    assert (lacking["order_id"], lacking["klient"]) == (order.id, "010540056056")
    assert await restore_participations(world.stores, facts) == [f"{order.id} 010540056056"]
    (document,) = await ordering.store.find(PARTICIPATIONS, Query("klient", {"klient_id": "010540056056"}, limit=2))
    assert (document["order_id"], document["named_at"]) == (order.id, order.declared_at)
    facts = await read_stores(world.stores)
    assert Kind.KLIENT_WITHOUT_PARTICIPATION not in {it.kind for it in between_stores(facts)}


async def test_the_catalog_counts_again_who_reuses_an_offer(world: World) -> None:
    await world.request("a")
    contract = await world.contract("a")
    reuses = Reuses(world.stores[ServiceName.CATALOG].resources)
    assert await reuses.of(contract.offering_id) is None
    assert await restore_reuses(world.stores, await read_stores(world.stores)) == [contract.id]
    facts = await read_stores(world.stores)
    found = await reuses.of(contract.offering_id)
    assert found is not None
    assert (found.bodies, await restore_reuses(world.stores, facts)) == (1, [])

    reuse = facts.contracts[contract.id].reuse
    assert reuse is not None
    facts.contracts[contract.id] = replace(facts.contracts[contract.id], reuse=replace(reuse, runs=False))
    assert await restore_reuses(world.stores, facts) == [contract.id]
    assert await reuses.of(contract.offering_id) is None
    assert await restore_reuses(world.stores, await read_stores(world.stores)) == []


async def test_only_states_that_a_compacted_topic_must_hold_are_republished_as_such(world: World) -> None:
    offers = [offering_in(state) for state in (OfferingState.VEROEFFENTLICHT, OfferingState.ENTWURF)]
    documents = [{**await stored(OFFERINGS, offer), "_id": str(uuid.UUID(int=place))} for place, offer in enumerate(offers)]
    await world.stores[ServiceName.CATALOG].store.insert_many(OFFERINGS, documents)
    await world.stores[ServiceName.ELIGIBILITY].store.insert_many(ORGANISATIONS, [await stored(ORGANISATIONS, registered())])
    await world.request("a")
    world.publisher.events.clear()
    assert await republish_state(world.stores) == {"offering": 1, "organisation": 1}
    assert sorted((event.key, event.topic) for event in world.publisher.events) == [
        (str(uuid.UUID(int=0)), "catalog.offering.v1"),
        (str(uuid.UUID(int=0)), "catalog.provision.v1"),
        (registered().id, "eligibility.organisation.v1"),
        (registered().id, "eligibility.rights.v1"),
    ]


async def test_what_was_removed_is_republished_by_its_tombstone_only(world: World) -> None:
    offer = offering_in(OfferingState.ZURUECKGEZOGEN)
    offer.remove(AT)
    description = Description(title="Digitale Baugenehmigung", status=KnownStatus.IN_REUSE, source="https://example.org")
    listed, _ = KnownService.appear("E001", description, AT)
    ended, _ = KnownService.appear("E002", description, AT)
    ended.follow(None, AT)
    catalog = world.stores[ServiceName.CATALOG].store
    await catalog.insert_many(OFFERINGS, [await stored(OFFERINGS, offer)])
    await catalog.insert_many(KNOWN_SERVICES, [await stored(KNOWN_SERVICES, it) for it in (listed, ended)])
    assert await republish_state(world.stores) == {"offering": 1, "known service": 2}
    assert {(event.key, event.type, event.data is None) for event in world.publisher.events} == {
        (offer.id, "catalog.offering.removed.v1", True),
        (offer.id, "catalog.provision.requested.v1", False),  # its contract goes on, and contracts may have lost it
        ("E001", "catalog.known-service.restated.v1", False),
        ("E002", "catalog.known-service.removed.v1", True),
    }
    facts = await read_stores(world.stores)
    held = {key: (it.retained, it.removed) for (_, key), it in facts.sequences.items()}
    assert held == {offer.id: (False, True), "E001": (True, False), "E002": (False, True)}
    assert facts.offerings[offer.id].removed
