"""Verdicts that are found without a check: they show on the Vorgang, and people decide what follows."""

from __future__ import annotations

from datetime import datetime

from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Actor, LaterVerdict, Step
from services.ordering.domain.transitions import FINAL, Command
from shared.errors import ConflictError
from shared.messages.base import Message
from shared.messages.eligibility import VerdictChanged, VerdictOverridden
from shared.messages.ordering import OrderParty, OrderVerdictChanged
from shared.messages.values import Verdict


def record_change(order: Order, changed: VerdictChanged, at: datetime) -> list[Message]:
    """Record that the verdict is another one now, found without a check. The Vorgang goes on: what follows, people decide.

    A verdict that the Vorgang has moved past (an older check, one under way, its end) changes nothing. Raises ConflictError
    (``check_unknown``) for a check that was never requested.
    """
    if changed.check > order.check:
        raise ConflictError(f"{order.number} has asked for {order.check} checks.", code="check_unknown", check=changed.check)
    known = order.later.value
    is_known = known is not None and known.assessment == changed.assessment
    if changed.check < order.check or order.verdict_at is None or order.state in FINAL or is_known:
        return []
    assessment = changed.assessment
    order.later.value = LaterVerdict(at=at, before=changed.before, because=changed.because, assessment=assessment)
    _add_line(order, SYSTEM, at, assessment.decisive.code)
    event = OrderVerdictChanged(
        order=order.head(),
        at=at,
        stage=changed.stage,
        before=changed.before,
        because=changed.because,
        assessment=assessment,
    )
    return [event]


def task_of(order: Order) -> OrderParty | None:
    """Return who has to act on the verdict that was found since the last check; None if nobody has, or somebody has decided.

    On a contract, or one that is asked for, and on a risk the Anbieter decides; before that the Kunde mends what is lacking.
    """
    later = order.later.value
    if later is None or later.decided is not None or later.assessment.verdict is Verdict.EXEMPT or order.state in FINAL:
        return None
    is_anbieters = order.contract_requested_at is not None or later.assessment.verdict is Verdict.RISK
    return OrderParty.ANBIETER if is_anbieters else OrderParty.KUNDE


def record_decision(order: Order, overridden: VerdictOverridden, at: datetime) -> None:
    """Record a decision beside the verdict that was found since the last check."""
    later, override = order.later.value, overridden.override
    if later is None or override.check != order.check or override.verdict_hash != later.assessment.hash:
        return
    if later.decided != override:
        order.later.value = later.model_copy(update={"decided": override})
        _add_line(order, Actor(OrderParty.ANBIETER, override.by), at, override.decision.value)


def _add_line(order: Order, actor: Actor, at: datetime, note: str) -> None:
    """Add a line to the timeline for what moves nothing: whoever holds the ball still does, and deadlines stay."""
    line = Step(at=at, command=Command.RECORD_CHECK, party=actor.party, person=actor.person, state=order.state, note=note)
    order.append_to_timeline(line)
