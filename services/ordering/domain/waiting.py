"""For whom a Vorgang waits, since when, and for what. Read off its state alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.ordering.domain.order import Order
from services.ordering.domain.parts import Task, Waiting
from services.ordering.domain.transitions import SETTLED
from shared.messages.ordering import OrderParty
from shared.messages.values import OrderState, Verdict

_BY_STATE = {
    OrderState.WEITERGELEITET: (OrderParty.BEREITSTELLER, Task.START_CLARIFICATION),
    OrderState.ABGESTIMMT: (OrderParty.ANBIETER, Task.MAKE_OFFER),
    OrderState.ANGEBOT_ERSTELLT: (OrderParty.KUNDE, Task.PLACE),
    OrderState.VERTRAG_GESCHLOSSEN: (OrderParty.BEREITSTELLER, Task.START_ONBOARDING),
    OrderState.GEKUENDIGT: (OrderParty.SYSTEM, Task.END),
}


def waiting_of(order: Order) -> Waiting | None:
    """Return who holds the ball; None in the final states and in productive use, where nobody waits for anybody."""
    if order.state in SETTLED:
        return None
    if order.state is OrderState.IN_ABSTIMMUNG:
        return _in_clarification(order)
    if order.state is OrderState.IN_ANBINDUNG:
        return _in_onboarding(order)
    if order.state in _BY_STATE:
        party, task = _BY_STATE[order.state]
        return Waiting(party, order.state_since, task)
    if order.state is OrderState.INTERESSE_BEKUNDET or order.state is OrderState.BESTELLT:
        return _in_check(order)
    # A state of a later version, which knows who holds the ball.
    return None


def _in_check(order: Order) -> Waiting:
    if order.contract_requested_at is not None:
        return Waiting(OrderParty.ANBIETER, order.contract_requested_at, Task.CONCLUDE_CONTRACT)
    if order.verdict_at is None:
        return Waiting(OrderParty.SYSTEM, order.check_requested_at, Task.CHECK)
    if order.verdict is Verdict.RISK:
        return Waiting(OrderParty.ANBIETER, order.verdict_at, Task.SIGN_OFF)
    return Waiting(OrderParty.KUNDE, order.verdict_at, Task.BRING_EVIDENCE)


def _in_clarification(order: Order) -> Waiting:
    """Both sides may owe something at once: the one that has owed it for longest holds the ball, the Kunde if equal."""
    owed = [Waiting(point.owner, point.since, Task.SETTLE_POINTS) for point in order.open_points()]
    owed += [Waiting(question.asked_of, question.asked_at, Task.ANSWER_QUESTIONS) for question in order.open_questions()]
    if owed:
        return min(owed, key=lambda item: (item.since, item.party is not OrderParty.KUNDE))
    done = [point.settled_at for point in order.points.value if point.mandatory] + [
        item.answered_at for item in order.questions.value
    ]
    return Waiting(OrderParty.BEREITSTELLER, _latest(order.state_since, done), Task.CONFIRM_CONDITIONS)


def _in_onboarding(order: Order) -> Waiting:
    """Milestones follow each other: the owner of the first open one holds the ball since the other side's last one before it."""
    mandatory = [milestone for milestone in order.milestones.value if milestone.mandatory]
    for position, milestone in enumerate(mandatory):
        if milestone.reached_at is None:
            before = [other.reached_at for other in mandatory[:position] if other.owner is not milestone.owner]
            since = _latest(order.state_since, before)
            return Waiting(milestone.owner, since, Task.REACH_MILESTONES, order.target_of(milestone.code))
    done = [milestone.reached_at for milestone in mandatory]
    return Waiting(OrderParty.BEREITSTELLER, _latest(order.state_since, done), Task.GO_LIVE)


def _latest(start: datetime, times: Iterable[datetime | None]) -> datetime:
    return max([start, *(time for time in times if time is not None)])
