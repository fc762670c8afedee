"""A Vorgang ends with its contract, and never later."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.ordering.domain import delivery
from services.ordering.domain.order import Order
from shared.ids import derived_id
from shared.messages.contracts import Leg
from shared.messages.contracts_chain import ChainHead, ChainState
from shared.messages.ordering import OrderTerminated
from shared.messages.values import Channel, OrderState, Party
from tests.support.builders.orders import CUSTOMER, KUNDE, OFFERING_ID, T0, later, order_in

ENDS = date(2027, 12, 31)


def contract_of(order: Order, **changes: Any) -> ChainHead:
    """Return the head of the contract of a Vorgang, of which notice was given."""
    fields: dict[str, Any] = {
        "id": order.contract_id,
        "number": order.contract_number,
        "leg": Leg.NACHNUTZUNG,
        "channel": Channel.GOVDIGITAL,
        "offering_id": OFFERING_ID,
        "offering_title": order.offering_title,
        "order_id": order.id,
        "grantor": Party(id="govdigital", name="govdigital eG"),
        "grantee": CUSTOMER,
        "state": ChainState.GEKUENDIGT,
        "valid_from": T0.date(),
        "ends_on": ENDS,
    }
    return ChainHead(**(fields | changes))


@pytest.mark.parametrize("state", [OrderState.VERTRAG_GESCHLOSSEN, OrderState.IN_ANBINDUNG, OrderState.PRODUKTIV])
def test_it_ends_on_the_last_day_of_its_contract(state: OrderState) -> None:
    order = order_in(state)
    (event,) = delivery.follow_contract(order, contract_of(order), later(1))
    assert isinstance(event, OrderTerminated)
    assert (order.state, order.ends_on, event.ends_on, event.by.value) == (OrderState.GEKUENDIGT, ENDS, ENDS, "SYSTEM")
    assert delivery.follow_contract(order, contract_of(order), later(2)) == []


def test_a_last_day_that_has_passed_ends_it_too() -> None:
    order = order_in(OrderState.PRODUKTIV)
    assert delivery.follow_contract(order, contract_of(order, ends_on=date(2026, 1, 31)), T0) != []


def test_its_own_notice_holds_unless_the_contract_ends_before() -> None:
    order = order_in(OrderState.PRODUKTIV)
    delivery.terminate(order, KUNDE, T0, date(2027, 6, 30))
    assert delivery.follow_contract(order, contract_of(order), later(1)) == []
    (event,) = delivery.follow_contract(order, contract_of(order, ends_on=date(2027, 3, 31)), later(2))
    assert (order.state, order.ends_on) == (OrderState.GEKUENDIGT, date(2027, 3, 31))
    assert isinstance(event, OrderTerminated)


def test_the_contract_of_another_vorgang_changes_nothing() -> None:
    order = order_in(OrderState.PRODUKTIV)
    assert delivery.follow_contract(order, contract_of(order, id=derived_id("other")), T0) == []
    assert order.state is OrderState.PRODUKTIV
