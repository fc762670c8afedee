"""Use cases of ordering as changes of one aggregate: begin a Vorgang, take a step, record events of others, meet deadlines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ParamSpec, TypeAlias

from services.ordering.access import CUSTOMER_ROLES, actor_of, unknown
from services.ordering.domain import (
    award,
    continuing,
    contract_refusals,
    exits,
    interest,
    klienten,
    klienten_rechecks,
    notice,
    precheck,
    rechecks,
    reminders,
    steps_back,
    withdrawn_offering,
)
from services.ordering.domain.checklist import Label
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import SYSTEM, Actor, Task
from services.ordering.domain.steps import StepFunction
from services.ordering.domain.transitions import FINAL
from services.ordering.repository import MOST_GENERATIONS, Offerings, Orders
from shared.aggregate.change import Cause, Change
from shared.errors import ConflictError
from shared.http.auth import Caller
from shared.messages.base import Message
from shared.messages.catalog import OfferingWithdrawn
from shared.messages.contracts import ContractConcluded, ContractRefused
from shared.messages.contracts_chain import ContractEnded, ContractTerminated, NoticeRefused
from shared.messages.contracts_changes import ContractSucceeded
from shared.messages.eligibility import VerdictChanged, VerdictGiven, VerdictOverridden
from shared.messages.eligibility_klienten import KlientJudged, KlientVerdictChanged
from shared.messages.ordering import OrderParty
from shared.messages.values import Anbindungsart, Channel, Party, Role

P = ParamSpec("P")
KlientStep: TypeAlias = Callable[[Order, Actor, datetime, Party], list[Message]]
"""A step of a Klient with all that it needs but the Vorgang, when, and which Klient."""


async def declare_interest(  # noqa: PLR0913 - what an Interessensbekundung holds
    orders: Orders,
    offerings: Offerings,
    caller: Caller,
    at: datetime,
    *,
    request_id: str,
    offering_id: str,
    channel: Channel,
    message: str | None = None,
    anbindungsart: Anbindungsart | None = None,
    bundled: bool = False,
) -> Change[Order]:
    """Begin a Vorgang, unless the customer has an open one for this offer and channel; ``bundled`` for Klienten, as Bündler.

    Raises ForbiddenError, NotFoundError (``offering_not_found``), ConflictError (``open_order_exists``, ``too_many_orders``).
    """
    caller.require(*((Role.BUENDELNDE_ORGANISATION,) if bundled else CUSTOMER_ROLES))
    actor = Actor(OrderParty.KUNDE, caller.subject)
    # Places count the Vorgänge of (customer, offer, channel), and a final one never opens again: of two requests at once both
    # come to the same next place and by it to the same random id; insert-if-absent lets one in, and the other meets it in
    # ``decide``. No lock.
    places = await orders.places(caller.organisation, offering_id, channel)
    earlier = [place.order for place in places if place.order is not None]
    same = next((order for order in earlier if order.request_id == request_id), None)
    still_open = _open_one(earlier, channel)
    chosen = same or still_open
    offering = None
    if chosen is not None:
        order_id = chosen.id
    else:
        offering = await offerings.get(offering_id)
        unused = next((place for place in places if place.order is None), None)
        if unused is None and len(places) >= MOST_GENERATIONS:
            raise _too_many(len(places))
        place = unused or await orders.reserve(caller.organisation, offering_id, channel, len(places) + 1)
        order_id = place.order_id

    def decide(order: Order | None) -> tuple[Order, Sequence[Message]]:
        if order is not None:
            if order.request_id == request_id:
                return order, []
            raise _open_order(order)
        if offering is None:
            raise unknown(order_id)
        return interest.declare(
            order_id,
            offering,
            channel,
            caller.party,
            actor,
            at,
            request_id=request_id,
            message=message,
            anbindungsart=anbindungsart,
            bundled=bundled,
        )

    return Change(order_id, decide, correlation_id=order_id)


async def change_channel(
    orders: Orders, offerings: Offerings, caller: Caller, at: datetime, order_id: str, channel: Channel, reason: str | None
) -> Change[Order]:
    """Go on through another channel, unless the customer has an open Vorgang there, whose place it takes.

    Raises NotFoundError, ForbiddenError, ConflictError (``open_order_exists``, ``too_many_orders``), and what the step raises.
    """
    order = (await orders.get(order_id, caller)).order
    offering = await offerings.get(order.offering_id)
    # On a copy first: a step that is refused reserves no place.
    steps_back.change_channel(order.model_copy(deep=True), actor_of(order, caller), at, offering, channel, reason)
    places = await orders.places(order.customer_id, order.offering_id, channel)
    other = _open_one([place.order for place in places if place.order is not None and place.order_id != order_id], channel)
    if other is not None:
        raise _open_order(other)
    has_place = channel is order.channel or any(place.order_id == order_id for place in places)
    if not has_place and not await orders.restore_place(order_id, channel):
        raise _too_many(len(places))
    return _change(
        order_id, lambda order: steps_back.change_channel(order, actor_of(order, caller), at, offering, channel, reason)
    )


def _open_one(orders: Sequence[Order], channel: Channel) -> Order | None:
    """Return the last one that is open, of those that have not changed to another channel."""
    return next((order for order in reversed(orders) if order.state not in FINAL and order.channel is channel), None)


def take(order_id: str, caller: Caller, at: datetime, step: StepFunction[P], *args: P.args, **kwargs: P.kwargs) -> Change[Order]:
    """Apply a step as the caller, who must have a part in the Vorgang and a role of their side.

    Raises NotFoundError, ForbiddenError, and what the step raises.
    """
    return _change(order_id, lambda order: step(order, actor_of(order, caller), at, *args, **kwargs))


def answer_klient(order_id: str, caller: Caller, at: datetime, step: KlientStep) -> Change[Order]:
    """Apply a step of a Klient, for which the caller needs the role KLIENT. Raises NotFoundError, ForbiddenError."""

    def decide(order: Order) -> list[Message]:
        if order.klient(caller.organisation) is None:
            raise unknown(order_id)
        caller.require(Role.KLIENT)
        return step(order, SYSTEM, at, caller.party)

    return _change(order_id, decide)


def record_klient_check(judged: KlientJudged, cause: Cause, at: datetime) -> Change[Order]:
    """Record the result of the pre-check of a Klient; what comes after the order changes nothing."""

    def decide(order: Order) -> list[Message]:
        return klienten.record_check(order, SYSTEM, at, judged) if order.takes_klienten else []

    return _change(judged.order_id, decide, cause)


def record_klient_change(changed: KlientVerdictChanged, cause: Cause, at: datetime) -> Change[Order]:
    """Record a verdict on a Klient that was found without a check."""
    return _change(changed.order_id, lambda order: klienten_rechecks.record_change(order, changed, at), cause)


def record_verdict(given: VerdictGiven, cause: Cause, at: datetime, hold_for: timedelta) -> Change[Order]:
    """Record the result of a pre-check; an order is held for ``hold_for`` for what is lacking."""
    return _change(given.order_id, lambda order: precheck.record_verdict(order, given, at, hold_for), cause)


def record_override(overridden: VerdictOverridden, cause: Cause, at: datetime) -> Change[Order]:
    """Record the decision of a person beside the verdict."""
    return _change(overridden.order_id, lambda order: precheck.record_override(order, overridden, at), cause)


def record_verdict_change(changed: VerdictChanged, cause: Cause, at: datetime) -> Change[Order]:
    """Record a verdict that was found without a check."""
    return _change(changed.order_id, lambda order: rechecks.record_change(order, changed, at), cause)


def record_contract(concluded: ContractConcluded, cause: Cause, at: datetime) -> Change[Order]:
    """Record a concluded contract."""
    return _change(concluded.contract.order_id, lambda order: award.record_contract(order, concluded, at), cause)


def record_contract_refusal(refused: ContractRefused, cause: Cause, at: datetime, hold_for: timedelta) -> Change[Order]:
    """Record the processor's refusal; the Vorgang goes back, and is held for ``hold_for`` for what is to be mended."""
    return _change(refused.order_id, lambda order: contract_refusals.reopen(order, refused, at, hold_for), cause)


