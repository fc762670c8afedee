"""Facts about stored Vorgänge: what reconciliation compares is what the domain has decided."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from services.ordering.domain import award, precheck
from services.ordering.domain.contract_refusals import reopen
from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Order
from services.ordering.domain.requests import outstanding_request
from services.ordering.facts import FACTS, ListedOfferingFact, OrderFact, PlaceFact
from services.ordering.repository import LISTED_OFFERINGS, ORDERS, Orders
from shared.aggregate.base import Aggregate
from shared.messages.eligibility import Stage
from shared.messages.ordering import CheckRequested, ContractRequested
from shared.messages.values import Channel, OrderState, Verdict
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.builders.orders import KUNDE, T0, declared, later, offering, order_in, refused, verdict
from tests.support.publisher import RecordingPublisher
from tests.support.stored import stored

DATA = Path(__file__).parents[3] / "data"
CONTRACTED = {
    OrderState.VERTRAG_GESCHLOSSEN,
    OrderState.IN_ANBINDUNG,
    OrderState.PRODUKTIV,
    OrderState.GEKUENDIGT,
    OrderState.BEENDET,
}


async def fact_of(order: Order) -> OrderFact:
    fact = FACTS[ORDERS](await stored(ORDERS, order))
    assert isinstance(fact, OrderFact)
    return fact


@pytest.mark.parametrize("state", OrderState)
async def test_the_fact_of_a_vorgang_is_its_state_in_every_state(state: OrderState) -> None:
    order = order_in(state)
    fact = await fact_of(order)
    assert (fact.id, fact.number, fact.state, fact.channel) == (order.id, order.number, state, Channel.GOVDIGITAL)
    assert fact.check == order.check
    assert fact.answered is (order.verdict_at is not None)
    assert fact.requested is (order.contract_requested_at is not None)
    assert (fact.contract_id, fact.contract_number) == (order.contract_id, order.contract_number)
    assert fact.contracted is (state in CONTRACTED)
    assert (fact.contract_number is not None) is fact.contracted
    assert fact.asked_contract == order.asked_contract


async def test_an_order_that_was_refused_asks_for_a_contract_of_its_own() -> None:
    order = order_in(OrderState.BESTELLT)
    reopen(order, refused(code="agb_changed"), later(1), timedelta(days=30))
    fact = await fact_of(order)
    assert (fact.attempt, fact.asked_contract, fact.awaits_contract) == (2, order.asked_contract, False)


@pytest.mark.parametrize("state", OrderState)
async def test_a_fact_awaits_a_verdict_or_a_contract_exactly_when_the_vorgang_asks_for_it_again(state: OrderState) -> None:
    order = order_in(state)
    fact, asked = await fact_of(order), outstanding_request(order)
    assert fact.awaits_verdict is any(isinstance(event, CheckRequested) for event in asked)
    assert fact.awaits_contract is (any(isinstance(event, ContractRequested) for event in asked) and not fact.contracted)


async def test_an_order_awaits_its_verdict_first_and_its_contract_then() -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    award.place(order, KUNDE, T0, accepts_agb=True)
    fact = await fact_of(order)
    assert (fact.check, fact.awaits_verdict, fact.takes_verdict, fact.awaits_contract) == (2, True, True, False)
    precheck.record_verdict(order, verdict(Verdict.RISK, stage=Stage.BESTELLUNG, check=2), later(1))
    fact = await fact_of(order)
    assert (fact.awaits_verdict, fact.takes_verdict, fact.signed, fact.awaits_contract) == (False, True, False, False)
    signed = verdict(Verdict.RISK, stage=Stage.BESTELLUNG, check=2, signed_off_by="anna.anbieter")
    precheck.record_verdict(order, signed, later(2))
    fact = await fact_of(order)
    assert (fact.takes_verdict, fact.signed, fact.awaits_contract) == (False, True, True)


async def test_a_vorgang_with_a_random_id_needs_a_place_and_one_whose_id_is_a_place_does_not() -> None:
    order = declared()
    assert not (await fact_of(order)).needs_place
    order.id = str(uuid.uuid4())
    assert (await fact_of(order)).needs_place


async def test_a_reserved_place_names_the_vorgang_that_it_is_for() -> None:
    store = SqliteStore(None)
    await store.prepare([ORDERS])
    orders = Orders(Resources(store, RecordingPublisher(), DATA))
    place = await orders.reserve("010510044044", "offer-1", Channel.FITKO, 1)
    (document,) = await store.scan(ORDERS)
    assert FACTS[ORDERS](document) == PlaceFact(place.order_id)
    await store.close()


async def test_a_vorgang_that_lost_its_place_gets_the_first_free_one_and_a_repeat_finds_it() -> None:
    store = SqliteStore(None)
    order = declared()
    order.id = str(uuid.uuid4())
    await store.prepare([ORDERS])
    await store.insert_many(ORDERS, [await stored(ORDERS, order)])
    orders = Orders(Resources(store, RecordingPublisher(), DATA))
    earlier = await orders.reserve(order.customer_id, order.offering_id, order.channel, 1)
    assert await orders.restore_place(order.id)
    assert await orders.restore_place(order.id)
    places = await orders.places(order.customer_id, order.offering_id, order.channel)
    assert [place.order_id for place in places] == [earlier.order_id, order.id]
    assert places[1].order is not None
    assert not await orders.restore_place(str(uuid.uuid4()))
    await store.close()


async def test_the_fact_of_a_listed_offer_is_what_the_catalogue_has_published() -> None:
    listed: Aggregate = ListedOffering.of(offering())
    fact = FACTS[LISTED_OFFERINGS](await stored(LISTED_OFFERINGS, listed))
    assert fact == ListedOfferingFact(offering().id, offering().title, offering().version, offering().state)
