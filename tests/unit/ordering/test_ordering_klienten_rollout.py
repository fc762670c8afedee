"""An order that 0.1.0 places in a rolling update without regard to Klienten: the new version holds it until they are settled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.ordering.domain import award, klienten, precheck
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import SYSTEM, Task
from services.ordering.domain.steps import allowed_moves, record_step
from services.ordering.domain.transitions import Command
from shared import reasons
from shared.errors import ConflictError
from shared.messages.eligibility import Stage
from shared.messages.ordering import CheckRecorded, ContractRequested, OrderContracted, OrderParty
from shared.messages.ordering_klienten import KlientOrdered, KlientRemoved
from shared.messages.values import OrderState
from tests.support.builders.orders import KUNDE, T0, concluded, later, verdict
from tests.unit.ordering.test_ordering_klienten import HUSUM, IDLE, ITZEHOE, confirmed, judged


def placed_by_the_first_release() -> Order:
    """A Vorgang for a Klient that has confirmed, and one that has not answered, ordered as 0.1.0 does it."""
    order = confirmed(HUSUM)
    klienten.name_klient(order, KUNDE, T0, ITZEHOE)
    order.placed_at = later(1)
    order.begin_check(later(1))
    record_step(order, Command.PLACE, KUNDE, later(1), OrderState.BESTELLT)
    return order


def judge(order: Order, hours: int) -> list[object]:
    return list(precheck.record_verdict(order, verdict(stage=Stage.BESTELLUNG, check=order.check), later(hours)))


def test_it_is_held_with_what_is_lacking_and_goes_on_once_the_klienten_are_settled() -> None:
    order = placed_by_the_first_release()
    (held,) = judge(order, 2)
    assert isinstance(held, CheckRecorded)
    assert (held.assessment.decisive.code, held.hold_until) == ("KLIENTEN_OPEN", order.hold_until)
    assert held.assessment.decisive.reason.endswith(f"Zu klären: {ITZEHOE.name}.")
    assert reasons.words("KLIENTEN_OPEN", (), "en") is not None
    waiting = order.waiting
    assert waiting is not None
    assert (waiting.party, waiting.what, order.contract_requested_at) == (OrderParty.KUNDE, Task.BRING_EVIDENCE, None)
    deadline = order.deadline(IDLE)
    assert deadline is not None
    assert deadline[0] is Deadline.HOLD
    assert {Command.REMOVE_KLIENT, Command.CHECK_KLIENTEN} <= set(allowed_moves(order, OrderParty.KUNDE, later(3)))
    klienten.remove_klient(order, KUNDE, later(3), ITZEHOE.id)
    precheck.recheck(order, KUNDE, later(4))
    requested, told = judge(order, 5)
    assert isinstance(requested, ContractRequested)
    assert isinstance(told, KlientOrdered)
    assert told.klient == HUSUM


def test_a_klient_may_still_answer_while_it_is_held() -> None:
    order = placed_by_the_first_release()
    judge(order, 2)
    klienten.confirm(order, SYSTEM, later(3), ITZEHOE, "ina.itzehoe")
    klienten.record_check(order, SYSTEM, later(3), judged(ITZEHOE))
    precheck.recheck(order, KUNDE, later(4))
    requested, *told = judge(order, 5)
    assert isinstance(requested, ContractRequested)
    assert {it.klient for it in told if isinstance(it, KlientOrdered)} == {HUSUM, ITZEHOE}


def test_at_the_end_of_the_hold_it_is_refused_for_what_is_lacking() -> None:
    order = placed_by_the_first_release()
    judge(order, 2)
    assert order.hold_until is not None
    precheck.end_hold(order, order.hold_until + timedelta(minutes=1))
    assert order.state is OrderState.ABGELEHNT
    assert order.why is not None
    assert order.why.code == "KLIENTEN_OPEN"


def test_where_0_1_0_has_asked_for_the_contract_too_nobody_is_ordered_for_who_has_not_answered() -> None:
    order = placed_by_the_first_release()
    order.contract_requested_at = later(2)
    contracted, told, removed = award.record_contract(order, concluded(), later(3))
    assert isinstance(contracted, OrderContracted)
    assert isinstance(told, KlientOrdered)
    assert isinstance(removed, KlientRemoved)
    assert (told.klient, removed.klient) == (HUSUM, ITZEHOE)
    assert [it.id for it in order.klienten.value] == [HUSUM.id]


def test_what_this_version_has_ordered_takes_no_more_answers() -> None:
    order = confirmed(HUSUM)
    award.place(order, KUNDE, T0, accepts_agb=True)
    with pytest.raises(ConflictError) as refusal:
        klienten.remove_klient(order, KUNDE, T0, HUSUM.id)
    assert refusal.value.code == "illegal_move"
    (requested,) = judge(order, 1)
    assert isinstance(requested, ContractRequested)
