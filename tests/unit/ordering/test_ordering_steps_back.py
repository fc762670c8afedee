"""Steps back before an order: amended and withdrawn offers, the Abstimmung taken up again, leaving after it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest

from services.ordering.domain import award, clarification, exits, precheck, steps_back
from services.ordering.domain.order import MOST_STEPS, Deadline, Order
from services.ordering.domain.parts import READ_BEFORE, Actor, Step
from services.ordering.domain.transitions import Command
from services.ordering.views import view_of
from shared.calendar import end_of
from shared.errors import ConflictError, InvalidError
from shared.messages.eligibility import Stage
from shared.messages.ordering import (
    ChannelChanged,
    CheckRequested,
    ClarificationReopened,
    ClarificationResumed,
    ContractRequested,
    InterestForwarded,
    OfferAmended,
    OfferMade,
    OfferWithdrawn,
    OrderDeclined,
    OrderParty,
)
from shared.messages.values import Channel, Money, OrderState, Verdict
from tests.support.builders.orders import (
    ANBIETER,
    BEREITSTELLER,
    KUNDE,
    PRICE,
    T0,
    VALID_UNTIL,
    later,
    offered_through,
    order_in,
    verdict,
)

SOONER = date(2026, 12, 10)


def offered() -> Order:
    return order_in(OrderState.ANGEBOT_ERSTELLT)


def test_an_amended_offer_replaces_day_and_prices_and_counts_as_another() -> None:
    order = offered()
    cheaper = PRICE.model_copy(update={"amount": Money(cents=90_000)})
    (event,) = steps_back.amend_offer(order, ANBIETER, later(1), SOONER, [cheaper], "Die Frist war falsch.")
    assert isinstance(event, OfferAmended)
    assert (event.number, event.valid_until, event.price_items, event.reason) == (2, SOONER, (cheaper,), "Die Frist war falsch.")
    assert (order.state, order.valid_until, order.price_items.value) == (OrderState.ANGEBOT_ERSTELLT, SOONER, [cheaper])
    assert (order.due_kind, order.due_at) == (Deadline.OFFER, end_of(SOONER))


def test_an_amendment_without_prices_leaves_those_of_the_offer() -> None:
    order = offered()
    before = order.price_items.value
    steps_back.amend_offer(order, ANBIETER, later(1), SOONER)
    assert order.price_items.value == before != []


def test_the_same_offer_again_is_no_amendment() -> None:
    order = offered()
    before = order.model_dump()
    assert steps_back.amend_offer(order, ANBIETER, later(1), VALID_UNTIL) == []
    assert order.model_dump() == before


def test_an_offer_is_not_amended_to_a_day_that_has_passed() -> None:
    with pytest.raises(InvalidError) as refusal:
        steps_back.amend_offer(offered(), ANBIETER, T0, date(2026, 11, 23))
    assert refusal.value.code == "valid_until_past"


@pytest.mark.parametrize("named", [None, 1])
def test_nobody_accepts_an_amended_offer_unread(named: int | None) -> None:
    order = offered()
    steps_back.amend_offer(order, ANBIETER, later(1), SOONER)
    with pytest.raises(ConflictError) as refusal:
        award.place(order, KUNDE, later(2), accepts_agb=True, offer_number=named)
    assert refusal.value.code == "offer_changed"
    award.place(order, KUNDE, later(2), accepts_agb=True, offer_number=2)
    assert order.state is OrderState.BESTELLT


def test_the_contract_names_the_terms_that_the_order_accepts_and_another_order_accepts_no_others() -> None:
    order = offered()
    place = partial(award.place, order, KUNDE, later(1), accepts_agb=True)
    place(agb_version="2027-1")
    place(agb_version="2027-1")
    with pytest.raises(ConflictError) as refusal:
        place(agb_version="2027-2")
    assert refusal.value.code == "already_placed"
    (request,) = precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), later(2))
    assert isinstance(request, ContractRequested)
    assert request.agb_version == "2027-1"


def test_the_contract_names_the_person_who_made_the_offer_that_is_accepted() -> None:
    order = offered()
    steps_back.amend_offer(order, Actor(OrderParty.ANBIETER, "vera.vertretung"), later(1), SOONER)
    award.place(order, KUNDE, later(2), accepts_agb=True, offer_number=2)
    (request,) = precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), later(3))
    assert isinstance(request, ContractRequested)
    assert (request.offered_by, request.placed_by) == ("vera.vertretung", KUNDE.person)


def test_the_only_offer_needs_no_number() -> None:
    order = offered()
    award.place(order, KUNDE, later(1), accepts_agb=True)
    assert order.state is OrderState.BESTELLT


def test_an_offer_recorded_by_the_first_release_is_number_one() -> None:
    order = offered()
    order.offer_number = 0
    assert view_of(order, OrderParty.KUNDE, T0, timedelta(days=180)).offer_number == 1
    steps_back.amend_offer(order, ANBIETER, later(1), SOONER)
    assert order.offer_number == 2


def test_the_offer_of_the_first_release_may_be_named_by_its_number() -> None:
    order = offered()
    order.offer_number = 0
    award.place(order, KUNDE, later(1), accepts_agb=True, offer_number=1)
    assert order.state is OrderState.BESTELLT


def test_a_withdrawn_offer_leaves_what_was_agreed_and_another_may_follow() -> None:
    order = offered()
    (event,) = steps_back.withdraw_offer(order, ANBIETER, later(1), "Falsche Preise")
    assert isinstance(event, OfferWithdrawn)
    assert (event.number, event.reason, event.order.state) == (1, "Falsche Preise", OrderState.ABGESTIMMT)
    assert (order.valid_until, order.price_items.value, len(order.conditions.value)) == (None, [], 1)
    assert order.waiting is not None
    assert order.waiting.party is OrderParty.ANBIETER
    (made,) = award.make_offer(order, ANBIETER, later(2), SOONER)
    assert isinstance(made, OfferMade)
    assert made.number == 2


@pytest.mark.parametrize("actor", [KUNDE, BEREITSTELLER], ids=str)
@pytest.mark.parametrize("state", [OrderState.ABGESTIMMT, OrderState.ANGEBOT_ERSTELLT])
def test_either_side_goes_back_to_the_abstimmung_with_all_points(state: OrderState, actor: object) -> None:
    assert actor in (KUNDE, BEREITSTELLER)
    order = order_in(state)
    points = order.points.value
    side = KUNDE if actor is KUNDE else BEREITSTELLER
    (event,) = steps_back.reopen_clarification(order, side, later(1), "Das Fachverfahren wird gewechselt.")
    assert isinstance(event, ClarificationReopened)
    assert (event.by, event.order.state) == (side.party, OrderState.IN_ABSTIMMUNG)
    assert (order.points.value, len(order.conditions.value), order.valid_until) == (points, 1, None)
    own = next(point for point in order.points.value if point.owner is OrderParty.KUNDE and point.format == "text")
    assert clarification.settle_point(order, KUNDE, later(2), own.id, "anderes Fachverfahren") != []
    clarification.confirm_conditions(order, BEREITSTELLER, later(3), ["Neue Bedingung"])
    assert [condition.text for condition in order.conditions.value] == ["Neue Bedingung"]


@pytest.mark.parametrize("state", [OrderState.ABGESTIMMT, OrderState.ANGEBOT_ERSTELLT])
def test_the_bereitsteller_may_leave_until_it_is_ordered(state: OrderState) -> None:
    order = order_in(state)
    (event,) = exits.decline(order, BEREITSTELLER, later(1), "Kein Betrieb mehr")
    assert isinstance(event, OrderDeclined)
    assert (event.agreed, order.state) == (True, OrderState.ABGELEHNT)


def test_who_declines_before_anything_is_agreed_does_not_concern_the_anbieter() -> None:
    (event,) = exits.decline(order_in(OrderState.IN_ABSTIMMUNG), BEREITSTELLER, later(1), "Keine Kapazität")
    assert isinstance(event, OrderDeclined)
    assert not event.agreed
    assert "agreed" not in event.model_dump(mode="json")


def line(command: Command) -> Step:
    return Step(at=T0, command=command, party=OrderParty.KUNDE, person="kai", state=OrderState.IN_ABSTIMMUNG, note="weil")


@pytest.mark.parametrize("command", READ_BEFORE)
def test_a_line_that_is_stored_for_the_first_release_shows_the_step_that_was_taken(command: Command) -> None:
    order = order_in(OrderState.IN_ABSTIMMUNG)
    order.append_to_timeline(line(command))
    order = Order.model_validate(order.model_dump())
    assert order.steps()[-1] == line(command)
    assert str(command) not in order.timeline


def test_lines_keep_their_steps_when_the_oldest_go() -> None:
    order = order_in(OrderState.IN_ABSTIMMUNG)
    for _ in range(MOST_STEPS):
        order.append_to_timeline(line(Command.AMEND_OFFER))
    order.append_to_timeline(line(Command.MAKE_OFFER))
    assert [step.command for step in order.steps()] == [Command.AMEND_OFFER] * (MOST_STEPS - 1) + [Command.MAKE_OFFER]
    assert len(order.taken.value) == MOST_STEPS - 1


def test_a_step_of_a_later_version_shows_what_it_is_stored_as() -> None:
    order = order_in(OrderState.IN_ABSTIMMUNG)
    order.append_to_timeline(line(Command.AMEND_OFFER))
    order.taken.value[0].command = "of_tomorrow"
    assert order.steps()[-1].command is Command.MAKE_OFFER


BOTH = offered_through(Channel.GOVDIGITAL, Channel.FITKO)
WORKED_ON = [OrderState.IN_ABSTIMMUNG, OrderState.ABGESTIMMT, OrderState.ANGEBOT_ERSTELLT]


@pytest.mark.parametrize("state", WORKED_ON)
def test_a_change_of_channel_keeps_all_points_and_is_checked_anew(state: OrderState) -> None:
    order = order_in(state)
    points, conditions = order.points.value, order.conditions.value
    changed, asked = steps_back.change_channel(order, KUNDE, later(1), BOTH, Channel.FITKO, "Dort akkreditiert")
    assert isinstance(changed, ChannelChanged)
    assert isinstance(asked, CheckRequested)
    assert (changed.before, changed.order.channel, asked.order.channel) == (Channel.GOVDIGITAL, Channel.FITKO, Channel.FITKO)
    assert (order.state, order.valid_until, order.verdict) == (OrderState.INTERESSE_BEKUNDET, None, None)
    (event,) = precheck.record_verdict(order, verdict(check=order.check), later(2))
    assert isinstance(event, ClarificationResumed)
    assert order.state is OrderState.IN_ABSTIMMUNG
    assert (order.points.value, order.conditions.value) == (points, conditions)


def test_before_the_abstimmung_a_change_of_channel_goes_on_as_an_interest() -> None:
    order = order_in(OrderState.WEITERGELEITET)
    steps_back.change_channel(order, KUNDE, later(1), BOTH, Channel.FITKO)
    (event,) = precheck.record_verdict(order, verdict(check=order.check), later(2))
    assert isinstance(event, InterestForwarded)


@pytest.mark.parametrize("value", [Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE, Verdict.NO_EVIDENCE])
def test_a_channel_that_is_not_free_loses_no_work_and_may_be_left_again(value: Verdict) -> None:
    order = order_in(OrderState.ABGESTIMMT)
    steps_back.change_channel(order, KUNDE, later(1), BOTH, Channel.FITKO)
    precheck.record_verdict(order, verdict(value, check=order.check), later(2))
    assert (order.state, order.is_held) == (OrderState.INTERESSE_BEKUNDET, True)
    assert order.deadline(timedelta(days=180)) == (Deadline.HOLD, order.hold_until)
    steps_back.change_channel(order, KUNDE, later(3), BOTH, Channel.GOVDIGITAL)
    precheck.record_verdict(order, verdict(check=order.check), later(4))
    assert (order.state, order.channel, order.hold_until) == (OrderState.IN_ABSTIMMUNG, Channel.GOVDIGITAL, None)


def test_a_held_order_may_change_its_channel_and_is_placed_again() -> None:
    order = offered()
    award.place(order, KUNDE, later(1), accepts_agb=True, leitweg_id="04011000-900X999-08")
    precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, Stage.BESTELLUNG, order.check), later(2))
    steps_back.change_channel(order, KUNDE, later(3), BOTH, Channel.FITKO)
    assert (order.hold_until, order.placed_at, order.leitweg_id) == (None, None, None)
    precheck.record_verdict(order, verdict(check=order.check), later(4))
    clarification.confirm_conditions(order, BEREITSTELLER, later(5), ["A"])
    award.make_offer(order, ANBIETER, later(6), VALID_UNTIL)
    award.place(order, KUNDE, later(7), accepts_agb=True, offer_number=2)
    (event,) = precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), later(8))
    assert isinstance(event, ContractRequested)
    assert event.order.channel is Channel.FITKO


def test_the_next_anbieter_reads_nothing_that_the_one_before_has_found_or_who_did_it() -> None:
    order = offered()
    steps_back.change_channel(order, KUNDE, later(1), BOTH, Channel.FITKO)
    seen = view_of(order, OrderParty.ANBIETER, later(2), timedelta(days=180))
    assert (seen.verdict.verdict, seen.verdict.findings) == (None, ())
    assert {step.person for step in seen.timeline} == {None}
    assert all(step.note is None for step in seen.timeline[:-1] if step.party in (OrderParty.ANBIETER, OrderParty.SYSTEM))


def test_the_channel_that_it_has_changes_nothing() -> None:
    order = offered()
    before = order.model_dump()
    assert steps_back.change_channel(order, KUNDE, later(1), BOTH, Channel.GOVDIGITAL) == []
    assert order.model_dump() == before


def test_a_channel_that_the_offer_has_not_is_refused() -> None:
    with pytest.raises(ConflictError) as refusal:
        steps_back.change_channel(offered(), KUNDE, later(1), offered_through(Channel.GOVDIGITAL), Channel.FITKO)
    assert refusal.value.code == "channel_not_offered"


def test_nobody_changes_the_channel_once_the_contract_is_asked_for() -> None:
    with pytest.raises(ConflictError) as refusal:
        steps_back.change_channel(order_in(OrderState.BESTELLT), KUNDE, later(1), BOTH, Channel.FITKO)
    assert refusal.value.code == "contract_requested"
