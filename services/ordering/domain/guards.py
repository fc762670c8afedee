"""What may stand in the way of a step although the table has it: open points, a contract under way, a day that has passed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from services.ordering.domain.klient import Klient, KlientState
from services.ordering.domain.order import Order
from services.ordering.domain.transitions import Command
from shared.calendar import day_of
from shared.messages.ordering import OrderParty
from shared.messages.values import OrderState, PriceItem, Verdict


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


def offer_lapsed(order: Order, at: datetime) -> Violation | None:
    """Return why nobody can order on an offer at a moment, whoever they are: its last day, or that of its prices, has passed."""
    if order.valid_until is not None and day_of(at) > order.valid_until:
        return Violation("offer_expired", f"The offer was valid until {order.valid_until.isoformat()}.")
    return _offer_priced(order, at)


def _may_be_placed(order: Order, party: OrderParty, at: datetime) -> Violation | None:
    ready = offer_lapsed(order, at) or klienten_ready(order, at)
    # Each order has a check of its own; the first is never one too many.
    return ready or (_checks_left(order, party, at) if order.contract_refusals else None)


def _offer_priced(order: Order, at: datetime) -> Violation | None:
    """Return what the processor would refuse the contract for: an offer of which no price line is valid on the day."""
    if valid_lines(order.price_items.value, day_of(at)):
        return None
    return Violation("offer_without_price", "No price line of the offer is valid today; the Anbieter has to amend it.")


def valid_lines(items: Iterable[PriceItem], day: date) -> list[PriceItem]:
    """Return the price lines that are valid on a day: without one no contract comes about."""
    return [item for item in items if item.valid_from <= day and (item.valid_to is None or day <= item.valid_to)]


def klienten_ready(order: Order, at: datetime) -> Violation | None:
    """Return what keeps a Bündler from ordering: it orders for Klienten alone that have confirmed and whose way is free today."""
    if not order.bundled:
        return None
    if asked := order.asked_klienten():
        return Violation("klienten_open", f"Klienten have not answered: {_names(asked)}.")
    confirmed = [it for it in order.klienten.value if it.state is KlientState.BESTAETIGT]
    if not confirmed:
        return Violation("klient_missing", "No Klient has confirmed that it is ordered for.")
    if lacking := [it for it in confirmed if not it.is_free]:
        return Violation("klient_check_open", f"The pre-check does not leave the way free for: {_names(lacking)}.")
    if old := [it for it in confirmed if it.checked is not None and it.checked.as_of != day_of(at)]:
        return Violation("klient_check_old", f"A pre-check holds for its day; ask for a new one of: {_names(old)}.")
    return None


def _names(klienten: list[Klient]) -> str:
    return ", ".join(it.name for it in klienten)


def _bundled(order: Order, _party: OrderParty, _at: datetime) -> Violation | None:
    if order.bundled:
        return None
    return Violation("not_bundled", "The interest was not declared as Bündler; a Vorgang for Klienten begins as one.")


def _has_klienten(order: Order, party: OrderParty, at: datetime) -> Violation | None:
    if order.bundled and not order.takes_klienten:
        return Violation("illegal_move", "It is ordered for the Klienten that have confirmed.")
    if order.bundled and not order.klienten.value:
        return Violation("klient_missing", "No Klient is named.")
    return _bundled(order, party, at)


def _klient_to_sign(order: Order, party: OrderParty, at: datetime) -> Violation | None:
    """Return what keeps the Anbieter from answering for a Klient: once it is ordered, that nothing was found since."""
    found = [it.later for it in order.klienten.value if it.later is not None and it.later.verdict is not Verdict.EXEMPT]
    if order.takes_klienten or not order.bundled:
        return _has_klienten(order, party, at)
    return None if found else Violation("nothing_to_sign", "Nothing was found about a Klient since it was ordered.")


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
    Command.NAME_KLIENT: _bundled,
    Command.REMOVE_KLIENT: _has_klienten,
    Command.ANSWER_KLIENT: _has_klienten,
    Command.CHECK_KLIENTEN: _has_klienten,
    Command.RECORD_KLIENT_CHECK: _has_klienten,
    Command.SIGN_OFF_KLIENT: _klient_to_sign,
    Command.PLACE: _may_be_placed,
    Command.GO_LIVE: _everything_reached,
    Command.REPORT_USES: _was_productive,
    Command.END: _notice_over,
}
