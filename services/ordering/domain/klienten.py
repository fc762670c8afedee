"""Ordering for Klienten: the Bündler names them, each confirms or declines, and each chain is judged on its own.

The steps of a Klient and of the pre-check stand in the timeline as those of the system: a Klient is no side of the Vorgang, and
its persons are nobody else's to know.
"""

from __future__ import annotations

from datetime import datetime

from services.ordering.domain.guards import MOST_CHECKS, Violation
from services.ordering.domain.klient import Klient, KlientCheck, KlientState
from services.ordering.domain.klienten_rechecks import decide_later
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor
from services.ordering.domain.steps import Taken, step
from services.ordering.domain.transitions import Command
from shared.errors import InvalidError, NotFoundError
from shared.messages.base import Message
from shared.messages.eligibility_klienten import KlientJudged
from shared.messages.ordering_klienten import (
    KlientChecked,
    KlientCheckRequested,
    KlientConfirmed,
    KlientDeclined,
    KlientNamed,
    KlientOrdered,
    KlientRemoved,
)
from shared.messages.values import Party, Verdict

ORDERED_WITHOUT = "ordered_without_answer"
"""Code of why a Klient is removed that has not answered."""
ORDER_ENDED = "order_ended"
"""Code of why it is ordered no more for a Klient: the Vorgang has ended without a contract."""
MOST_KLIENTEN = 50
"""As many Klienten one Vorgang has at most: each is judged and stored with it."""


@step(Command.NAME_KLIENT)
def name_klient(
    order: Order, _actor: Actor, at: datetime, klient: Party, *, payment: bool = True, return_duty: bool = False
) -> Taken | Violation | None:
    """Name a Klient, who confirms or declines; one that has declined may be asked once more.

    Raises InvalidError (``klient_is_party``, ``too_many_klienten``), ConflictError (``klient_named``) for other terms.
    """
    if klient.id in (order.customer_id, order.provider_id, order.channel.value):
        raise InvalidError(f"{klient.name} is a party of the Vorgang itself.", code="klient_is_party", klient=klient.id)
    known = order.klient(klient.id)
    if known is not None and known.state is not KlientState.ABGELEHNT:
        if (known.payment, known.return_duty) == (payment, return_duty):
            return None
        return Violation("klient_named", f"{known.name} is named with other terms; remove it first.")
    if known is None and len(order.klienten.value) >= MOST_KLIENTEN:
        raise InvalidError(f"A Vorgang has {MOST_KLIENTEN} Klienten at most.", code="too_many_klienten")
    checks = 0 if known is None else known.check
    named = Klient(id=klient.id, name=klient.name, payment=payment, return_duty=return_duty, named_at=at, check=checks)
    order.klienten.value = [*(it for it in order.klienten.value if it.id != klient.id), named]
    return Taken(
        lambda: KlientNamed(order=order.head(), at=at, klient=klient, payment=payment, return_duty=return_duty),
        note=klient.name,
    )


@step(Command.REMOVE_KLIENT)
def remove_klient(order: Order, _actor: Actor, at: datetime, klient_id: str, reason: str | None = None) -> Taken:
    """Order no more for a Klient, whatever it has answered. Raises NotFoundError (``klient_not_found``)."""
    klient = _require(order, klient_id)
    order.klienten.value = [it for it in order.klienten.value if it.id != klient_id]
    return Taken(
        lambda: KlientRemoved(order=order.head(), at=at, klient=klient.party, reason=reason),
        note=klient.name if reason is None else f"{klient.name}: {reason}",
    )


@step(Command.ANSWER_KLIENT)
def confirm(order: Order, _actor: Actor, at: datetime, klient: Party, person: str) -> Taken | None:
    """Record that a Klient wants to be ordered for; its chain is judged then. Raises NotFoundError (``klient_not_found``)."""
    known = _require(order, klient.id)
    if known.state is KlientState.BESTAETIGT:
        return None
    known.state, known.name, known.reason = KlientState.BESTAETIGT, klient.name, None
    known.answered_at, known.answered_by = at, person
    known.begin_check()
    return Taken(
        lambda: KlientConfirmed(order=order.head(), at=at, klient=known.party),
        note=known.name,
        further=lambda: [check_request(order, known, at)],
    )


@step(Command.ANSWER_KLIENT)
def decline(order: Order, _actor: Actor, at: datetime, klient: Party, person: str, reason: str) -> Taken | None:
    """Record that a Klient does not want it, also after it had confirmed. Raises NotFoundError (``klient_not_found``)."""
    known = _require(order, klient.id)
    if known.state is KlientState.ABGELEHNT:
        return None
    known.state, known.name, known.reason = KlientState.ABGELEHNT, klient.name, reason
    known.answered_at, known.answered_by = at, person
    known.checked = known.later = known.signed_off_by = None
    return Taken(
        lambda: KlientDeclined(order=order.head(), at=at, klient=known.party, reason=reason), note=f"{known.name}: {reason}"
    )


@step(Command.CHECK_KLIENTEN)
def check_klienten(order: Order, _actor: Actor, at: datetime) -> Taken | None:
    """Ask for the pre-check of every Klient that has confirmed, but for those under way.

    Raises InvalidError (``too_many_checks``).
    """
    return _check_again(order, at, [it for it in _confirmed(order) if it.checked is not None or it.check == 0])


@step(Command.ANSWER_KLIENT)
def check_own(order: Order, _actor: Actor, at: datetime, klient: Party) -> Taken | None:
    """Ask, as a Klient that has confirmed, for a new pre-check. Raises NotFoundError, InvalidError (``too_many_checks``)."""
    known = _require(order, klient.id)
    return _check_again(order, at, [it for it in _confirmed(order) if it is known and it.checked is not None])