def follow_contract(
    event: ContractTerminated | ContractSucceeded | ContractEnded | NoticeRefused, order_id: str, cause: Cause, at: datetime
) -> Change[Order]:
    """Record that the contract of a Vorgang ends, is followed by another one, has ended, or stays as it is against a notice."""

    def decide(order: Order) -> list[Message]:
        match event:
            case ContractTerminated():
                return notice.follow_contract(order, event, at)
            case ContractSucceeded():
                return continuing.follow_succession(order, event, at)
            case ContractEnded():
                return notice.follow_end(order, event.contract, at)
            case NoticeRefused():
                return notice.record_refusal(order, event)

    return _change(order_id, decide, cause)


def follow_withdrawal(order_id: str, withdrawn: OfferingWithdrawn, cause: Cause, at: datetime) -> Change[Order]:
    """Bring a Vorgang in line with the withdrawal of its offer."""
    return _change(order_id, lambda order: withdrawn_offering.follow(order, withdrawn, at), cause)


def meet_deadline(order_id: str, kind: Deadline, before: datetime, at: datetime) -> Change[Order]:
    """Apply the step that is due by the calendar, unless somebody has moved the Vorgang meanwhile."""

    def decide(order: Order) -> list[Message]:
        if not order.is_due(kind, before):
            return []
        if kind is Deadline.HOLD:
            return precheck.end_hold(order, at)
        if order.is_reopened:
            # Where both are over, the end of the hold decides.
            return [] if order.is_due(Deadline.HOLD, at) else contract_refusals.end_lapsed_offer(order, at)
        return notice.end(order, SYSTEM, at) if kind is Deadline.NOTICE else exits.expire(order, SYSTEM, at)

    return _change(order_id, decide)


def remind(
    order_id: str, schedule: reminders.Schedule, at: datetime, idle_after: timedelta, words: Mapping[Task, Label]
) -> Change[Order]:
    """Record the reminders that are due, unless somebody has moved the Vorgang or given them meanwhile."""
    return _change(order_id, lambda order: reminders.remind(order, schedule, at, idle_after, words))


def _change(order_id: str, decide: Callable[[Order], list[Message]], cause: Cause | None = None) -> Change[Order]:
    """Return the change of a Vorgang that must exist."""

    def decide_on(order: Order | None) -> tuple[Order, Sequence[Message]]:
        if order is None:
            raise unknown(order_id)
        return order, decide(order)

    return Change(order_id, decide_on, cause, correlation_id=order_id)


def _too_many(places: int) -> ConflictError:
    return ConflictError(f"There were {places} Vorgänge for this offer and channel, which is the most.", code="too_many_orders")


def _open_order(order: Order) -> ConflictError:
    return ConflictError(
        f"{order.customer_name} has an open Vorgang for this offer and channel: {order.number}.",
        code="open_order_exists",
        order_id=order.id,
        number=order.number,
        current_state=str(order.state),
    )
