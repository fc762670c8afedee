"""What a Klient reads of a Vorgang: its own part alone, no other Klient, no price and no talk of the others."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from services.ordering.domain.klient import Klient, KlientState
from services.ordering.domain.order import Order
from services.ordering.domain.transitions import FINAL
from services.ordering.views import KlientLaterView, OfferingRef, klient_later
from shared.messages.values import Channel, OrderState, Party, Verdict


class ParticipationCheckView(BaseModel):
    """The pre-check of the chain down to the Klient, with the finding that decides. ``pending``: another one is under way.

    ``later`` is what was found since, without a check.
    """

    pending: bool
    verdict: Verdict | None = None
    as_of: date | None = None
    code: str | None = None
    reason: str | None = None
    remedy: str | None = None
    free: bool = False
    later: KlientLaterView | None = None


class ParticipationView(BaseModel):
    """The part of a Klient in a Vorgang. ``bundler`` orders; ``waiting``: your answer is waited for since ``named_at``.

    ``payment`` and ``return_duty`` are what you owe the Bündler. ``allowed``: confirm, decline, recheck.
    """

    order_id: str
    number: str
    state: OrderState
    channel: Channel
    offering: OfferingRef
    bundler: Party
    provider: Party
    klient: Party
    named_at: datetime
    answer: KlientState
    answered_at: datetime | None
    reason: str | None
    waiting: bool
    payment: bool
    return_duty: bool
    check: ParticipationCheckView
    allowed: tuple[str, ...]

    @classmethod
    def of(cls, order: Order, klient: Klient) -> ParticipationView:
        """Return the part of a Klient."""
        return cls(
            order_id=order.id,
            number=order.number,
            state=order.state,
            channel=order.channel,
            offering=OfferingRef(id=order.offering_id, title=order.offering_title, version=order.offering_version),
            bundler=order.customer,
            provider=order.provider,
            klient=klient.party,
            named_at=klient.named_at,
            answer=klient.state,
            answered_at=klient.answered_at,
            reason=klient.reason,
            waiting=order.waits_for_klient(klient.id),
            payment=klient.payment,
            return_duty=klient.return_duty,
            check=_check(order, klient),
            allowed=_allowed(klient) if order.takes_klienten else (),
        )


def _check(order: Order, klient: Klient) -> ParticipationCheckView:
    if klient.checked is None:
        return ParticipationCheckView(pending=klient.state is KlientState.BESTAETIGT and order.state not in FINAL)
    later = klient_later(order, klient, None)
    return ParticipationCheckView(pending=False, free=klient.is_free, later=later, **klient.checked.model_dump())


def _allowed(klient: Klient) -> tuple[str, ...]:
    match klient.state:
        case KlientState.ANGEFRAGT:
            return "confirm", "decline"
        case KlientState.BESTAETIGT:
            return ("decline", "recheck") if klient.checked is not None else ("decline",)
        case KlientState.ABGELEHNT:
            return ("confirm",)
