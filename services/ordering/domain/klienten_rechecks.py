"""Verdicts on Klienten that are found without a check: they show on the Vorgang, and people decide what follows."""

from __future__ import annotations

from datetime import datetime

from services.ordering.domain.guards import Violation
from services.ordering.domain.klient import Klient, KlientLater, KlientState
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Actor, Step
from services.ordering.domain.steps import Taken
from services.ordering.domain.transitions import FINAL, Command
from shared.messages.base import Message
from shared.messages.eligibility_klienten import KlientVerdictChanged
from shared.messages.ordering_klienten import KlientChecked, OrderKlientVerdictChanged
from shared.messages.values import Verdict


def record_change(order: Order, changed: KlientVerdictChanged, at: datetime) -> list[Message]:
    """Record that the verdict on a Klient is another one now, found without a check. The Vorgang goes on.

    What it has moved past changes nothing: an earlier check, one under way, a Klient that is none any more, the end.
    """
    known = order.klient(changed.klient.id)
    if known is None or known.state is not KlientState.BESTAETIGT or order.state in FINAL:
        return []
    if known.check != changed.check or known.checked is None:
        return []
    found = _later(changed, at)
    if known.later is not None and known.later.model_copy(update={"at": at, "decided_by": None}) == found:
        return []
    known.later = found
    _add_line(order, at, known.name)
    event = OrderKlientVerdictChanged(
        order=order.head(),
        at=at,
        klient=known.party,
        check=known.check,
        before=found.before,
        because=found.because,
        **found.model_dump(include={"verdict", "code", "reason", "remedy"}),
        anbieter_decides=known.is_open and anbieter_decides(order, found),
    )
    return [event]


def anbieter_decides(order: Order, later: KlientLater) -> bool:
    """Return whether the Anbieter has to act: on a contract, or one that is asked for, and on a risk; else the Klient mends."""
    return order.contract_requested_at is not None or later.verdict is Verdict.RISK


def decide_later(order: Order, klient: Klient, actor: Actor, at: datetime, reason: str) -> Taken | Violation | None:
    """Record that a person of the Anbieter answers for what was found since the last check of a Klient."""
    later = klient.later
    if later is None or later.verdict is Verdict.EXEMPT or not anbieter_decides(order, later):
        return Violation("nothing_to_sign", f"Nothing was found about {klient.name} that the Anbieter decides on.")
    if later.fixed:
        return Violation("override_not_allowed", "The conditions of the portal are not met (R12); nobody decides beside them.")
    if later.decided_by is not None:
        return None
    klient.later = later.model_copy(update={"decided_by": actor.person or actor.party.value})
    return Taken(
        lambda: KlientChecked(
            order=order.head(),
            at=at,
            klient=klient.party,
            check=klient.check,
            **later.model_dump(include={"verdict", "code", "reason", "remedy"}),
            signed_off=True,
        ),
        note=f"{klient.name}: {reason}",
    )


def _later(changed: KlientVerdictChanged, at: datetime) -> KlientLater:
    found = changed.assessment
    decisive = found.decisive
    return KlientLater(
        verdict=found.verdict,
        as_of=found.as_of,
        code=decisive.code,
        reason=decisive.reason,
        remedy=decisive.remedy,
        at=at,
        before=changed.before,
        because=changed.because,
        fixed=found.is_fixed,
    )


def _add_line(order: Order, at: datetime, note: str) -> None:
    """Add a line to the timeline for what moves nothing: whoever holds the ball still does, and deadlines stay."""
    command = Command.RECORD_KLIENT_CHECK
    order.append_to_timeline(Step(at=at, command=command, party=SYSTEM.party, state=order.state, note=note))
