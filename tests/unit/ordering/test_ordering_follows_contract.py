"""A Vorgang ends with its contract, and never later; a notice is asked for, and the contract answers."""

from __future__ import annotations

from datetime import date

import pytest

from services.ordering.domain import notice
from services.ordering.domain.order import Order
from services.ordering.domain.requests import outstanding_request
from services.ordering.domain.transitions import RUNNING
from shared.errors import ConflictError, ForbiddenError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts_chain import ChainHead, ContractTerminated, NoticeRefused
from shared.messages.ordering import OrderEnded, OrderParty, OrderTerminated
from shared.messages.ordering_notices import NoticeRequested
from shared.messages.values import OrderState
from tests.support.builders.orders import ANBIETER, BEREITSTELLER, KUNDE, T0, contract_of, later, order_in, terminated

ENDS = date(2027, 12, 31)
WANTED = date(2027, 6, 30)


def asked_of(order: Order) -> NoticeRequested:
    """Give notice as the Kunde and return the request."""
    (request,) = notice.terminate(order, KUNDE, T0, WANTED)
    assert isinstance(request, NoticeRequested)
    return request


def refused(order: Order, notice_id: str) -> NoticeRefused:
    """Return the processor's refusal of a notice."""
    head = contract_of(order, ends_on=None)
    return NoticeRefused(contract=head, at=T0, notice_id=notice_id, by=OrderParty.KUNDE, code="notice_not_agreed", reason="Nein.")


def told(contract: ChainHead) -> ContractTerminated:
    """Return the event that a contract ends with another one."""
    return ContractTerminated(contract=contract, at=T0)


@pytest.mark.parametrize("state", sorted(RUNNING))
def test_it_ends_on_the_last_day_of_its_contract(state: OrderState) -> None:
    order = order_in(state)
    (event,) = notice.follow_contract(order, told(contract_of(order)), later(1))
    assert isinstance(event, OrderTerminated)
    assert (order.state, order.ends_on, event.ends_on, event.by.value) == (OrderState.GEKUENDIGT, ENDS, ENDS, "SYSTEM")
    assert notice.follow_contract(order, told(contract_of(order)), later(2)) == []


def test_a_last_day_that_has_passed_ends_it_too() -> None:
    order = order_in(OrderState.PRODUKTIV)
    assert notice.follow_contract(order, terminated(order, date(2026, 1, 31)), T0) != []


def test_it_ends_no_later_than_it_was_to_end_and_earlier_if_the_contract_does() -> None:
    order = order_in(OrderState.PRODUKTIV)
    notice.follow_contract(order, terminated(order, date(2027, 6, 30)), T0)
    assert notice.follow_contract(order, told(contract_of(order)), later(1)) == []
    (event,) = notice.follow_contract(order, terminated(order, date(2027, 3, 31), None), later(2))
    assert (order.state, order.ends_on) == (OrderState.GEKUENDIGT, date(2027, 3, 31))
    assert isinstance(event, OrderTerminated)
    assert (event.ends_on, len(order.steps())) == (date(2027, 3, 31), len(order_in(OrderState.PRODUKTIV).steps()) + 2)


def test_another_contract_and_an_ended_vorgang_change_nothing() -> None:
    order = order_in(OrderState.PRODUKTIV)
    assert notice.follow_contract(order, told(contract_of(order, id=derived_id("test", "other"))), later(1)) == []
    ended = order_in(OrderState.BEENDET)
    assert notice.follow_contract(ended, told(contract_of(ended)), later(1)) == []
    assert notice.follow_end(ended, contract_of(ended), later(1)) == []


def test_what_has_ended_follows_its_contract_to_an_earlier_day_and_stays_ended() -> None:
    order = order_in(OrderState.BEENDET)
    since = order.state_since
    (event,) = notice.follow_contract(order, terminated(order, date(2026, 11, 20), None), later(1))
    assert isinstance(event, OrderTerminated)
    assert (event.ends_on, event.order.state) == (date(2026, 11, 20), OrderState.BEENDET)
    assert (order.state, order.state_since, order.ends_on) == (OrderState.BEENDET, since, date(2026, 11, 20))
    assert (order.due_kind, order.waiting_party, order.steps()[-1].state) == (None, None, OrderState.BEENDET)
    assert notice.follow_contract(order, terminated(order, date(2026, 11, 20), None), later(2)) == []


