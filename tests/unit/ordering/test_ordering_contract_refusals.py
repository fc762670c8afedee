"""The processor refuses the contract of an order: the Vorgang goes back with all that was agreed, and ends by its hold alone."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pytest

from services.contracts.domain import violation_codes
from services.ordering.domain import award, exits, precheck, steps_back
from services.ordering.domain.contract_refusals import KUNDE_MENDS, end_lapsed_offer, reopen
from services.ordering.domain.guards import MOST_CHECKS
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import Task, Waiting
from services.ordering.domain.reminders import remind
from services.ordering.domain.requests import outstanding_request
from services.ordering.domain.steps import allowed_moves
from services.ordering.domain.transitions import Command
from services.ordering.reference import load_schedule, load_vocabulary
from services.ordering.views import view_of
from shared.calendar import end_of
from shared.errors import ConflictError
from shared.ids import contract_id, derived_id
from shared.messages.eligibility import Stage
from shared.messages.ordering import (
    ContractRequested,
    OrderEscalated,
    OrderParty,
    OrderPlaced,
    OrderRefused,
    OrderReopened,
)
from shared.messages.values import Channel, OrderState, Verdict
from tests.support.builders.orders import (
    ANBIETER,
    BEREITSTELLER,
    KUNDE,
    PRICE,
    T0,
    VALID_UNTIL,
    concluded,
    later,
    offered_through,
    order_in,
    refused,
    verdict,
)

ROOT = Path(__file__).parents[3]
HOLD = timedelta(days=30)
HELD_UNTIL = end_of(date(2026, 12, 24))
IDLE = timedelta(days=180)
OF_A_CHAIN = {text for name, text in vars(violation_codes).items() if name.isupper()}
DECIDED_LATER = {"declined_by_anbieter", "offer_withdrawn"}
"""Refusals of a contract that was offered: by a person of the Anbieter, or with the contract that it rested on."""
BY_THE_KUNDE: Final = {
    *("agb_changed", "agb_not_in_force", "assessment_of_other_parties", "not_exempt", "risk_not_signed_off"),
    *("customer_not_allowed", "self_contract", "party_repeated"),
}


def refusals() -> set[str]:
    """Return the codes by which an order can be refused, as the source of contracts has them."""
    rules = (ROOT / "services" / "contracts" / "domain" / "refusal.py").read_text(encoding="utf-8")
    return {*re.findall(r'Refusal\.of\(\s*"(\w+)"', rules), *OF_A_CHAIN, *DECIDED_LATER}


def reopened(code: str = "agb_changed") -> Order:
    """Return a Vorgang that has gone back from an order."""
    order = order_in(OrderState.BESTELLT)
    reopen(order, refused(code=code), later(1), HOLD)
    return order


def order_again(order: Order, number: int = 1) -> ContractRequested:
    """Order once more, with a check that leaves the way free, and return the request for the contract."""
    award.place(order, KUNDE, later(30), accepts_agb=True, offer_number=number, agb_version="2026")
    (asked,) = precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), later(31))
    assert isinstance(asked, ContractRequested)
    return asked


@pytest.mark.parametrize("code", sorted({*refusals(), "of_a_later_version"}))
def test_no_refusal_ends_the_vorgang_and_each_goes_back_to_who_can_mend_it(code: str) -> None:
    order, agreed = order_in(OrderState.BESTELLT), order_in(OrderState.ABGESTIMMT)
    told = refused(code=code)
    (event,) = reopen(order, told, later(1), HOLD)
    assert isinstance(event, OrderReopened)
    assert (event.code, event.reason, event.remedy) == (code, told.reason, told.remedy)
    assert event.hold_until == HELD_UNTIL
    assert (order.points.value, order.conditions.value) == (agreed.points.value, agreed.conditions.value)
    offered = code in BY_THE_KUNDE
    state = OrderState.ANGEBOT_ERSTELLT if offered else OrderState.ABGESTIMMT
    waits = (
        Waiting(OrderParty.KUNDE, later(1), Task.PLACE) if offered else Waiting(OrderParty.ANBIETER, later(1), Task.MAKE_OFFER)
    )
    assert (event.order.state, order.state, order.waiting) == (state, state, waits)
    assert (order.valid_until, order.price_items.value) == ((VALID_UNTIL, [PRICE]) if offered else (None, []))
    assert order.deadline(IDLE) == (Deadline.HOLD, HELD_UNTIL)
    line = order.steps()[-1]
    assert (line.command, line.party, line.state, line.note) == (Command.REOPEN_ORDER, OrderParty.SYSTEM, state, code)
    moves = {Command.CHANGE_CHANNEL, Command.WITHDRAW, Command.REOPEN_CLARIFICATION}
    assert moves <= set(allowed_moves(order, OrderParty.KUNDE, later(2)))
    assert (Command.PLACE in allowed_moves(order, OrderParty.KUNDE, later(2))) is offered
    assert (Command.MAKE_OFFER in allowed_moves(order, OrderParty.ANBIETER, later(2))) is not offered


def test_the_codes_that_the_kunde_mends_are_refusals_that_there_are() -> None:
    assert KUNDE_MENDS == BY_THE_KUNDE
    assert refusals() >= KUNDE_MENDS


def test_an_order_that_follows_asks_for_a_contract_of_its_own_under_the_agb_in_force() -> None:
    order = order_in(OrderState.BESTELLT)
    first = contract_id(order.channel, order.id)
    assert (order.asked_contract, order.agb_version) == (first, None)
    reopen(order, refused(code="agb_changed"), later(1), HOLD)
    asked = order_again(order)
    assert (asked.attempt, asked.agb_version, asked.ordered_at) == (2, "2026", later(30))
    assert order.asked_contract == contract_id(order.channel, order.id, 2) != first
    assert (order.hold_until, order.contract_refusal.value, order.deadline(IDLE)) == (None, None, None)
    (again,) = outstanding_request(order)
    assert again == asked.model_copy(update={"requested_at": later(31)})
    assert award.record_contract(order, concluded(attempt=2), later(32))
    assert order.state is OrderState.VERTRAG_GESCHLOSSEN


def test_a_first_request_names_no_attempt_as_the_first_release_knows_none() -> None:
    (asked,) = outstanding_request(order_in(OrderState.BESTELLT))
    assert isinstance(asked, ContractRequested)
    assert "attempt" not in asked.model_dump()


def test_a_refusal_that_comes_again_or_late_changes_nothing() -> None:
    order = reopened()
    before = order.model_dump()
    assert reopen(order, refused(code="agb_changed"), later(2), HOLD) == []
    order_again(order)
    asked = order.model_dump()
    assert asked != before
    for late in (refused(code="agb_changed"), refused(attempt=3), refused(attempt=2, channel=Channel.FITKO)):
        assert reopen(order, late, later(40), HOLD) == []
    assert order.model_dump() == asked
    assert reopen(order, refused(attempt=2, code="no_agb_in_force"), later(41), HOLD)
    assert (order.state, order.contract_refusals) == (OrderState.ABGESTIMMT, 2)


@pytest.mark.parametrize("state", [it for it in OrderState if it is not OrderState.BESTELLT])
def test_a_refusal_that_nobody_waits_for_changes_nothing(state: OrderState) -> None:
    order = order_in(state)
    before = order.model_dump()
    assert reopen(order, refused(), later(1), HOLD) == []
    assert order.model_dump() == before


def test_a_contract_of_an_order_that_was_refused_is_not_taken() -> None:
    order = reopened()
    order_again(order)
    with pytest.raises(ConflictError) as refusal:
        award.record_contract(order, concluded(), later(40))
    assert refusal.value.code == "other_contract"


def test_an_offer_that_has_lapsed_meanwhile_is_not_gone_back_to() -> None:
    order = order_in(OrderState.BESTELLT)
    after = end_of(VALID_UNTIL)
    (event,) = reopen(order, refused(code="agb_changed"), after, HOLD)
    assert (event.model_dump()["order"]["state"], order.waiting_party) == ("ABGESTIMMT", OrderParty.ANBIETER)


def test_an_offer_whose_prices_have_lapsed_meanwhile_is_not_gone_back_to() -> None:
    order = order_in(OrderState.BESTELLT)
    order.price_items.value = [PRICE.model_copy(update={"valid_to": T0.date()})]
    reopen(order, refused(code="agb_changed"), later(24), HOLD)
    assert (order.state, order.waiting_what) == (OrderState.ABGESTIMMT, Task.MAKE_OFFER)


@pytest.mark.parametrize(
    ("valid_until", "prices_end", "last_day"),
    [
        (date(2026, 12, 10), None, date(2026, 12, 10)),
        (date(2026, 12, 10), date(2026, 12, 20), date(2026, 12, 10)),
        (date(2026, 12, 20), date(2026, 12, 10), date(2026, 12, 10)),
    ],
)
def test_an_offer_that_lapses_while_it_is_held_ends_alone_and_the_anbieter_makes_another(
    valid_until: date, prices_end: date | None, last_day: date
) -> None:
    order = order_in(OrderState.BESTELLT)
    order.valid_until, order.price_items.value = valid_until, [PRICE.model_copy(update={"valid_to": prices_end})]
    reopen(order, refused(code="agb_changed"), later(1), HOLD)
    assert order.deadline(IDLE) == (Deadline.HOLD, HELD_UNTIL), "the Vorgang itself does not end with the offer"
    assert not order.is_due(Deadline.OFFER, end_of(last_day))
    after = end_of(last_day) + timedelta(minutes=1)
    assert order.is_due(Deadline.OFFER, after)
    with pytest.raises(ConflictError) as refusal:
        award.place(order, KUNDE, after, accepts_agb=True)
    assert refusal.value.code in {"offer_expired", "offer_without_price"}
    (event,) = end_lapsed_offer(order, after)
    assert isinstance(event, OrderReopened)
    assert (event.order.state, event.code, event.hold_until) == (OrderState.ABGESTIMMT, "agb_changed", HELD_UNTIL)
    assert order.waiting == Waiting(OrderParty.ANBIETER, after, Task.MAKE_OFFER)
    assert (order.model_dump()["valid_until"], order.price_items.value) == (None, [])
    assert (order.deadline(IDLE), order.is_due(Deadline.OFFER, HELD_UNTIL)) == ((Deadline.HOLD, HELD_UNTIL), False)
    assert order.contract_refusal.value is not None, "the Kunde still reads why no contract came about"
    assert end_lapsed_offer(order, after) == [], "a repeat changes nothing"
    award.make_offer(order, ANBIETER, after, date(2027, 2, 26), [PRICE])
    assert (order.offer_number, order.deadline(IDLE)) == (2, (Deadline.OFFER, end_of(date(2027, 2, 26))))


def test_an_offer_that_is_amended_in_time_does_not_lapse_with_the_one_before() -> None:
    order = reopened()
    steps_back.amend_offer(order, ANBIETER, later(2), date(2027, 2, 26))
    assert order.deadline(IDLE) == (Deadline.OFFER, end_of(date(2027, 2, 26)))
    assert order.contract_refusal.value is not None
    before = order.model_dump()
    assert end_lapsed_offer(order, end_of(VALID_UNTIL)) == []
    assert order.model_dump() == before


@pytest.mark.parametrize("code", ["agb_changed", "declined_by_anbieter"])
def test_the_end_of_the_hold_refuses_with_reason_and_remedy_for_all_to_read(code: str) -> None:
    order = reopened(code)
    assert not order.is_due(Deadline.HOLD, HELD_UNTIL)
    assert order.is_due(Deadline.HOLD, HELD_UNTIL + timedelta(minutes=1))
    (event,) = precheck.end_hold(order, HELD_UNTIL)
    assert isinstance(event, OrderRefused)
    assert (event.code, event.remedy, event.stage) == (code, "Ask the Anbieter.", Stage.BESTELLUNG)
    assert (order.state, order.hold_until) == (OrderState.ABGELEHNT, None)
    for party in (OrderParty.KUNDE, OrderParty.BEREITSTELLER, OrderParty.ANBIETER):
        view = view_of(order, party, HELD_UNTIL, IDLE)
        assert view.refusal is not None
        assert (view.refusal.code, view.contract_refusal) == (code, None)


def test_what_the_pre_check_refuses_after_that_is_not_for_the_bereitsteller_to_read() -> None:
    order = reopened()
    award.place(order, KUNDE, later(30), accepts_agb=True)
    precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, Stage.BESTELLUNG, order.check), later(31))
    precheck.end_hold(order, later(24 * 50))
    assert view_of(order, OrderParty.BEREITSTELLER, later(24 * 51), IDLE).refusal is None
    assert view_of(order, OrderParty.KUNDE, later(24 * 51), IDLE).refusal is not None


def test_another_offer_is_ordered_on() -> None:
    order = reopened("no_agb_in_force")
    award.make_offer(order, ANBIETER, later(20), VALID_UNTIL)
    assert (order.offer_number, order.hold_until, order.contract_refusal.value) == (2, None, None)
    assert order.deadline(IDLE) == (Deadline.OFFER, end_of(VALID_UNTIL))
    assert order_again(order, number=2).attempt == 2


@pytest.mark.parametrize("code", ["agb_changed", "declined_by_anbieter"])
def test_the_kunde_goes_through_another_anbieter_with_all_points(code: str) -> None:
    order = reopened(code)
    points = order.points.value
    steps_back.change_channel(order, KUNDE, later(2), offered_through(Channel.GOVDIGITAL, Channel.FITKO), Channel.FITKO)
    assert (order.resumes, order.points.value, order.hold_until) == (True, points, None)
    assert order.contract_refusal.value is None, "what the Anbieter before has refused is not for the other one to read"
    assert order.asked_contract == contract_id(Channel.FITKO, order.id, 2)


@pytest.mark.parametrize("code", ["agb_changed", "declined_by_anbieter"])
def test_who_goes_back_to_the_abstimmung_is_held_no_more(code: str) -> None:
    order = reopened(code)
    steps_back.reopen_clarification(order, KUNDE, later(2), "Preise")
    assert (order.state, order.is_held) == (OrderState.IN_ABSTIMMUNG, False)
    kind, _ = order.deadline(IDLE) or (None, None)
    assert kind is Deadline.IDLE


def test_who_withdraws_it_ends_it_for_good() -> None:
    order = reopened()
    exits.withdraw(order, KUNDE, later(2))
    assert (order.hold_until, order.deadline(IDLE)) == (None, None)
    assert view_of(order, OrderParty.KUNDE, later(3), IDLE).contract_refusal is None


def test_each_side_reads_why_and_what_is_stated_for_the_act_is_gone() -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    award.place(
        order, KUNDE, T0, accepts_agb=True, order_reference="HH-1", agb_version="2022", placement_id=derived_id("test", "act")
    )
    precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), T0)
    reopen(order, refused(code="agb_changed"), later(1), HOLD)
    for party in (OrderParty.KUNDE, OrderParty.BEREITSTELLER, OrderParty.ANBIETER):
        view = view_of(order, party, later(2), IDLE)
        assert view.contract_refusal is not None
        assert (view.contract_refusal.code, view.refusal) == ("agb_changed", None)
        assert view.deadline is not None
        assert (view.deadline.kind, view.deadline.at) == (Deadline.HOLD, HELD_UNTIL)
        assert (view.placed_at, view.agb_version, view.placement_id) == (None, None, None)
        assert view.order_reference == "HH-1", "who orders again need not state it again"


def test_whoever_has_to_mend_it_is_reminded_before_the_hold_ends() -> None:
    order, schedule, words = reopened("no_agb_in_force"), load_schedule(), load_vocabulary().tasks
    before = [remind(order, schedule, HELD_UNTIL - timedelta(days=days), IDLE, words) for days in (16, 6, 3)]
    events = [event for events in before for event in events]
    assert {event.model_dump()["party"] for event in events} == {"ANBIETER"}
    last = events[-1]
    assert isinstance(last, OrderEscalated)
    assert (last.lapses_at, last.to_anbieter) == (HELD_UNTIL, True)


def test_each_further_order_needs_a_check_and_their_number_is_bounded() -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    order.check = MOST_CHECKS
    (placed,) = award.place(order, KUNDE, T0, accepts_agb=True)
    assert isinstance(placed, OrderPlaced)
    precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), T0)
    reopen(order, refused(code="agb_changed"), later(1), HOLD)
    assert Command.PLACE not in allowed_moves(order, OrderParty.KUNDE, later(2))
    with pytest.raises(ConflictError) as refusal:
        award.place(order, KUNDE, later(2), accepts_agb=True)
    assert refusal.value.code == "too_many_checks"


def test_the_bereitsteller_may_still_decline_what_is_not_ordered_any_more() -> None:
    order = reopened()
    exits.decline(order, BEREITSTELLER, later(2), "Keine Kapazität")
    assert order.why is not None
    assert order.why.code == "declined"
