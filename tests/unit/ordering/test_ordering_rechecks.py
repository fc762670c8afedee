"""Verdicts that are found without a check: they show on the Vorgang and end nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.ordering.domain import precheck, rechecks
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Task
from services.ordering.domain.transitions import FINAL, Command
from services.ordering.views import view_of
from shared.errors import ConflictError
from shared.messages.eligibility import ChangeReason, Decision, Override, Stage, VerdictChanged, VerdictOverridden
from shared.messages.ordering import OrderParty, OrderVerdictChanged
from shared.messages.values import Channel, OrderState, Role, Verdict
from tests.support.builders.orders import CUSTOMER, KUNDE, ORDER_ID, T0, assessment, declared, later, order_in, verdict

IDLE = timedelta(days=180)
HASH = "d0a838805730335065463e2c68fefdc3c2db3fef78f980365f4428d3c3f84dc1"


def changed(order: Order, value: Verdict = Verdict.NOT_EXEMPT, **fields: Any) -> VerdictChanged:
    """Return the event of another verdict on the last check of a Vorgang."""
    return VerdictChanged(
        order_id=ORDER_ID,
        stage=order.stage,
        check=fields.pop("check", order.check),
        customer=CUSTOMER,
        before=Verdict.EXEMPT,
        because=ChangeReason.CALENDAR,
        assessment=assessment(value).model_copy(update={"hash": HASH}),
        found_at=later(5),
    )


def decided(order: Order, decision: Decision = Decision.PROCEED) -> VerdictOverridden:
    """Return the decision of a person of the Anbieter beside the verdict that was found."""
    override = Override(
        check=order.check,
        verdict=Verdict.NOT_EXEMPT,
        verdict_hash=HASH,
        decision=decision,
        by="anna.anbieter",
        role=Role.ANBIETER,
        at=later(6),
        reason="Der Vertrag läuft bis zum Jahresende weiter.",
        valid_until=date(2027, 1, 1),
    )
    return VerdictOverridden(
        order_id=ORDER_ID, stage=Stage.BESTELLUNG, customer=CUSTOMER, channel=Channel.GOVDIGITAL, override=override
    )


@pytest.mark.parametrize("state", [state for state in OrderState if state not in FINAL and state.value != "INTERESSE_BEKUNDET"])
def test_a_vorgang_goes_on_whatever_is_found(state: OrderState) -> None:
    order = order_in(state)
    before = (order.state, order.waiting, order.due_kind, order.due_at, order.verdict)
    order.verdict_at = order.verdict_at or T0
    (event,) = rechecks.record_change(order, changed(order), later(5))
    assert isinstance(event, OrderVerdictChanged)
    assert (event.order.state, event.before, event.assessment.verdict) == (state, Verdict.EXEMPT, Verdict.NOT_EXEMPT)
    assert (order.state, order.waiting, order.due_kind, order.due_at, order.verdict) == before
    line = order.steps()[-1]
    assert (line.command, line.party, line.note, line.state) == (
        Command.RECORD_CHECK,
        OrderParty.SYSTEM,
        "code_not_exempt",
        state,
    )
    assert rechecks.record_change(order, changed(order), later(6)) == []


@pytest.mark.parametrize(
    ("state", "value", "who"),
    [
        (OrderState.PRODUKTIV, Verdict.NOT_EXEMPT, OrderParty.ANBIETER),
        (OrderState.PRODUKTIV, Verdict.EXEMPT, None),
        (OrderState.IN_ABSTIMMUNG, Verdict.NO_EVIDENCE, OrderParty.KUNDE),
        (OrderState.IN_ABSTIMMUNG, Verdict.RISK, OrderParty.ANBIETER),
    ],
)
def test_who_has_to_act_shows_on_the_vorgang(state: OrderState, value: Verdict, who: OrderParty | None) -> None:
    order = order_in(state)
    rechecks.record_change(order, changed(order, value), later(5))
    for party in (OrderParty.KUNDE, OrderParty.BEREITSTELLER, OrderParty.ANBIETER):
        shown = view_of(order, party, later(6), IDLE).verdict.later
        assert shown is not None
        assert (shown.verdict, shown.because, shown.who) == (value, ChangeReason.CALENDAR, who)
        assert (shown.reason is None) is (party is OrderParty.BEREITSTELLER), "grounds are those of Kunde and Anbieter"
    notes = {
        party: view_of(order, party, later(6), IDLE).timeline[-1].note for party in (OrderParty.KUNDE, OrderParty.BEREITSTELLER)
    }
    assert notes == {OrderParty.KUNDE: f"code_{value.lower()}", OrderParty.BEREITSTELLER: None}


@pytest.mark.parametrize("decision", list(Decision))
def test_a_decision_of_the_anbieter_settles_it_and_ends_no_contract(decision: Decision) -> None:
    order = order_in(OrderState.PRODUKTIV)
    rechecks.record_change(order, changed(order), later(5))
    assert precheck.record_override(order, decided(order, decision), later(7)) == []
    assert order.state is OrderState.PRODUKTIV
    assert rechecks.task_of(order) is None
    shown = view_of(order, OrderParty.KUNDE, later(8), IDLE).verdict.later
    assert shown is not None
    assert shown.decided is not None
    assert shown.decided.decision is decision
    lines = len(order.steps())
    precheck.record_override(order, decided(order, decision), later(9))
    assert len(order.steps()) == lines, "once"


def test_a_new_check_replaces_what_was_found() -> None:
    order = declared()
    precheck.record_verdict(order, verdict(Verdict.NO_EVIDENCE), T0)
    rechecks.record_change(order, changed(order, Verdict.EXEMPT), later(5))
    assert order.state is OrderState.INTERESSE_BEKUNDET, "the Kunde asks for a check, then it goes on"
    assert order.waiting is not None
    assert order.waiting.what is Task.BRING_EVIDENCE
    precheck.recheck(order, KUNDE, later(6))
    assert order.later.value is None
    assert rechecks.record_change(order, changed(order), later(7)) == [], "while a check is under way its result counts"


def test_an_older_check_an_unknown_one_and_an_ended_vorgang() -> None:
    order = order_in(OrderState.PRODUKTIV)
    assert rechecks.record_change(order, changed(order, check=order.check - 1), later(5)) == []
    with pytest.raises(ConflictError, match="checks"):
        rechecks.record_change(order, changed(order, check=order.check + 1), later(5))
    ended = order_in(OrderState.BEENDET)
    assert rechecks.record_change(ended, changed(ended), later(5)) == []
    assert ended.later.value is None