@pytest.mark.parametrize("state", sorted(RUNNING))
def test_a_notice_asks_the_contract_and_moves_nothing(state: OrderState) -> None:
    order = order_in(state)
    request = asked_of(order)
    assert (request.contract_id, request.ends_on, request.by) == (order.contract_id, WANTED, OrderParty.KUNDE)
    assert (order.state, order.ends_on, request.order.state) == (state, None, state)
    assert notice.terminate(order, KUNDE, later(1), WANTED) == []
    with pytest.raises(ConflictError) as other:
        notice.terminate(order, ANBIETER, later(1), ENDS)
    with pytest.raises(ForbiddenError):
        notice.terminate(order, BEREITSTELLER, later(1), WANTED)
    assert other.value.code == "notice_pending"
    assert outstanding_request(order) == [request]


def test_the_vorgang_follows_who_gave_notice_and_the_day_that_the_contract_gives() -> None:
    order = order_in(OrderState.PRODUKTIV)
    asked_of(order)
    (event,) = notice.follow_contract(order, terminated(order, ENDS), later(1))
    assert isinstance(event, OrderTerminated)
    assert (event.by, event.ends_on, event.contract_id) == (OrderParty.KUNDE, ENDS, order.contract_id)
    last = order.steps()[-1]
    assert (last.party, last.person, last.state, last.note) == (
        OrderParty.KUNDE,
        KUNDE.person,
        OrderState.GEKUENDIGT,
        "2027-12-31",
    )
    assert notice.terminate(order, KUNDE, later(2), WANTED) == notice.terminate(order, ANBIETER, later(2), ENDS) == []
    assert not any(isinstance(it, NoticeRequested) for it in outstanding_request(order))


def test_a_person_is_named_only_for_a_notice_of_its_own_side() -> None:
    order = order_in(OrderState.PRODUKTIV)
    asked_of(order)
    notice.follow_contract(order, terminated(order, ENDS, OrderParty.ANBIETER), later(1))
    assert (order.steps()[-1].party, order.steps()[-1].person) == (OrderParty.ANBIETER, None)


def test_a_refusal_reaches_the_vorgang_once_and_another_notice_may_follow() -> None:
    order = order_in(OrderState.PRODUKTIV)
    request = asked_of(order)
    unchanged = order.model_dump()
    assert notice.record_refusal(order, refused(order, derived_id("test", "another notice"))) == []
    assert order.model_dump() == unchanged
    notice.record_refusal(order, refused(order, request.notice_id))
    found = order.notice.value
    assert found is not None
    assert found.refusal is not None
    assert (found.refusal.code, found.pending(order.state), order.state) == ("notice_not_agreed", False, OrderState.PRODUKTIV)
    (again,) = notice.terminate(order, KUNDE, later(1), WANTED)
    assert isinstance(again, NoticeRequested)
    assert again.notice_id != request.notice_id
    notice.record_refusal(order, refused(order, request.notice_id))
    assert outstanding_request(order) == [again]


@pytest.mark.parametrize("earlier", ["noticed", "running"])
def test_it_has_ended_when_the_contract_has(earlier: str) -> None:
    order = order_in(OrderState.PRODUKTIV)
    if earlier == "noticed":
        notice.follow_contract(order, terminated(order, T0.date()), T0)
    events: list[Message] = notice.follow_end(order, contract_of(order, ends_on=T0.date()), later(24))
    assert [type(event) for event in events] == ([] if earlier == "noticed" else [OrderTerminated]) + [OrderEnded]
    assert order.state is OrderState.BEENDET
    assert notice.follow_end(order, contract_of(order, ends_on=T0.date()), later(25)) == []