@step(Command.RECORD_KLIENT_CHECK)
def record_check(order: Order, _actor: Actor, at: datetime, judged: KlientJudged) -> Taken | None:
    """Record the result of a Klient's pre-check. One that it has moved past changes nothing.

    A signature under a RISK stays as long as the finding is the same.
    """
    known = order.klient(judged.klient.id)
    if known is None or known.state is not KlientState.BESTAETIGT or known.check != judged.check or known.checked is not None:
        return None
    found = judged.assessment.decisive
    known.checked = KlientCheck(
        verdict=judged.assessment.verdict,
        as_of=judged.assessment.as_of,
        code=found.code,
        reason=found.reason,
        remedy=found.remedy,
    )
    known.later = None
    if judged.assessment.verdict is not Verdict.RISK:
        known.signed_off_by = None
    return _checked(order, known, at)


@step(Command.SIGN_OFF_KLIENT)
def sign_off(order: Order, actor: Actor, at: datetime, klient_id: str, reason: str) -> Taken | Violation | None:
    """Record that a person of the Anbieter answers for the RISK in the chain down to a Klient, or for what was found since.

    Raises NotFoundError (``klient_not_found``), ConflictError: ``nothing_to_sign`` unless there is a RISK or, on a contract, any
    verdict to decide beside; ``override_not_allowed`` where the conditions of the portal are not met.
    """
    known = _require(order, klient_id)
    if known.later is not None:
        return decide_later(order, known, actor, at, reason)
    if known.checked is None or known.checked.verdict is not Verdict.RISK:
        return Violation("nothing_to_sign", f"The check of {known.name} shows no RISK to answer for.")
    if known.signed_off_by is not None:
        return None
    known.signed_off_by = actor.person or actor.party.value
    return _checked(order, known, at, f"{known.name}: {reason}")


def order_for_klienten(order: Order, at: datetime) -> list[Message]:
    """Record that it is ordered for the Klienten that have confirmed, and tell them.

    Nobody is ordered for who has not answered: where 0.1.0 has not waited for it, the Klient is removed.
    """
    if not order.bundled or order.klienten_ordered:
        return []
    left = [it for it in order.klienten.value if it.state is KlientState.ANGEFRAGT]
    order.klienten.value = [it for it in order.klienten.value if it not in left]
    order.klienten_ordered = True
    ordered: list[Message] = [KlientOrdered(order=order.head(), at=at, klient=it.party) for it in _confirmed(order)]
    removed = {"reason": "Es wurde bestellt, bevor der Klient geantwortet hat.", "code": ORDERED_WITHOUT}
    return [*ordered, *(KlientRemoved(order=order.head(), at=at, klient=it.party, **removed) for it in left)]


def end_for_klienten(order: Order, at: datetime) -> list[Message]:
    """Return the messages to those that have not declined: nothing is ordered for them any more. They stay named, to read it."""
    ended = {"reason": "Der Vorgang ist ohne Vertrag beendet.", "code": ORDER_ENDED}
    left = [it for it in order.klienten.value if it.state is not KlientState.ABGELEHNT]
    return [KlientRemoved(order=order.head(), at=at, klient=it.party, **ended) for it in left]


def forget_checks(order: Order) -> None:
    """Drop all results: they were found for another Anbieter, and the Bündler asks anew."""
    for klient in order.klienten.value:
        klient.checked = klient.later = klient.signed_off_by = None
        klient.check += klient.state is KlientState.BESTAETIGT


def outstanding_checks(order: Order) -> list[Message]:
    """Return the requests whose answers are waited for once more; each is answered once."""
    if not order.takes_klienten:
        return []
    return [
        check_request(order, it, it.answered_at or it.named_at) for it in _confirmed(order) if it.checked is None and it.check
    ]


def check_request(order: Order, klient: Klient, at: datetime) -> KlientCheckRequested:
    """Return the request for the pre-check that was begun last."""
    return KlientCheckRequested(
        order=order.head(),
        at=at,
        klient=klient.party,
        check=klient.check,
        payment=klient.payment,
        return_duty=klient.return_duty,
    )


def _check_again(order: Order, at: datetime, klienten: list[Klient]) -> Taken | None:
    if not klienten:
        return None
    if spent := [it.name for it in klienten if it.check >= MOST_CHECKS]:
        raise InvalidError(f"{spent[0]} was checked {MOST_CHECKS} times, which is the most.", code="too_many_checks")
    for klient in klienten:
        klient.begin_check()
    first, *others = klienten
    return Taken(
        lambda: check_request(order, first, at),
        note=", ".join(it.name for it in klienten[:5]),
        further=lambda: [check_request(order, it, at) for it in others],
    )


def _checked(order: Order, klient: Klient, at: datetime, note: str | None = None) -> Taken:
    checked = klient.checked
    if checked is None:
        raise ValueError("nothing was checked")
    return Taken(
        lambda: KlientChecked(
            order=order.head(),
            at=at,
            klient=klient.party,
            check=klient.check,
            signed_off=klient.signed_off_by is not None,
            **checked.model_dump(exclude={"as_of"}),
        ),
        note=note or klient.name,
    )


def _confirmed(order: Order) -> list[Klient]:
    return [it for it in order.klienten.value if it.state is KlientState.BESTAETIGT]


def _require(order: Order, klient_id: str) -> Klient:
    known = order.klient(klient_id)
    if known is None:
        raise NotFoundError(
            f"{order.number} has no Klient {klient_id}.", code="klient_not_found", order_id=order.id, klient=klient_id
        )
    return known
