"""Use cases of a Vorgang: each builds the change of one aggregate; the decision itself is the domain's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from services.ordering.access import CUSTOMER_ROLES, actor_of, unknown
from services.ordering.domain import award, clarification, delivery, interest
from services.ordering.domain.checklist import Checklists
from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import SYSTEM, Actor
from services.ordering.domain.transitions import FINAL
from services.ordering.repository import MOST_GENERATIONS, Offerings, Orders
from shared.aggregate.change import Cause, Change
from shared.errors import ConflictError
from shared.http.auth import Caller
from shared.messages import catalog
from shared.messages.base import Message
from shared.messages.contracts import ContractConcluded, ContractRefused
from shared.messages.eligibility import VerdictGiven
from shared.messages.ordering import OrderParty
from shared.messages.values import Anbindungsart, Channel, PriceItem

Decision = Callable[[Order], list[Message]]
ActorDecision = Callable[[Order, Actor], list[Message]]


async def declare_interest(  # noqa: PLR0913 - what an Interessensbekundung says
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
) -> Change[Order]:
    """Begin a Vorgang, unless the customer has an open one for this offer and channel.

    Raises ForbiddenError, NotFoundError (``offering_not_found``), ConflictError (``open_order_exists``, ``too_many_orders``).
    """
    caller.require(*CUSTOMER_ROLES)
    actor = Actor(OrderParty.KUNDE, caller.subject)
    # Places count the Vorgänge of (customer, offer, channel), and a final one never opens again: of two requests at once both
    # come to the same next place and by it to the same random id; insert-if-absent lets one in, and the other meets it in
    # ``decide``. No lock.
    places = await orders.places(caller.organisation, offering_id, channel)
    earlier = [place.order for place in places if place.order is not None]
    same = next((order for order in earlier if order.request_id == request_id), None)
    still_open = next((order for order in reversed(earlier) if order.state not in FINAL), None)
    chosen = same or still_open
    offering = None
    if chosen is not None:
        wanted = chosen.id
    else:
        offering = await offerings.get(offering_id)
        unused = next((place for place in places if place.order is None), None)
        if unused is None and len(places) >= MOST_GENERATIONS:
            raise ConflictError(
                f"There were {len(places)} Vorgänge for this offer and channel, which is the most.", code="too_many_orders"
            )
        place = unused or await orders.reserve(caller.organisation, offering_id, channel, len(places) + 1)
        wanted = place.order_id

    def decide(order: Order | None) -> tuple[Order, Sequence[Message]]:
        if order is not None:
            if order.request_id == request_id:
                return order, []
            raise _open_order(order)
        if offering is None:
            raise unknown(wanted)
        return interest.declare(
            wanted,
            offering,
            channel,
            caller.party,
            actor,
            at,
            request_id=request_id,
            message=message,
            anbindungsart=anbindungsart,
        )

    return Change(wanted, decide, correlation_id=wanted)


def recheck(wanted: str, caller: Caller, at: datetime) -> Change[Order]:
    """Ask for a new pre-check."""
    return _step(wanted, caller, lambda order, actor: interest.recheck(order, actor, at))


def withdraw(wanted: str, caller: Caller, at: datetime, reason: str | None) -> Change[Order]:
    """Withdraw."""
    return _step(wanted, caller, lambda order, actor: interest.withdraw(order, actor, at, reason))


def expire(wanted: str, caller: Caller, at: datetime) -> Change[Order]:
    """Let lapse, by the Anbieter's hand."""
    return _step(wanted, caller, lambda order, actor: interest.expire(order, actor, at))


def start_clarification(
    wanted: str,
    caller: Caller,
    at: datetime,
    checklists: Checklists,
    anbindungsart: Anbindungsart | None,
    points: Sequence[clarification.NewPoint],
) -> Change[Order]:
    """Take up the Abstimmung."""
    return _step(wanted, caller, lambda order, actor: clarification.start(order, actor, at, checklists, anbindungsart, points))


def add_point(wanted: str, caller: Caller, at: datetime, point_id: str, new: clarification.NewPoint) -> Change[Order]:
    """Add an open point."""
    return _step(wanted, caller, lambda order, actor: clarification.add_point(order, actor, at, point_id, new))


def settle_point(wanted: str, caller: Caller, at: datetime, point_id: str, value: str, note: str | None) -> Change[Order]:
    """Settle an open point."""
    return _step(wanted, caller, lambda order, actor: clarification.settle_point(order, actor, at, point_id, value, note))


def ask(wanted: str, caller: Caller, at: datetime, question_id: str, text: str) -> Change[Order]:
    """Ask the other side."""
    return _step(wanted, caller, lambda order, actor: clarification.ask(order, actor, at, question_id, text))


