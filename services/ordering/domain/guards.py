"""What may stand in the way of a step although the table has it: open points, a contract under way, a day that has passed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.ordering.domain.order import Order
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.messages.ordering import OrderParty
from shared.messages.values import OrderState


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a step is refused: stable code and a sentence for people."""

    code: str
    detail: str


MOST_CHECKS = 50
"""Eligibility keeps each check with its grounds; their number is bounded."""

Guard = Callable[[Order, OrderParty, datetime], Violation | None]


def violated_guard(order: Order, command: Command, party: OrderParty, at: datetime) -> Violation | None:
    """Return the rule that keeps ``party`` from ``command`` at this moment, None if none does."""
    guard = _GUARDS.get(command)
    return None if guard is None else guard(order, party, at)


def _before_contract_request(order: Order, _party: OrderParty, _at: datetime) -> Violation | None:
    if order.contract_requested_at is None:
        return None
    return Violation("contract_requested", "The contract has been asked for; the order is binding.")


def _checks_left(order: Order, party: OrderParty, at: datetime) -> Violation | None:
    if order.check >= MOST_CHECKS and order.verdict_at is not None:
        return Violation("too_many_checks", f"It was checked {order.check} times, which is the most.")
    return _before_contract_request(order, party, at)


def _after_contract_request(order: Order, _party: OrderParty, _at: datetime) -> Violation | None:
    if order.contract_requested_at is not None:
        return None
    return Violation("contract_not_requested", "No contract has been asked for yet.")


def _everything_settled(order: Order, _party: OrderParty, _at: datetime) -> Violation | None:
    if points := order.open_points():
        return Violation("points_open", f"Mandatory points are open: {', '.join(point.label for point in points)}.")
    if questions := order.open_questions():
        return Violation("questions_open", f"Questions without an answer: {len(questions)}.")
    return None


def _offer_valid(order: Order, _party: OrderParty, at: datetime) -> Violation | None:
    if order.valid_until is None or day_of(at) <= order.valid_until:
        return None
    return Violation("offer_expired", f"The offer was valid until {order.valid_until.isoformat()}.")


def _everything_reached(order: Order, _party: OrderParty, _at: datetime) -> Violation | None:
    if milestones := order.open_milestones():
        return Violation("milestones_open", f"Mandatory milestones are open: {', '.join(item.label for item in milestones)}.")
    return None


def _was_productive(order: Order, _party: OrderParty, _at: datetime) -> Violation | None:
    if order.state is OrderState.PRODUKTIV or any(step.command is Command.GO_LIVE for step in order.steps()):
        return None
    if order.uses.value:
        return None  # of a long timeline the oldest lines are gone
    return Violation("never_productive", "The service was never in productive use, so there are no uses.")


def _notice_over(order: Order, _party: OrderParty, at: datetime) -> Violation | None:
    if order.ends_on is None or day_of(at) >= order.ends_on:
        return None
    return Violation("notice_running", f"The use goes on until {order.ends_on.isoformat()}.")


def _asked(order: Order, party: OrderParty, _at: datetime) -> Violation | None:
    if any(question.asked_of is party for question in order.questions.value):
        return None
    return Violation("no_question", f"No question is put to {party}.")


_GUARDS: dict[Command, Guard] = {
    Command.RECHECK: _checks_left,
    Command.RECORD_CHECK: _before_contract_request,
    Command.REQUEST_CONTRACT: _before_contract_request,
    Command.RECORD_CONTRACT: _after_contract_request,
    Command.WITHDRAW: _before_contract_request,
    Command.CHANGE_CHANNEL: _checks_left,
    Command.EXPIRE: _before_contract_request,
    Command.ANSWER: _asked,
    Command.CONFIRM_CONDITIONS: _everything_settled,
    Command.PLACE: _offer_valid,
    Command.GO_LIVE: _everything_reached,
    Command.REPORT_USES: _was_productive,
    Command.END: _notice_over,
}
