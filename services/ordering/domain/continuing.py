"""A contract follows that of the Vorgang: the use goes on with it, and a notice of the one before no longer ends it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from services.ordering.domain.notice import end_early
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, EarlyContract, FollowingContract, FormerContract
from services.ordering.domain.steps import check_step, record_step
from services.ordering.domain.transitions import RUNNING, Command
from shared.messages.base import Message
from shared.messages.contracts_changes import ContractSucceeded
from shared.messages.ordering import OrderContinued
from shared.messages.values import OrderState

MOST_EARLY: Final = 10
"""As many contracts are kept that follow one which the Vorgang does not have yet; the processor tells of the others again."""


def follow_succession(order: Order, succeeded: ContractSucceeded, at: datetime) -> list[Message]:
    """Go on with the contract that follows that of the Vorgang, and with those that follow it; a repeat changes nothing.

    A notice is taken back by one that begins by the day after the last one. After a gap the Vorgang ends with its contract, and
    one that has ended stays so: then it names what follows. What follows a contract that the Vorgang does not have yet waits
    for that one.
    """
    head = succeeded.contract
    if head.number is None:
        return []
    early = EarlyContract(
        continues=succeeded.continues,
        id=head.id,
        number=head.number,
        valid_from=head.valid_from,
        former_ends_on=succeeded.former_ends_on,
    )
    if order.contract_id != early.continues:
        _keep(order, early)
        return []
    return [*_follow(order, early, at), *follow_early(order, at)]


def follow_early(order: Order, at: datetime) -> list[Message]:
    """Go on with the contracts that were told of before the one that they follow, which the Vorgang has now."""
    events: list[Message] = []
    while (early := next((it for it in order.early_contracts.value if it.continues == order.contract_id), None)) is not None:
        order.early_contracts.value = [it for it in order.early_contracts.value if it.id != early.id]
        events += _follow(order, early, at)
        events += end_early(order, early, at)
    return events


def _keep(order: Order, early: EarlyContract) -> None:
    """Keep what follows a contract that may still come, as the Vorgang has one or has asked for it."""
    former = {it.id for it in order.former_contracts.value}
    is_known = early.id in {order.contract_id, *former, *(it.id for it in order.early_contracts.value)}
    waits = order.state in {*RUNNING, OrderState.GEKUENDIGT} or order.contract_requested_at is not None
    if waits and order.state is not OrderState.BEENDET and not is_known and early.continues not in former:
        order.early_contracts.value = [*order.early_contracts.value, early][-MOST_EARLY:]


def _follow(order: Order, early: EarlyContract, at: datetime) -> list[Message]:
    following = FollowingContract(id=early.id, number=early.number, valid_from=early.valid_from)
    last_day = order.ends_on or early.former_ends_on
    if order.state is OrderState.BEENDET or _leaves_a_gap(last_day, early.valid_from):
        order.following_contract.value = following
        return []
    number = order.contract_number or early.continues
    former = FormerContract(id=early.continues, number=number, followed_on=early.valid_from, ends_on=last_day)
    return _go_on(order, former, following, at)


def _leaves_a_gap(last_day: date | None, first_day: date) -> bool:
    return last_day is not None and first_day > last_day + timedelta(days=1)


def _go_on(order: Order, former: FormerContract, following: FollowingContract, at: datetime) -> list[Message]:
    # The table has all states that a notice may have come from; which one it was, only the Vorgang knows.
    check_step(order, Command.CONTINUE, SYSTEM, at)
    target = _state_before_notice(order) if order.state is OrderState.GEKUENDIGT else order.state
    before = order.ends_on
    order.former_contracts.value = [*order.former_contracts.value, former]
    order.contract_id, order.contract_number = following.id, following.number
    order.ends_on = order.notice.value = None
    record_step(order, Command.CONTINUE, SYSTEM, at, target, following.number)
    return [
        OrderContinued(
            order=order.head(),
            at=at,
            contract_id=following.id,
            contract_number=following.number,
            former_contract_id=former.id,
            valid_from=following.valid_from,
            before=before,
        )
    ]


def _state_before_notice(order: Order) -> OrderState:
    """Return the last state in which it ran; of a long timeline that line may be gone, and the milestones tell."""
    for step in reversed(order.steps()):
        if step.state in RUNNING:
            return step.state
    if not order.milestones.value:
        return OrderState.VERTRAG_GESCHLOSSEN
    return OrderState.IN_ANBINDUNG if order.open_milestones() and not order.uses.value else OrderState.PRODUKTIV
