"""A Vorgang republishes what it has asked for, and a repeat changes nobody."""

from __future__ import annotations

import pytest

from services.ordering.domain import award, precheck
from services.ordering.domain.order import Order
from services.ordering.domain.requests import outstanding_request
from shared.messages.eligibility import Stage, VerdictGiven
from shared.messages.ordering import CheckRequested, ContractRequested
from shared.messages.values import Channel, OrderState, Verdict
from shared.topics import CONTRACT_REQUESTS, topic_of
from tests.support.builders.orders import KUNDE, T0, declared, later, order_in, verdict


def as_request(order: Order) -> ContractRequested:
    (event,) = outstanding_request(order)
    assert isinstance(event, ContractRequested)
    return event


def test_an_order_that_waits_for_a_verdict_asks_for_the_same_check_again() -> None:
    order = declared()
    before = order.model_dump()
    (event,) = outstanding_request(order)
    assert isinstance(event, CheckRequested)
    assert (event.check, event.stage, event.order.id) == (order.check, Stage.INTERESSE, order.id)
    assert order.model_dump() == before
    placed = order_in(OrderState.ANGEBOT_ERSTELLT)
    award.place(placed, KUNDE, T0, accepts_agb=True)
    (event,) = outstanding_request(placed)
    assert isinstance(event, CheckRequested)
    assert (event.check, event.stage) == (2, Stage.BESTELLUNG)


def test_an_order_that_has_asked_for_its_contract_asks_the_same_again_and_says_since_when() -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    award.place(order, KUNDE, T0, accepts_agb=True, order_reference="B-1")
    (first,) = precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=2), later(1))
    assert isinstance(first, ContractRequested)
    again = as_request(order)
    assert again.requested_at == later(1)
    assert again.model_copy(update={"requested_at": None}) == first
    assert topic_of(again) is CONTRACT_REQUESTS[Channel.GOVDIGITAL]


def test_a_contracted_order_can_still_ask_for_a_contract_that_was_lost() -> None:
    assert as_request(order_in(OrderState.PRODUKTIV)).order.state is OrderState.PRODUKTIV


@pytest.mark.parametrize(
    "state", [OrderState.WEITERGELEITET, OrderState.IN_ABSTIMMUNG, OrderState.ABGELEHNT, OrderState.ZURUECKGEZOGEN]
)
def test_an_order_that_asks_nobody_for_anything_says_nothing(state: OrderState) -> None:
    assert outstanding_request(order_in(state)) == []


def test_a_verdict_that_only_waits_for_a_signature_is_not_asked_for_again() -> None:
    order = declared()
    precheck.record_verdict(order, verdict(Verdict.RISK), T0)
    assert outstanding_request(order) == []


def test_an_order_takes_a_restated_verdict_once() -> None:
    order = declared()
    given: VerdictGiven = verdict()
    assert precheck.record_verdict(order, given, T0)
    assert precheck.record_verdict(order, given, T0) == []
