"""How a step is taken: check it by table and guards, let its function decide, record it.

A function decorated with ``@step`` holds the decision only. It is called while the step is possible, raises before it changes
anything, sets the fields of its own, and returns what was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, overload

from services.ordering.domain.guards import Violation, violated_guard
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import Actor, Step
from services.ordering.domain.transitions import BEFORE_ORDER, FINAL, TRANSITIONS, Command
from services.ordering.domain.waiting import waiting_of
from shared.calendar import end_of
from shared.errors import ConflictError, IllegalMoveError
from shared.messages.base import Message
from shared.messages.ordering import OrderParty
from shared.messages.values import OrderState


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that takes place. ``event`` is built after it is recorded, to show that state; ``note`` is for the timeline.

    ``further`` builds what else the step publishes.
    """

    event: Callable[[], Message]
    note: str | None = None
    further: Callable[[], Sequence[Message]] = tuple


MOVING_ON = (Command.CONFIRM_CONDITIONS, Command.PLACE, Command.GO_LIVE)
"""Steps that something may stand in the way of which people can mend."""
P = ParamSpec("P")
Outcome: TypeAlias = Taken | Violation | None
"""What a decision comes to: the step takes place, a rule refuses it, or there is nothing to do."""
Decision: TypeAlias = Callable[Concatenate[Order, Actor, datetime, P], Outcome]
RepeatCheck: TypeAlias = Callable[Concatenate[Order, Actor, datetime, P], Violation | None]
StepFunction: TypeAlias = Callable[Concatenate[Order, Actor, datetime, P], list[Message]]
"""A step as others take it: who, when, and what the step needs; the events come back, none if nothing changes."""


@overload
def step(command: Command) -> Callable[[Decision[P]], StepFunction[P]]: ...
@overload
def step(command: Command, *, repeat: RepeatCheck[P]) -> Callable[[Decision[P]], StepFunction[P]]: ...
def step(command: Command, *, repeat: RepeatCheck[P] | None = None) -> Callable[[Decision[P]], StepFunction[P]]:
    """Turn a decision into the step of ``command``: checked before it, recorded after it.

    A step whose state is reached already is a repeat and changes nothing; ``repeat`` refuses one with other particulars.
    Besides what the decision raises, the step raises as ``check_step``, and ConflictError for a Violation.
    """

    def decorate(decision: Decision[P]) -> StepFunction[P]:
        @wraps(decision)
        def take(order: Order, actor: Actor, at: datetime, /, *args: P.args, **kwargs: P.kwargs) -> list[Message]:
            target = check_step(order, command, actor, at)
            outcome: Outcome = None
            if target is not None:
                outcome = decision(order, actor, at, *args, **kwargs)
            elif repeat is not None:
                outcome = repeat(order, actor, at, *args, **kwargs)
            if isinstance(outcome, Violation):
                raise conflict(order, outcome, command, actor, at)
            if target is None or outcome is None:
                return []
            record_step(order, command, actor, at, target, outcome.note)
            return [outcome.event(), *outcome.further()]

        return take

    return decorate


def check_step(order: Order, command: Command, actor: Actor, at: datetime) -> OrderState | None:
    """Return the state that ``command`` leads to, or None if it has been reached already.

    Raises ForbiddenError, IllegalMoveError, or ConflictError with the code of the guard that is violated.
    """
    try:
        target = TRANSITIONS.check(command, order.state, actor.party)
    except IllegalMoveError:
        raise IllegalMoveError(command, order.state, allowed_moves(order, actor.party, at)) from None
    violation = None if target is None else violated_guard(order, command, actor.party, at)
    if violation is not None:
        raise conflict(order, violation, command, actor, at)
    return target


def record_step(order: Order, command: Command, actor: Actor, at: datetime, state: OrderState, note: str | None = None) -> None:
    """Record a step whose own fields are set: state, timeline, who holds the ball, what is due."""
    if state is not order.state:
        order.state = state
        order.state_since = at
    if state in FINAL:
        order.hold_until = None
    order.append_to_timeline(Step(at=at, command=command, party=actor.party, person=actor.person, state=state, note=note))
    order.record_waiting(waiting_of(order))
    order.due_kind, order.due_at = _deadline_of(order, at)


def allowed_moves(order: Order, party: OrderParty, at: datetime) -> list[Command]:
    """Return the steps that ``party`` may take at this moment, in the table's order."""
    return [command for command in TRANSITIONS.allowed(order.state, party) if violated_guard(order, command, party, at) is None]


def blocked_moves(order: Order, party: OrderParty, at: datetime) -> list[tuple[Command, Violation]]:
    """Return the steps that would move the Vorgang on and are ``party``'s to take, but not yet, each with what is in the way."""
    possible = [it for it in TRANSITIONS.allowed(order.state, party) if it in MOVING_ON]
    found = [(it, violated_guard(order, it, party, at)) for it in possible]
    return [(command, violation) for command, violation in found if violation is not None]


def conflict(order: Order, violation: Violation, command: Command, actor: Actor, at: datetime) -> ConflictError:
    """Return the refusal of a step, with the present state and what is possible instead."""
    return ConflictError(
        violation.detail,
        code=violation.code,
        command=str(command),
        current_state=str(order.state),
        allowed_moves=[str(move) for move in allowed_moves(order, actor.party, at)],
        order_id=order.id,
    )


def _deadline_of(order: Order, at: datetime) -> tuple[Deadline, datetime] | tuple[None, None]:
    if order.state is OrderState.ANGEBOT_ERSTELLT and order.valid_until is not None:
        # With the offer of a Vorgang that is held ends no more than the offer: then another one is needed.
        return Deadline.OFFER, end_of(_last_day_to_order(order, order.valid_until) if order.is_reopened else order.valid_until)
    if order.is_reopened:
        return None, None
    if order.state is OrderState.GEKUENDIGT and order.ends_on is not None:
        return Deadline.NOTICE, end_of(order.ends_on)
    if order.state in BEFORE_ORDER and order.waiting_party is not OrderParty.SYSTEM:
        # A check that is still to come must not cost the Kunde the Vorgang.
        return Deadline.IDLE, at
    return None, None


def _last_day_to_order(order: Order, valid_until: date) -> date:
    """Return the last day of an offer, or of its price lines if they all end before it."""
    return min(valid_until, max((it.valid_to or valid_until for it in order.price_items.value), default=valid_until))
