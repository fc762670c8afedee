"""Verdicts of the in-house pre-check, and the contract that follows from them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.ordering.domain import award, exits, precheck, steps_back
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import Task, Waiting
from services.ordering.domain.steps import blocked_moves
from services.ordering.domain.transitions import Command
from shared.calendar import end_of
from shared.errors import ConflictError, InvalidError
from shared.messages.eligibility import Finding, Stage, VerdictGiven
from shared.messages.ordering import (
    CheckRecorded,
    CheckRequested,
    ContractRequested,
    InterestForwarded,
    OrderExpired,
    OrderParty,
    OrderRefused,
    OrderWithdrawn,
)
from shared.messages.values import Money, OrderState, PriceItem, Verdict
from shared.topics import CONTRACT_REQUESTS, topic_of
from tests.support.builders.orders import (
    ANBIETER,
    CUSTOMER,
    KUNDE,
    PRICE,
    T0,
    VALID_UNTIL,
    concluded,
    declared,
    later,
    order_in,
    verdict,
)

STAGES = (Stage.INTERESSE, Stage.BESTELLUNG)


def _awaiting(stage: Stage) -> Order:
    if stage is Stage.INTERESSE:
        return declared()
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    award.place(order, KUNDE, T0, accepts_agb=True, leitweg_id="04011000-900X999-08", order_reference="HH-1")
    return order


@pytest.mark.parametrize("typed", ["04011000-900x999-08", " 04011000-900X999-08 "])
def test_an_order_keeps_the_leitweg_id_in_upper_case_and_a_repeat_may_write_it_either_way(typed: str) -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    award.place(order, KUNDE, T0, accepts_agb=True, leitweg_id=typed)
    assert order.leitweg_id == "04011000-900X999-08"
    assert award.place(order, KUNDE, T0, accepts_agb=True, leitweg_id="04011000-900x999-08") == []


@pytest.mark.parametrize("wrong", ["55-30", "04011000-900X999-09", "0204:04011000-900X999-08", "x"])
def test_an_order_refuses_the_leitweg_ids_that_a_registration_refuses(wrong: str) -> None:
    with pytest.raises(InvalidError):
        award.place(order_in(OrderState.ANGEBOT_ERSTELLT), KUNDE, T0, accepts_agb=True, leitweg_id=wrong)


def test_exempt_forwards_the_interest() -> None:
    order = declared()
    (event,) = precheck.record_verdict(order, verdict(), later(1))
    assert isinstance(event, InterestForwarded)
    assert event.order.state is order.state is OrderState.WEITERGELEITET


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("value", "party", "task"),
    [
        (Verdict.RISK, OrderParty.ANBIETER, Task.SIGN_OFF),
        (Verdict.NO_EVIDENCE, OrderParty.KUNDE, Task.BRING_EVIDENCE),
    ],
)
def test_risk_and_no_evidence_wait_for_the_one_who_can_help(stage: Stage, value: Verdict, party: OrderParty, task: Task) -> None:
    order = _awaiting(stage)
    before = order.state
    (event,) = precheck.record_verdict(order, verdict(value, stage, order.check), later(1))
    assert isinstance(event, CheckRecorded)
    assert order.state is before
    assert order.waiting == Waiting(party, later(1), task)


@pytest.mark.parametrize("value", [Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE])
def test_not_exempt_and_out_of_scope_refuse_an_interest_with_reason_and_remedy(value: Verdict) -> None:
    stage = Stage.INTERESSE
    order = _awaiting(stage)
    (event,) = precheck.record_verdict(order, verdict(value, stage, order.check), later(1))
    assert isinstance(event, OrderRefused)
    assert (event.code, event.reason, event.remedy) == (f"code_{value.lower()}", "Because of the facts.", "Use govdigital.")
    assert event.stage is stage
    assert order.state is OrderState.ABGELEHNT
    assert order.waiting is None


@pytest.mark.parametrize("value", [Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE, Verdict.NO_EVIDENCE])
def test_an_order_is_held_for_what_its_check_has_found(value: Verdict) -> None:
    order = _awaiting(Stage.BESTELLUNG)
    given = verdict(value, Stage.BESTELLUNG, order.check)
    (event,) = precheck.record_verdict(order, given, later(1), timedelta(days=10))
    assert isinstance(event, CheckRecorded)
    assert order.state is OrderState.BESTELLT
    assert order.waiting == Waiting(OrderParty.KUNDE, later(1), Task.BRING_EVIDENCE)
    assert event.hold_until == order.hold_until == end_of(date(2026, 12, 4))
    assert order.deadline(timedelta(days=180)) == (Deadline.HOLD, end_of(date(2026, 12, 4)))


def test_a_held_order_goes_on_once_the_way_is_free() -> None:
    order = _awaiting(Stage.BESTELLUNG)
    precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, Stage.BESTELLUNG, order.check), later(1))
    precheck.recheck(order, KUNDE, later(2))
    (event,) = precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), later(3))
    assert isinstance(event, ContractRequested)
    assert order.hold_until is None
    assert order.deadline(timedelta(days=180)) is None


def test_asking_again_does_not_make_the_hold_longer() -> None:
    order = _awaiting(Stage.BESTELLUNG)
    precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, Stage.BESTELLUNG, order.check), later(1))
    until = order.hold_until
    precheck.recheck(order, KUNDE, later(300))
    precheck.record_verdict(order, verdict(Verdict.NO_EVIDENCE, Stage.BESTELLUNG, order.check), later(301))
    assert order.hold_until == until


def test_a_hold_does_not_end_while_a_check_is_under_way_or_the_anbieter_decides() -> None:
    order = _awaiting(Stage.BESTELLUNG)
    precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, Stage.BESTELLUNG, order.check), later(1))
    assert order.is_due(Deadline.HOLD, later(24 * 60))
    precheck.recheck(order, KUNDE, later(2))
    assert not order.is_due(Deadline.HOLD, later(24 * 60))
    precheck.record_verdict(order, verdict(Verdict.RISK, Stage.BESTELLUNG, order.check), later(3))
    assert not order.is_due(Deadline.HOLD, later(24 * 60))


def test_the_end_of_a_hold_refuses_with_reason_and_remedy() -> None:
    order = _awaiting(Stage.BESTELLUNG)
    precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, Stage.BESTELLUNG, order.check), later(1))
    (event,) = precheck.end_hold(order, later(24 * 40))
    assert isinstance(event, OrderRefused)
    assert (event.code, event.remedy, event.stage) == ("code_not_exempt", "Use govdigital.", Stage.BESTELLUNG)
    assert order.state is OrderState.ABGELEHNT


def test_an_interest_of_a_body_that_nobody_knows_waits_for_its_registration() -> None:
    order = _awaiting(Stage.INTERESSE)
    given = _found(Stage.INTERESSE, order.check, ("L2", "UNKNOWN_ORGANISATION"))
    outside = given.assessment.model_copy(
        update={
            "verdict": Verdict.OUT_OF_SCOPE,
            "findings": tuple(it.model_copy(update={"verdict": Verdict.OUT_OF_SCOPE}) for it in given.assessment.findings[:1]),
        }
    )
    (event,) = precheck.record_verdict(order, given.model_copy(update={"assessment": outside}), later(1))
    assert isinstance(event, CheckRecorded)
    assert event.hold_until is None
    assert order.waiting == Waiting(OrderParty.KUNDE, later(1), Task.BRING_EVIDENCE)


def _found(stage: Stage, check: int, *legs_and_codes: tuple[str, str]) -> VerdictGiven:
    given = verdict(Verdict.NOT_EXEMPT, stage, check)
    findings = [
        Finding(leg=leg, rule="R3", code=code, verdict=Verdict.NOT_EXEMPT, reason="Nicht bekannt.")
        for leg, code in legs_and_codes
    ]
    free = Finding(leg="L1", rule="R6", code="INVERSE", verdict=Verdict.EXEMPT, reason="Frei.")
    changed = given.assessment.model_copy(update={"findings": (*findings, free)})
    return given.model_copy(update={"assessment": changed})


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("code", ["NO_RELATION", "RELATION_NOT_VALID"])
def test_a_relation_of_the_customer_that_is_lacking_is_waited_for(stage: Stage, code: str) -> None:
    order = _awaiting(stage)
    given = _found(stage, order.check, ("L2", "NO_RELATION"), ("L2", code))
    (event,) = precheck.record_verdict(order, given, later(1))
    assert isinstance(event, CheckRecorded)
    assert order.waiting == Waiting(OrderParty.KUNDE, later(1), Task.BRING_EVIDENCE)
    (again,) = precheck.recheck(order, KUNDE, later(2))
    assert isinstance(again, CheckRequested)


@pytest.mark.parametrize(
    "grounds",
    [
        [("L1", "NO_RELATION")],
        [("L1", "UNKNOWN_ORGANISATION")],
        [("L2", "NO_RELATION"), ("L1", "NO_RELATION")],
        [("L2", "CHANNEL_EXCLUDES_TYPE"), ("L2", "NO_RELATION")],
        [("L2", "RELATION_NOT_VALID"), ("L2", "ACCREDITATION_REFUSED")],
    ],
)
def test_what_the_customer_cannot_mend_by_a_statement_is_refused(grounds: list[tuple[str, str]]) -> None:
    order = _awaiting(Stage.INTERESSE)
    (event,) = precheck.record_verdict(order, _found(Stage.INTERESSE, order.check, *grounds), later(1))
    assert isinstance(event, OrderRefused)
    assert event.code == grounds[0][1]


@pytest.mark.parametrize("stage", STAGES)
def test_risk_leaves_the_way_free_once_signed_off(stage: Stage) -> None:
    order = _awaiting(stage)
    precheck.record_verdict(order, verdict(Verdict.RISK, stage, order.check), later(1))
    (event,) = precheck.record_verdict(order, verdict(Verdict.RISK, stage, order.check, signed_off_by="anna.anbieter"), later(2))
    assert isinstance(event, InterestForwarded if stage is Stage.INTERESSE else ContractRequested)
    assert order.signed_off_by == "anna.anbieter"


def test_a_sign_off_does_not_free_what_is_not_exempt() -> None:
    order = declared()
    precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, signed_off_by="anna.anbieter"), T0)
    assert order.state is OrderState.ABGELEHNT


@pytest.mark.parametrize("stage", STAGES)
def test_recheck_counts_up_and_its_verdict_decides(stage: Stage) -> None:
    order = _awaiting(stage)
    first = order.check
    precheck.record_verdict(order, verdict(Verdict.NO_EVIDENCE, stage, first), later(1))
    (event,) = precheck.recheck(order, KUNDE, later(2))
    assert isinstance(event, CheckRequested)
    assert (event.check, event.stage) == (first + 1, stage)
    assert order.waiting == Waiting(OrderParty.SYSTEM, later(2), Task.CHECK)
    assert precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, stage, first), later(3)) == []
    assert order.state is not OrderState.ABGELEHNT
    assert len(precheck.record_verdict(order, verdict(Verdict.EXEMPT, stage, first + 1), later(4))) == 1


def test_a_second_recheck_while_one_is_under_way_asks_for_nothing() -> None:
    order = declared()
    assert precheck.recheck(order, KUNDE, T0) == []
    assert order.check == 1


def test_a_verdict_repeated_is_not_told_twice() -> None:
    order = declared()
    assert precheck.record_verdict(order, verdict(Verdict.RISK), T0)
    assert precheck.record_verdict(order, verdict(Verdict.RISK), later(1)) == []


@pytest.mark.parametrize("state", [state for state in OrderState if state is not OrderState.INTERESSE_BEKUNDET])
@pytest.mark.parametrize("stage", STAGES)
def test_a_verdict_that_the_vorgang_has_moved_past_changes_nothing(state: OrderState, stage: Stage) -> None:
    order = order_in(state)
    before = order.model_dump()
    assert precheck.record_verdict(order, verdict(Verdict.NOT_EXEMPT, stage, order.check), T0) == []
    assert order.model_dump() == before


def test_a_verdict_for_a_check_never_asked_for_is_refused() -> None:
    with pytest.raises(ConflictError) as refusal:
        precheck.record_verdict(declared(), verdict(check=2), T0)
    assert refusal.value.code == "check_unknown"


def test_a_free_way_at_the_order_asks_the_channel_for_the_contract_once() -> None:
    order = _awaiting(Stage.BESTELLUNG)
    (event,) = precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), later(1))
    assert isinstance(event, ContractRequested)
    assert topic_of(event) is CONTRACT_REQUESTS[order.channel]
    assert event.price_items == (PRICE,)
    assert [condition.text for condition in event.conditions] == ["1st-Level-Support beim Kunden"]
    assert (event.leitweg_id, event.order_reference, event.ordered_at) == ("04011000-900X999-08", "HH-1", T0)
    assert event.order.customer == CUSTOMER
    assert order.state is OrderState.BESTELLT
    assert order.waiting == Waiting(OrderParty.ANBIETER, later(1), Task.CONCLUDE_CONTRACT)
    again = verdict(stage=Stage.BESTELLUNG, check=order.check, signed_off_by="somebody")
    assert precheck.record_verdict(order, again, later(2)) == []


@pytest.mark.parametrize("step", [exits.withdraw, precheck.recheck])
def test_after_the_contract_request_the_kunde_is_bound(step: object) -> None:
    order = order_in(OrderState.BESTELLT)
    assert callable(step)
    with pytest.raises(ConflictError) as refusal:
        step(order, KUNDE, T0)
    assert refusal.value.code == "contract_requested"
    assert refusal.value.context["allowed_moves"] == []


def test_before_the_contract_request_kunde_and_anbieter_can_still_end_the_order() -> None:
    order = _awaiting(Stage.BESTELLUNG)
    precheck.record_verdict(order, verdict(Verdict.RISK, Stage.BESTELLUNG, order.check), T0)
    other = order.model_copy(deep=True)
    exits.withdraw(order, KUNDE, T0)
    exits.expire(other, ANBIETER, T0)
    assert (order.state, other.state) == (OrderState.ZURUECKGEZOGEN, OrderState.VERFALLEN)


@pytest.mark.parametrize("stage", STAGES)
def test_the_end_of_a_vorgang_says_whether_the_bereitsteller_knows_of_it(stage: Stage) -> None:
    (withdrawn,) = exits.withdraw(_awaiting(stage), KUNDE, T0)
    (expired,) = exits.expire(_awaiting(stage), ANBIETER, T0)
    assert isinstance(withdrawn, OrderWithdrawn)
    assert isinstance(expired, OrderExpired)
    assert withdrawn.forwarded is expired.forwarded is (stage is Stage.BESTELLUNG)


def test_the_contract_is_recorded_with_its_number() -> None:
    order = order_in(OrderState.BESTELLT)
    (event,) = award.record_contract(order, concluded(), later(1))
    assert event.model_dump(include={"contract_number"}) == {"contract_number": "GD/2026/0001"}
    assert order.state is OrderState.VERTRAG_GESCHLOSSEN
    assert order.waiting == Waiting(OrderParty.BEREITSTELLER, later(1), Task.START_ONBOARDING)


@pytest.mark.parametrize("state", [OrderState.VERTRAG_GESCHLOSSEN, OrderState.PRODUKTIV, OrderState.BEENDET])
def test_the_same_contract_again_changes_nothing_and_another_one_is_refused(state: OrderState) -> None:
    order = order_in(state)
    assert award.record_contract(order, concluded(), T0) == []
    with pytest.raises(ConflictError):
        award.record_contract(order, concluded(number="GD/2026/0002"), T0)
    assert order.contract_number == "GD/2026/0001"


def test_a_contract_nobody_asked_for_is_refused() -> None:
    with pytest.raises(ConflictError) as refusal:
        award.record_contract(_awaiting(Stage.BESTELLUNG), concluded(), T0)
    assert refusal.value.code == "contract_not_requested"


def test_an_offer_has_the_prices_of_the_pinned_version_that_are_valid_today() -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    assert order.price_items.value == [PRICE]


def test_an_offer_with_prices_of_its_own_keeps_those() -> None:
    special = PRICE.model_copy(update={"label": "Sonderpreis"})
    order = order_in(OrderState.ABGESTIMMT)
    award.make_offer(order, ANBIETER, T0, VALID_UNTIL, [special])
    assert order.price_items.value == [special]


@pytest.mark.parametrize(
    ("at", "fits"),
    [(T0.replace(month=12, day=31, hour=22, minute=59), True), (T0.replace(month=12, day=31, hour=23), False)],
)
def test_an_offer_holds_to_the_end_of_its_last_day_in_germany(at: object, fits: bool) -> None:  # noqa: FBT001
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    assert isinstance(at, type(T0))
    if fits:
        assert award.place(order, KUNDE, at, accepts_agb=True)
        return
    with pytest.raises(ConflictError) as refusal:
        award.place(order, KUNDE, at, accepts_agb=True)
    assert refusal.value.code == "offer_expired"


def test_an_order_needs_the_consent_to_the_agb() -> None:
    with pytest.raises(InvalidError) as refusal:
        award.place(order_in(OrderState.ANGEBOT_ERSTELLT), KUNDE, T0, accepts_agb=False)
    assert refusal.value.code == "agb_not_accepted"


def test_an_order_again_with_other_particulars_is_refused() -> None:
    order = order_in(OrderState.BESTELLT)
    with pytest.raises(ConflictError) as refusal:
        award.place(order, KUNDE, T0, accepts_agb=True, order_reference="HH-2")
    assert refusal.value.code == "already_placed"


def test_prices_that_cannot_be_meant_are_not_offered() -> None:
    order = order_in(OrderState.ABGESTIMMT)
    prices = [PRICE.model_copy(update={"amount": Money(cents=100, currency="XXX")})]
    with pytest.raises(InvalidError) as refusal:
        award.make_offer(order, ANBIETER, T0, VALID_UNTIL, prices)
    points: Any = refusal.value.context["points"]
    assert (refusal.value.code, [point["code"] for point in points]) == ("price_sheet_invalid", ["price_currency_unsupported"])
    assert points[0]["id"] == PRICE.label, "in German the detail names no line"
    assert order.state is OrderState.ABGESTIMMT


@pytest.mark.parametrize("prices", [[], [PRICE.model_copy(update={"valid_from": date(2030, 1, 1)})]], ids=["none", "later"])
def test_what_no_contract_would_come_of_for_lack_of_a_price_is_not_offered(prices: list[PriceItem]) -> None:
    order = order_in(OrderState.ABGESTIMMT)
    order.price_sheet.value = prices
    for stated in (None, [], prices):
        with pytest.raises(InvalidError) as refusal:
            award.make_offer(order, ANBIETER, T0, VALID_UNTIL, stated)
        assert (refusal.value.code, order.state) == ("offer_without_price", OrderState.ABGESTIMMT)
    award.make_offer(order, ANBIETER, T0, VALID_UNTIL, [PRICE])
    with pytest.raises(InvalidError):
        steps_back.amend_offer(order, ANBIETER, T0, VALID_UNTIL, prices)
    assert order.price_items.value == [PRICE]


def test_an_offer_whose_prices_have_ended_meanwhile_is_not_ordered_but_amended() -> None:
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    order.price_items.value = [PRICE.model_copy(update={"valid_to": T0.date() - timedelta(days=1)})]
    with pytest.raises(ConflictError) as refusal:
        award.place(order, KUNDE, T0, accepts_agb=True)
    assert (refusal.value.code, order.state) == ("offer_without_price", OrderState.ANGEBOT_ERSTELLT)
    assert [(command, it.code) for command, it in blocked_moves(order, KUNDE.party, T0)] == [(Command.PLACE, refusal.value.code)]
    assert blocked_moves(order, ANBIETER.party, T0) == []
    steps_back.amend_offer(order, ANBIETER, T0, VALID_UNTIL, [PRICE])
    assert blocked_moves(order, KUNDE.party, T0) == []
    assert award.place(order, KUNDE, T0, accepts_agb=True, offer_number=2)


def test_an_offer_for_a_day_that_has_passed_is_refused() -> None:
    with pytest.raises(InvalidError) as refusal:
        award.make_offer(order_in(OrderState.ABGESTIMMT), ANBIETER, T0, T0.date().replace(day=23))
    assert refusal.value.code == "valid_until_past"
