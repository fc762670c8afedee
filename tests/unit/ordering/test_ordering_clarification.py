"""The Abstimmung and the Anbindung: whose turn it is, who may settle what, what a value must look like."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.ordering.domain import clarification, delivery, notice, precheck
from services.ordering.domain.checklist import Checklists, PointEntry
from services.ordering.domain.clarification import NewPoint
from services.ordering.domain.delivery import NewMilestone
from services.ordering.domain.formats import Format, checked, example_of
from services.ordering.domain.order import MOST_STEPS, Order
from services.ordering.domain.parts import Actor, Point, Task, Waiting
from services.ordering.domain.transitions import SETTLED
from services.ordering.reference import load_checklists, load_vocabulary
from services.ordering.views import view_of
from shared.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from shared.ids import derived_id
from shared.messages.ordering import OrderParty, PointSettled, QuestionAsked
from shared.messages.values import Anbindungsart, OrderState
from tests.support.builders.orders import (
    ANBIETER,
    BEREITSTELLER,
    CHECKLISTS,
    KUNDE,
    OFFERING_ID,
    T0,
    later,
    order_in,
    reach_all,
    settle_all,
    terminated,
    verdict,
)

NOT_TO_BE_LET_IN = (
    *("0.0.0.0/0", "0.0.0.0", "10.1.2.3", "172.20.0.0/16", "192.168.0.1", "127.0.0.1", "169.254.1.1", "100.64.3.0/24"),  # noqa: S104
    *("224.0.0.1", "240.0.0.0/16", "255.255.255.255", "8.0.0.0/8", "203.0.113.9, 192.168.0.1"),
    *("192.0.0.8", "192.88.99.1", "198.18.0.1", "198.19.0.0/16", "64:ff9b:1::a00:1", "2001::1", "2002:a00:1::1", "5f00::1"),
    *("::/0", "::", "::1", "fc00::1", "fd12:3456::/32", "fe80::1", "ff02::1", "2000::/3", "2001::/16", "::ffff:192.168.0.1"),
)
"""Networks of nobody, of everybody, and ones that are too wide for one organisation."""


def _started(anbindungsart: Anbindungsart | None = None) -> Order:
    order = order_in(OrderState.WEITERGELEITET)
    clarification.start(order, BEREITSTELLER, later(1), CHECKLISTS, anbindungsart)
    return order


def _point(order: Order, code: str) -> Point:
    return next(point for point in order.points.value if point.code == code)


@pytest.mark.parametrize(
    ("anbindungsart", "has", "lacks"),
    [
        (Anbindungsart.FIT_CONNECT, "fit_connect_destination", "dvdv_key"),
        (Anbindungsart.OSCI_XTA, "dvdv_key", "fit_connect_destination"),
    ],
)
def test_the_list_of_points_follows_the_anbindungsart(anbindungsart: Anbindungsart, has: str, lacks: str) -> None:
    codes = {point.code for point in _started(anbindungsart=anbindungsart).points.value}
    assert has in codes
    assert lacks not in codes


def test_without_a_choice_it_is_the_anbindungsart_the_offer_names_first() -> None:
    assert _started().anbindungsart is Anbindungsart.OSCI_XTA


def test_an_anbindungsart_that_is_not_offered_is_refused() -> None:
    with pytest.raises(InvalidError) as refusal:
        _started(anbindungsart=Anbindungsart.E_MAIL)
    assert refusal.value.code == "anbindungsart_not_offered"


@pytest.mark.parametrize("anbindungsart", Anbindungsart)
def test_every_anbindungsart_has_points_and_milestones_of_both_sides(anbindungsart: Anbindungsart) -> None:
    day = date(2026, 11, 24)
    for entries in (
        CHECKLISTS.points_for(anbindungsart, OFFERING_ID, day),
        CHECKLISTS.milestones_for(anbindungsart, OFFERING_ID, day),
    ):
        assert {entry.owner for entry in entries} == {OrderParty.KUNDE, OrderParty.BEREITSTELLER}


def test_an_avv_is_mandatory_only_before_the_day_of_section_8a_ozg() -> None:
    def avv(day: date) -> bool:
        return next(e for e in CHECKLISTS.points_for(Anbindungsart.OHNE, OFFERING_ID, day) if e.code == "avv").mandatory

    assert (avv(date(2024, 7, 23)), avv(date(2024, 7, 24))) == (True, False)


def test_an_entry_for_named_offers_goes_before_the_general_one() -> None:
    general = next(entry for entry in CHECKLISTS.points if entry.code == "avv" and not entry.mandatory)
    special = general.model_copy(update={"mandatory": True, "offerings": (OFFERING_ID,)})
    lists = Checklists(points=(special, general), milestones=())
    day = date(2026, 11, 24)
    chosen = [lists.points_for(Anbindungsart.OHNE, offer, day)[0].mandatory for offer in (OFFERING_ID, derived_id("other"))]
    assert chosen == [True, False]


def test_the_built_in_data_are_complete() -> None:
    assert load_checklists() == CHECKLISTS
    assert load_vocabulary().states[OrderState.BESTELLT].de == "Bestellt"


@pytest.mark.parametrize("actor", [BEREITSTELLER, ANBIETER])
def test_only_its_owner_settles_a_point(actor: Actor) -> None:
    order = _started()
    point = _point(order, "dvdv_key")
    with pytest.raises(ForbiddenError):
        clarification.settle_point(order, actor, T0, point.id, "ags:01051044")
    assert point.settled_at is None


def test_settling_counts_the_open_points_down_and_keeps_the_value_out_of_the_event() -> None:
    order = _started()
    (event,) = clarification.settle_point(order, KUNDE, T0, _point(order, "dvdv_key").id, " ags:01051044 ", "gültig ab sofort")
    assert isinstance(event, PointSettled)
    assert event.open_points == len(order.open_points())
    assert "ags:01051044" not in event.model_dump_json()
    assert _point(order, "dvdv_key").value == "ags:01051044"


def test_a_value_may_be_corrected_until_the_conditions_are_confirmed() -> None:
    order = _started()
    point = _point(order, "dvdv_key")
    assert clarification.settle_point(order, KUNDE, T0, point.id, "ags:01051044")
    assert clarification.settle_point(order, KUNDE, T0, point.id, "ags:01051044") == []
    assert clarification.settle_point(order, KUNDE, T0, point.id, "ags:01051045")
    assert point.value == "ags:01051045"


def test_an_unknown_point_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        clarification.settle_point(_started(), KUNDE, T0, derived_id("nothing"), "x")


def test_conditions_wait_for_mandatory_points_and_questions_but_not_for_optional_points() -> None:
    order = _started()
    with pytest.raises(ConflictError) as points_open:
        clarification.confirm_conditions(order, BEREITSTELLER, T0, [])
    clarification.ask(order, KUNDE, T0, derived_id("q"), "Welche Ports?")
    settle_all(order, T0)
    with pytest.raises(ConflictError) as questions_open:
        clarification.confirm_conditions(order, BEREITSTELLER, T0, [])
    clarification.answer(order, BEREITSTELLER, T0, derived_id("q"), "443")
    assert any(not point.mandatory and point.settled_at is None for point in order.points.value)
    assert clarification.confirm_conditions(order, BEREITSTELLER, T0, [])
    assert (points_open.value.code, questions_open.value.code) == ("points_open", "questions_open")


def test_a_question_is_for_the_other_side_and_stays_out_of_the_event() -> None:
    order = _started()
    (event,) = clarification.ask(order, KUNDE, T0, derived_id("q"), "Welche Ports?")
    assert isinstance(event, QuestionAsked)
    assert "Ports" not in event.model_dump_json()
    clarification.ask(order, BEREITSTELLER, T0, derived_id("q2"), "Welche Version?")
    with pytest.raises(ForbiddenError):
        clarification.answer(order, KUNDE, T0, derived_id("q"), "443")
    clarification.answer(order, BEREITSTELLER, T0, derived_id("q"), "443")
    assert clarification.answer(order, BEREITSTELLER, T0, derived_id("q"), "443") == []
    with pytest.raises(ConflictError) as refusal:
        clarification.answer(order, BEREITSTELLER, T0, derived_id("q"), "80")
    assert refusal.value.code == "already_answered"


def test_confirming_other_conditions_afterwards_is_refused() -> None:
    order = order_in(OrderState.ABGESTIMMT)
    with pytest.raises(ConflictError) as refusal:
        clarification.confirm_conditions(order, BEREITSTELLER, T0, ["etwas anderes"])
    assert refusal.value.code == "already_confirmed"


def test_a_point_for_the_anbieter_is_refused_and_nothing_has_begun() -> None:
    order = order_in(OrderState.WEITERGELEITET)
    with pytest.raises(InvalidError):
        clarification.start(order, BEREITSTELLER, T0, CHECKLISTS, further=[NewPoint("X", OrderParty.ANBIETER)])
    assert (order.state, order.points.value) == (OrderState.WEITERGELEITET, [])


def test_the_lists_are_bounded() -> None:
    order = _started()
    for number in range(clarification.MOST_POINTS - len(order.points.value)):
        clarification.add_point(order, KUNDE, T0, derived_id("p", str(number)), NewPoint("X", OrderParty.KUNDE))
    with pytest.raises(InvalidError) as points:
        clarification.add_point(order, KUNDE, T0, derived_id("p", "last"), NewPoint("X", OrderParty.KUNDE))
    for number in range(clarification.MOST_QUESTIONS):
        clarification.ask(order, KUNDE, T0, derived_id("q", str(number)), "?")
    with pytest.raises(InvalidError) as questions:
        clarification.ask(order, KUNDE, T0, derived_id("q", "last"), "?")
    assert (points.value.code, questions.value.code) == ("too_many_points", "too_many_questions")


def test_the_timeline_is_bounded_and_says_what_it_left_out() -> None:
    order = _started()
    point = _point(order, "dvdv_key")
    steps = MOST_STEPS + 5
    before = len(order.steps())
    for number in range(steps):
        clarification.settle_point(order, KUNDE, T0, point.id, f"ags:{number}")
    assert len(order.steps()) == MOST_STEPS
    assert order.timeline_omitted == before + steps - MOST_STEPS


def test_in_the_abstimmung_the_side_that_has_owed_for_longest_holds_the_ball() -> None:
    order = _started()
    assert order.waiting == Waiting(OrderParty.KUNDE, later(1), Task.SETTLE_POINTS)
    for point in [point for point in order.open_points() if point.owner is OrderParty.KUNDE]:
        clarification.settle_point(order, KUNDE, later(5), point.id, example_of(point.format))
    assert order.waiting == Waiting(OrderParty.BEREITSTELLER, later(1), Task.SETTLE_POINTS)
    clarification.ask(order, BEREITSTELLER, later(6), derived_id("q"), "Welche Version?")
    settle_all(order, later(7))
    assert order.waiting == Waiting(OrderParty.KUNDE, later(6), Task.ANSWER_QUESTIONS)
    clarification.answer(order, KUNDE, later(8), derived_id("q"), "4.2")
    assert order.waiting == Waiting(OrderParty.BEREITSTELLER, later(8), Task.CONFIRM_CONDITIONS)


def test_in_the_anbindung_the_ball_passes_from_milestone_to_milestone() -> None:
    order = order_in(OrderState.VERTRAG_GESCHLOSSEN)
    delivery.start_onboarding(order, BEREITSTELLER, later(1), CHECKLISTS)
    party, since = order.milestones.value[0].owner, later(1)
    for hour, milestone in enumerate(order.open_milestones(), start=2):
        if milestone.owner is not party:
            party, since = milestone.owner, later(hour - 1)
        assert order.waiting == Waiting(party, since, Task.REACH_MILESTONES)
        owner = KUNDE if party is OrderParty.KUNDE else BEREITSTELLER
        delivery.reach_milestone(order, owner, later(hour), milestone.code)
        last = later(hour)
    assert order.waiting == Waiting(OrderParty.BEREITSTELLER, last, Task.GO_LIVE)


def test_only_its_owner_reports_a_milestone_and_all_mandatory_ones_come_before_going_live() -> None:
    order = order_in(OrderState.VERTRAG_GESCHLOSSEN)
    further = [NewMilestone("payment_tested", "ePayment getestet", OrderParty.KUNDE)]
    delivery.start_onboarding(order, BEREITSTELLER, T0, CHECKLISTS, further)
    with pytest.raises(ForbiddenError):
        delivery.reach_milestone(order, BEREITSTELLER, T0, "payment_tested")
    with pytest.raises(NotFoundError):
        delivery.reach_milestone(order, KUNDE, T0, "nothing")
    with pytest.raises(ConflictError) as refusal:
        delivery.go_live(order, BEREITSTELLER, T0)
    assert refusal.value.code == "milestones_open"
    reach_all(order, T0)
    assert delivery.reach_milestone(order, KUNDE, T0, "payment_tested") == []
    assert delivery.go_live(order, BEREITSTELLER, T0)


def test_a_milestone_code_twice_is_refused() -> None:
    order = order_in(OrderState.VERTRAG_GESCHLOSSEN)
    with pytest.raises(InvalidError) as refusal:
        delivery.start_onboarding(
            order, BEREITSTELLER, T0, CHECKLISTS, [NewMilestone("acceptance", "Noch eine Abnahme", OrderParty.KUNDE)]
        )
    assert refusal.value.code == "milestone_repeated"


def test_the_use_ends_on_the_day_of_the_notice_not_before() -> None:
    order = order_in(OrderState.PRODUKTIV)
    with pytest.raises(InvalidError):
        notice.terminate(order, KUNDE, T0, date(2026, 11, 23))
    notice.follow_contract(order, terminated(order, date(2026, 11, 25)), T0)
    with pytest.raises(ConflictError) as other_day:
        notice.terminate(order, ANBIETER, T0, date(2026, 11, 26))
    with pytest.raises(ConflictError) as too_early:
        notice.end(order, ANBIETER, T0)
    assert (other_day.value.code, too_early.value.code) == ("already_terminated", "notice_running")
    assert notice.end(order, ANBIETER, later(24))


@pytest.mark.parametrize("state", OrderState)
def test_somebody_holds_the_ball_unless_the_vorgang_is_settled(state: OrderState) -> None:
    order = order_in(state)
    assert (order.waiting is None) == (state in SETTLED)


@pytest.mark.parametrize("state", OrderState)
def test_a_vorgang_survives_being_stored(state: OrderState) -> None:
    order = order_in(state)
    assert Order.model_validate(order.model_dump()) == order


@pytest.mark.parametrize("form", Format)
def test_each_format_takes_its_example(form: Format) -> None:
    assert checked(form, f" {example_of(form)} ") == example_of(form)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (Format.TEXT, "   "),
        (Format.IP_RANGES, "203.0.113.300"),
        (Format.IP_RANGES, "203.0.113.17/24"),
        (Format.IP_RANGES, ","),
        *((Format.IP_RANGES, network) for network in NOT_TO_BE_LET_IN),
        (Format.IP_RANGES, ",".join(["203.0.113.17"] * 51)),
        (Format.UUID, "6d2f0d4c8a3e4b639f0a2f7d0c1b5e11"),
        (Format.UUID, "zz"),
        (Format.DVDV_KEY, "01051044"),
        (Format.EMAIL, "heide.example"),
        (Format.URL, "http://www.heide.example"),
        (Format.IDENTIFIER, "L100 108"),
        (Format.FINGERPRINT, "9f86d081"),
    ],
)
def test_a_malformed_value_is_refused_with_an_example(form: Format, value: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        checked(form, value)
    assert refusal.value.code == "value_malformed"
    assert refusal.value.context["example"] == example_of(form)


def test_an_interest_that_waits_for_the_check_has_no_deadline() -> None:
    order = order_in(OrderState.INTERESSE_BEKUNDET)
    assert order.due_at is None
    precheck.record_verdict(order, verdict(), later(1))
    assert order.due_at == later(1)


@pytest.mark.parametrize("network", ["203.0.113.0/24", "8.8.0.0/16", "193.16.0.1", "2001:db8::/32", "2a00:1::1"])
def test_a_network_that_a_firewall_can_let_in_is_taken(network: str) -> None:
    assert checked(Format.IP_RANGES, network) == network


def test_each_point_has_an_example_of_its_own_or_of_its_format() -> None:
    entries = CHECKLISTS.points
    examples = [entry.example or example_of(entry.format) for entry in entries]
    assert len(set(examples)) == len(entries)
    assert all(checked(entry.format, example) == example for entry, example in zip(entries, examples, strict=True))


def test_a_point_shows_its_example_and_an_error_names_it() -> None:
    order = order_in(OrderState.IN_ABSTIMMUNG)
    point = next(point for point in order.points.value if point.code == "pvog_link")
    example = order.example_of(point.id)
    assert example is not None
    assert example.startswith("https://verwaltung.bund.de/")
    with pytest.raises(InvalidError) as refusal:
        clarification.settle_point(order, KUNDE, later(1), point.id, "im PVOG")
    assert refusal.value.context["example"] == example


def test_a_point_of_the_first_release_shows_the_example_of_its_format() -> None:
    order = order_in(OrderState.IN_ABSTIMMUNG)
    order.examples.value = []
    shown = view_of(order, OrderParty.KUNDE, later(1), timedelta(days=180)).points
    assert [point.example for point in shown] == [example_of(point.format) for point in order.points.value]


def test_an_example_that_has_not_its_format_is_refused_when_the_list_is_read() -> None:
    entry = next(entry for entry in CHECKLISTS.points if entry.code == "pvog_link")
    with pytest.raises(ValueError, match="pvog_link"):
        PointEntry.model_validate({**entry.model_dump(), "example": "im PVOG"})
