"""A contract that follows takes the Vorgang on and a notice back, in whatever order the events come; after a gap it does not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.ordering.domain import award, notice
from services.ordering.domain.continuing import follow_succession
from services.ordering.domain.order import MOST_STEPS, Order
from services.ordering.domain.parts import Step
from services.ordering.domain.requests import outstanding_request
from services.ordering.domain.transitions import RUNNING, Command
from services.ordering.views import view_of
from shared.calendar import end_of
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts_chain import ChainState, ContractTerminated
from shared.messages.contracts_changes import ContractSucceeded
from shared.messages.ordering import OrderContinued, OrderContracted, OrderEnded, OrderParty, OrderTerminated
from shared.messages.ordering_notices import NoticeRequested
from shared.messages.values import OrderState
from tests.support.builders.orders import ANBIETER, KUNDE, T0, concluded, contract_of, later, order_in, succeeded, terminated

LAST = date(2027, 12, 31)
FIRST = date(2028, 1, 1)
IDLE = timedelta(days=180)


def noticed(state: OrderState = OrderState.PRODUKTIV) -> Order:
    """Return a Vorgang in that state of whose contract the Kunde has given notice."""
    order = order_in(state)
    notice.terminate(order, KUNDE, T0, LAST)
    notice.follow_contract(order, terminated(order, LAST), later(1))
    assert (order.state, order.ends_on) == (OrderState.GEKUENDIGT, LAST)
    return order


@pytest.mark.parametrize("state", sorted(RUNNING))
def test_a_notice_is_taken_back_and_the_vorgang_stands_as_before_it(state: OrderState) -> None:
    order, as_it_was = noticed(state), order_in(state)
    former = order.contract_id
    told = succeeded(order)
    (event,) = follow_succession(order, told, later(2))
    assert isinstance(event, OrderContinued)
    assert (event.contract_id, event.contract_number) == (told.contract.id, "GD/2028/0001")
    assert (event.former_contract_id, event.valid_from, event.before) == (former, FIRST, LAST)
    assert (order.state, event.order.state, order.state_since) == (state, state, later(2))
    assert (order.contract_id, order.contract_number) == (told.contract.id, "GD/2028/0001")
    assert (order.ends_on, order.notice.value, order.following_contract.value) == (None, None, None)
    assert (order.due_kind, order.due_at) == (None, None)
    assert order.milestones == as_it_was.milestones
    assert (order.waiting_party, order.waiting_what) == (as_it_was.waiting_party, as_it_was.waiting_what)
    line = order.steps()[-1]
    assert (line.command, line.party, line.state, line.note) == (Command.CONTINUE, OrderParty.SYSTEM, state, "GD/2028/0001")
    view = view_of(order, OrderParty.KUNDE, later(3), IDLE)
    assert view.contract is not None
    assert view.contract.number == "GD/2028/0001"
    assert [(it.id, it.number) for it in view.former_contracts] == [(former, "GD/2026/0001")]
    assert Command.CONTINUE not in view.allowed_moves


@pytest.mark.parametrize("former_ends_on", [LAST, None])
@pytest.mark.parametrize("state", sorted(RUNNING))
def test_an_agreed_term_that_runs_out_is_followed_too(state: OrderState, former_ends_on: date | None) -> None:
    order = order_in(state)
    since = order.state_since
    told = succeeded(order, former_ends_on=former_ends_on)
    (event,) = follow_succession(order, told, later(2))
    assert isinstance(event, OrderContinued)
    assert event.before is None
    assert (order.state, order.state_since, order.contract_id) == (state, since, told.contract.id)


def test_a_contract_that_begins_before_the_last_day_of_the_notice_takes_it_back() -> None:
    order = noticed()
    assert follow_succession(order, succeeded(order, date(2027, 10, 1)), later(2))
    assert order.state is OrderState.PRODUKTIV


def test_after_a_gap_it_ends_with_its_contract_and_names_what_follows() -> None:
    order = noticed()
    former = order.contract_id
    told = succeeded(order, FIRST + timedelta(days=1))
    assert follow_succession(order, told, later(2)) == []
    assert (order.state, order.contract_id, order.ends_on) == (OrderState.GEKUENDIGT, former, LAST)
    view = view_of(order, OrderParty.KUNDE, later(3), IDLE)
    assert view.following_contract is not None
    assert (view.following_contract.id, view.following_contract.valid_from) == (told.contract.id, date(2028, 1, 2))
    assert view.former_contracts == ()
    at_the_end = later(24 * 500)
    assert [type(it) for it in notice.follow_end(order, contract_of(order), at_the_end)] == [OrderEnded]
    assert order.state is OrderState.BEENDET


def test_the_gap_after_an_agreed_term_is_known_before_that_has_run_out() -> None:
    order = order_in(OrderState.PRODUKTIV)
    told = succeeded(order, date(2028, 3, 1), former_ends_on=LAST)
    assert follow_succession(order, told, later(2)) == []
    assert order.state is OrderState.PRODUKTIV
    ended = notice.follow_end(order, contract_of(order, ends_on=LAST), later(24 * 500))
    assert [type(it) for it in ended] == [OrderTerminated, OrderEnded]
    following = order.following_contract.value
    assert following is not None
    assert following.id == told.contract.id


def test_what_has_ended_stays_so_and_names_what_follows() -> None:
    order = order_in(OrderState.BEENDET)
    former, steps = order.contract_id, len(order.steps())
    told = succeeded(order, date(2026, 11, 25))
    assert follow_succession(order, told, later(24)) == []
    assert (order.state, order.contract_id, len(order.steps())) == (OrderState.BEENDET, former, steps)
    following = order.following_contract.value
    assert following is not None
    assert following.number == "GD/2028/0001"


@pytest.mark.parametrize("state", [OrderState.VERTRAG_GESCHLOSSEN, OrderState.PRODUKTIV])
def test_nothing_that_the_former_contract_tells_late_moves_a_vorgang_that_goes_on(state: OrderState) -> None:
    order = noticed(state)
    head = contract_of(order)
    follow_succession(order, succeeded(order), later(2))
    before = order.model_dump()
    assert award.record_contract(order, concluded(), later(3)) == []
    assert notice.follow_contract(order, ContractTerminated(contract=head, at=T0), later(3)) == []
    assert notice.follow_end(order, head, later(24 * 500)) == []
    assert order.model_dump() == before


@pytest.mark.parametrize("state", [OrderState.PRODUKTIV, OrderState.GEKUENDIGT, OrderState.BEENDET])
@pytest.mark.parametrize("first", [FIRST, date(2028, 6, 1)])
def test_a_repeat_changes_nothing(state: OrderState, first: date) -> None:
    order = noticed() if state is OrderState.GEKUENDIGT else order_in(state)
    told = succeeded(order, first, former_ends_on=LAST)
    follow_succession(order, told, later(2))
    once = order.model_dump()
    assert follow_succession(order, told, later(3)) == []
    assert order.model_dump() == once


@pytest.mark.parametrize("state", sorted(OrderState))
def test_what_follows_another_contract_moves_nothing_and_waits_for_that_one(state: OrderState) -> None:
    order = order_in(state)
    before = order.model_dump()
    told = succeeded(order, continues=derived_id("test", "another contract"))
    for hour in (2, 3):
        assert follow_succession(order, told, later(hour)) == []
    waits = state in {*RUNNING, OrderState.BESTELLT, OrderState.GEKUENDIGT}
    assert [it.id for it in order.early_contracts.value] == ([told.contract.id] if waits else [])
    assert order.model_dump(exclude={"early_contracts"}) == {it: before[it] for it in before if it != "early_contracts"}


def line_of_three(order: Order) -> tuple[ContractSucceeded, ContractSucceeded]:
    """Return what is told of the contract that follows that of a Vorgang, and of the one after it."""
    second = succeeded(order, former_ends_on=LAST)
    after = date(2030, 1, 1)
    return second, succeeded(order, after, "GD/2030/0001", continues=second.contract.id, former_ends_on=date(2029, 12, 31))


@pytest.mark.parametrize("state", [OrderState.PRODUKTIV, OrderState.GEKUENDIGT])
def test_two_that_follow_lead_to_the_same_in_whichever_order_they_are_read(state: OrderState) -> None:
    found = []
    for places in ((0, 1), (1, 0)):
        order = noticed() if state is OrderState.GEKUENDIGT else order_in(state)
        told = line_of_three(order)
        events = [event for place in places for event in follow_succession(order, told[place], later(2))]
        assert [type(event) for event in events] == [OrderContinued, OrderContinued]
        for repeat in told:
            assert follow_succession(order, repeat, later(3)) == []
        found.append(order.model_dump())
    assert found[0] == found[1]
    assert (order.contract_number, order.state) == ("GD/2030/0001", OrderState.PRODUKTIV)
    assert [it.number for it in order.former_contracts.value] == ["GD/2026/0001", "GD/2028/0001"]


@pytest.mark.parametrize("ended", [False, True])
def test_the_end_of_one_that_is_read_early_counts_once_the_vorgang_has_it(ended: bool) -> None:  # noqa: FBT001 - parameter of the test
    order = order_in(OrderState.PRODUKTIV)
    second, third = line_of_three(order)
    follow_succession(order, third, later(2))
    head = third.contract.model_copy(update={"state": ChainState.GEKUENDIGT, "ends_on": date(2030, 6, 30)})
    assert notice.follow_contract(order, ContractTerminated(contract=head, at=T0, by=OrderParty.KUNDE), later(3)) == []
    assert not ended or notice.follow_end(order, head, later(4)) == []
    assert order.state is OrderState.PRODUKTIV
    over = end_of(date(2030, 6, 30)) if ended else later(5)
    events = follow_succession(order, second, over)
    assert [type(event) for event in events] == [
        OrderContinued,
        OrderContinued,
        OrderTerminated,
        *([OrderEnded] if ended else []),
    ]
    assert (order.ends_on, order.state) == (date(2030, 6, 30), OrderState.BEENDET if ended else OrderState.GEKUENDIGT)
    assert order.early_contracts.value == []


def test_what_follows_is_read_before_the_contract_itself() -> None:
    order = order_in(OrderState.BESTELLT)
    told = succeeded(order, continues=order.asked_contract)
    assert follow_succession(order, told, later(1)) == []
    contracted, continued = award.record_contract(order, concluded(), later(2))
    assert isinstance(contracted, OrderContracted)
    assert isinstance(continued, OrderContinued)
    assert (order.contract_id, order.state) == (told.contract.id, OrderState.VERTRAG_GESCHLOSSEN)
    assert award.record_contract(order, concluded(), later(3)) == []


def test_notice_of_the_contract_that_follows_is_asked_of_it_and_ends_the_vorgang_again() -> None:
    order = noticed()
    former = order.contract_id
    follow_succession(order, succeeded(order), later(2))
    (request,) = notice.terminate(order, ANBIETER, later(3), date(2028, 6, 30))
    assert isinstance(request, NoticeRequested)
    assert request.contract_id == order.contract_id != former
    assert outstanding_request(order) == [request]
    (event,) = notice.follow_contract(order, terminated(order, date(2028, 6, 30)), later(4))
    assert isinstance(event, OrderTerminated)
    assert (order.state, order.ends_on) == (OrderState.GEKUENDIGT, date(2028, 6, 30))
    assert follow_succession(order, succeeded(order, date(2028, 7, 1), "GD/2028/0007"), later(5))
    assert (order.state, order.contract_number) == (OrderState.PRODUKTIV, "GD/2028/0007")
    assert [it.number for it in order.former_contracts.value] == ["GD/2026/0001", "GD/2028/0001"]


def test_a_contract_that_ends_before_it_begins_leaves_the_last_day_of_the_one_before() -> None:
    order = noticed()
    told = succeeded(order)
    follow_succession(order, told, later(2))
    head = contract_of(order, valid_from=FIRST, ends_on=date(2027, 6, 30))
    notice.follow_contract(order, ContractTerminated(contract=head, at=T0), later(3))
    assert (order.state, order.ends_on) == (OrderState.GEKUENDIGT, LAST)
    assert notice.follow_end(order, head, later(24 * 300)) == []
    assert order.state is OrderState.GEKUENDIGT


@pytest.mark.parametrize("former_first", [True, False])
@pytest.mark.parametrize("told_by_end", [True, False])
def test_where_what_follows_never_begins_the_use_ends_with_the_contract_before(former_first: bool, told_by_end: bool) -> None:  # noqa: FBT001 - parameters of the test
    order, early = noticed(), date(2027, 6, 30)
    former = contract_of(order, ends_on=early)
    follow_succession(order, succeeded(order), later(2))
    following = contract_of(order, valid_from=FIRST, ends_on=LAST)
    events: list[Message] = []
    for hour, head in enumerate((former, following) if former_first else (following, former), 3):
        if told_by_end and head is former:
            events += notice.follow_end(order, head, later(hour))
        else:
            events += notice.follow_contract(order, ContractTerminated(contract=head, at=T0), later(hour))
    assert (order.state, order.ends_on) == (OrderState.GEKUENDIGT, early)
    assert isinstance(events[-1], OrderTerminated)
    assert (events[-1].ends_on, len(events)) == (early, 1 if former_first else 2)
    assert order.due_at == end_of(early)


def test_a_former_contract_that_ends_earlier_leaves_what_begins_later_as_it_is() -> None:
    order = noticed()
    former = contract_of(order, ends_on=date(2027, 6, 30))
    follow_succession(order, succeeded(order), later(2))
    assert notice.follow_contract(order, ContractTerminated(contract=former, at=T0), later(3)) == []
    assert (order.state, order.ends_on) == (OrderState.PRODUKTIV, None)
    (event,) = notice.follow_contract(order, terminated(order, date(2028, 6, 30)), later(4))
    assert isinstance(event, OrderTerminated)
    assert order.ends_on == date(2028, 6, 30)


def test_a_notice_that_waits_for_its_answer_was_of_the_former_contract() -> None:
    order = order_in(OrderState.PRODUKTIV)
    notice.terminate(order, KUNDE, T0, LAST)
    assert follow_succession(order, succeeded(order), later(1))
    assert order.notice.value is None
    assert not any(isinstance(it, NoticeRequested) for it in outstanding_request(order))


@pytest.mark.parametrize("state", sorted(RUNNING))
def test_where_the_timeline_has_lost_the_state_before_the_milestones_tell_it(state: OrderState) -> None:
    order = noticed(state)
    for _ in range(MOST_STEPS):
        line = Step(at=T0, command=Command.SIGN_OFF_KLIENT, party=ANBIETER.party, state=OrderState.GEKUENDIGT)
        order.append_to_timeline(line)
    follow_succession(order, succeeded(order), later(2))
    assert order.state is state
