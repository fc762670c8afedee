"""Decisions of persons of the Anbieter beside the verdict: what becomes of the Vorgang."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.ordering.domain import award, precheck
from services.ordering.domain.order import Order
from shared.errors import ConflictError
from shared.messages.eligibility import Decision, Override, Stage, VerdictOverridden
from shared.messages.ordering import ContractRequested, InterestForwarded, OrderRefused
from shared.messages.values import Channel, OrderState, Role, Verdict
from tests.support.builders.orders import CUSTOMER, KUNDE, ORDER_ID, T0, declared, later, order_in, verdict

REASON = "Die Mitgliederliste liegt vor, die Beglaubigung folgt."


def overridden(decision: Decision = Decision.PROCEED, check: int = 1, **fields: Any) -> VerdictOverridden:
    """Return the decision of a person of the Anbieter on a verdict NO_EVIDENCE."""
    override = Override(
        check=check,
        verdict=fields.pop("verdict", Verdict.NO_EVIDENCE),
        decision=decision,
        by="anna.anbieter",
        role=Role.ANBIETER,
        at=T0,
        reason=REASON,
        valid_until=fields.pop("valid_until", date(2027, 1, 1)),
    )
    return VerdictOverridden(
        order_id=ORDER_ID, stage=Stage.INTERESSE, customer=CUSTOMER, channel=Channel.GOVDIGITAL, override=override
    )


def placed(value: Verdict) -> Order:
    """Return a Vorgang that was ordered, with this verdict at the moment of award."""
    order = order_in(OrderState.ANGEBOT_ERSTELLT)
    award.place(order, KUNDE, T0, accepts_agb=True)
    precheck.record_verdict(order, verdict(value, Stage.BESTELLUNG, order.check), T0)
    return order


def test_a_person_lets_an_interest_go_on_that_lacks_evidence() -> None:
    order = declared()
    precheck.record_verdict(order, verdict(Verdict.NO_EVIDENCE), T0)
    (event,) = precheck.record_override(order, overridden(), later(1))
    assert isinstance(event, InterestForwarded)
    assert event.assessment.verdict is Verdict.NO_EVIDENCE, "the verdict stays what it is"
    assert (order.state, order.signed_off_by) == (OrderState.WEITERGELEITET, "anna.anbieter")


def test_the_contract_is_asked_for_with_the_decision() -> None:
    order = placed(Verdict.NO_EVIDENCE)
    given = overridden(check=order.check)
    (event,) = precheck.record_override(order, given, later(1))
    assert isinstance(event, ContractRequested)
    assert (event.override, event.signed_off_by) == (given.override, "anna.anbieter")
    assert precheck.record_override(order, given, later(2)) == [], "a contract is asked for once"


@pytest.mark.parametrize(
    "state",
    [
        OrderState.WEITERGELEITET,
        OrderState.IN_ABSTIMMUNG,
        OrderState.ABGESTIMMT,
        OrderState.ANGEBOT_ERSTELLT,
    ],
)
def test_a_person_stops_a_vorgang_until_a_contract_is_asked_for(state: OrderState) -> None:
    order = order_in(state)
    (event,) = precheck.record_override(order, overridden(Decision.STOP, check=order.check), later(1))
    assert isinstance(event, OrderRefused)
    assert (event.code, event.reason, order.state) == ("stopped_by_anbieter", REASON, OrderState.ABGELEHNT)


def test_nothing_stops_an_order_whose_contract_is_asked_for() -> None:
    order = order_in(OrderState.BESTELLT)
    assert precheck.record_override(order, overridden(Decision.STOP, check=order.check), later(1)) == []
    assert order.state is OrderState.BESTELLT


def test_a_decision_on_an_older_check_or_one_that_holds_no_more_changes_nothing() -> None:
    order = placed(Verdict.NO_EVIDENCE)
    assert precheck.record_override(order, overridden(check=1), later(1)) == []
    assert precheck.record_override(order, overridden(check=order.check, valid_until=T0.date()), later(1)) == []
    assert (order.state, order.override.value) == (OrderState.BESTELLT, None)


def test_a_decision_waits_for_no_verdict_and_no_check_that_was_never_asked_for() -> None:
    order = declared()
    assert precheck.record_override(order, overridden(), later(1)) == [], "its verdict has been dropped for a further check"
    with pytest.raises(ConflictError) as refused:
        precheck.record_override(order, overridden(check=7), later(1))
    assert refused.value.code == "check_unknown"


def test_a_further_check_ends_the_decision() -> None:
    order = declared()
    precheck.record_verdict(order, verdict(Verdict.NO_EVIDENCE), T0)
    precheck.record_override(order, overridden(), later(1))
    order.begin_check(later(2))
    assert order.override.value is None