def answer(wanted: str, caller: Caller, at: datetime, question_id: str, text: str) -> Change[Order]:
    """Answer the other side."""
    return _step(wanted, caller, lambda order, actor: clarification.answer(order, actor, at, question_id, text))


def confirm_conditions(wanted: str, caller: Caller, at: datetime, texts: Sequence[str]) -> Change[Order]:
    """Confirm that and on which conditions reuse is possible."""
    return _step(wanted, caller, lambda order, actor: clarification.confirm_conditions(order, actor, at, texts))


def decline(wanted: str, caller: Caller, at: datetime, reason: str) -> Change[Order]:
    """Decline as Bereitsteller."""
    return _step(wanted, caller, lambda order, actor: clarification.decline(order, actor, at, reason))


def make_offer(
    wanted: str, caller: Caller, at: datetime, valid_until: date, price_items: Sequence[PriceItem] | None
) -> Change[Order]:
    """Offer the contract."""
    return _step(wanted, caller, lambda order, actor: award.make_offer(order, actor, at, valid_until, price_items))


def place(
    wanted: str,
    caller: Caller,
    at: datetime,
    *,
    accepts_agb: bool,
    leitweg_id: str | None,
    order_reference: str | None,
) -> Change[Order]:
    """Order."""

    def act(order: Order, actor: Actor) -> list[Message]:
        return award.place(order, actor, at, accepts_agb=accepts_agb, leitweg_id=leitweg_id, order_reference=order_reference)

    return _step(wanted, caller, act)


def start_onboarding(
    wanted: str, caller: Caller, at: datetime, checklists: Checklists, milestones: Sequence[delivery.NewMilestone]
) -> Change[Order]:
    """Begin the Anbindung."""
    return _step(wanted, caller, lambda order, actor: delivery.start_onboarding(order, actor, at, checklists, milestones))


def reach_milestone(wanted: str, caller: Caller, at: datetime, code: str, note: str | None) -> Change[Order]:
    """Report a milestone."""
    return _step(wanted, caller, lambda order, actor: delivery.reach_milestone(order, actor, at, code, note))


def go_live(wanted: str, caller: Caller, at: datetime) -> Change[Order]:
    """Declare productive use."""
    return _step(wanted, caller, lambda order, actor: delivery.go_live(order, actor, at))


def terminate(wanted: str, caller: Caller, at: datetime, ends_on: date) -> Change[Order]:
    """Give notice."""
    return _step(wanted, caller, lambda order, actor: delivery.terminate(order, actor, at, ends_on))


def end(wanted: str, caller: Caller, at: datetime) -> Change[Order]:
    """Record the end of use."""
    return _step(wanted, caller, lambda order, actor: delivery.end(order, actor, at))


def record_verdict(given: VerdictGiven, cause: Cause, at: datetime) -> Change[Order]:
    """Take the result of a pre-check."""
    return _known(given.order_id, lambda order: interest.record_verdict(order, given, at), cause)


def record_contract(concluded: ContractConcluded, cause: Cause, at: datetime) -> Change[Order]:
    """Take a concluded contract."""
    return _known(concluded.contract.order_id, lambda order: award.record_contract(order, concluded, at), cause)


def record_contract_refusal(refused: ContractRefused, cause: Cause, at: datetime) -> Change[Order]:
    """Take the processor's refusal."""
    return _known(refused.order_id, lambda order: award.record_contract_refusal(order, refused, at), cause)


def follow_offering(offering: catalog.Offering, cause: Cause) -> Change[ListedOffering]:
    """Keep the newest state of an offer."""
    return Change(offering.id, lambda _: (ListedOffering.of(offering), []), cause)


def meet_deadline(wanted: str, kind: Deadline, before: datetime, at: datetime) -> Change[Order]:
    """Do what is due by the calendar, unless somebody has moved the Vorgang meanwhile."""

    def act(order: Order) -> list[Message]:
        if not interest.is_due(order, kind, before):
            return []
        return delivery.end(order, SYSTEM, at) if kind is Deadline.NOTICE else interest.expire(order, SYSTEM, at)

    return _known(wanted, act)


def _known(wanted: str, act: Decision, cause: Cause | None = None) -> Change[Order]:
    def decide(order: Order | None) -> tuple[Order, Sequence[Message]]:
        if order is None:
            raise unknown(wanted)
        return order, act(order)

    return Change(wanted, decide, cause, correlation_id=wanted)


def _step(wanted: str, caller: Caller, act: ActorDecision) -> Change[Order]:
    return _known(wanted, lambda order: act(order, actor_of(order, caller)))


def _open_order(order: Order) -> ConflictError:
    return ConflictError(
        f"{order.customer_name} has an open Vorgang for this offer and channel: {order.number}.",
        code="open_order_exists",
        order_id=order.id,
        number=order.number,
        current_state=str(order.state),
    )
