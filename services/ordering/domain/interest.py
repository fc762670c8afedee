"""From the Interessensbekundung through the in-house pre-check; the ways out before a contract."""

from __future__ import annotations

from datetime import datetime

from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import SYSTEM, Actor, Refusal
from services.ordering.domain.transitions import Command, awaits_verdict
from shared.calendar import day_of
from shared.errors import ConflictError, InvalidError
from shared.messages.base import Message
from shared.messages.eligibility import Assessment, Stage, VerdictGiven
from shared.messages.ordering import (
    CheckRecorded,
    CheckRequested,
    ContractRequested,
    InterestDeclared,
    InterestForwarded,
    OrderExpired,
    OrderRefused,
    OrderWithdrawn,
)
from shared.messages.values import Anbindungsart, Channel, OrderState, Party, Verdict


def declare(  # noqa: PLR0913 - a Vorgang begins with all of this
    order_id: str,
    offering: ListedOffering,
    channel: Channel,
    customer: Party,
    actor: Actor,
    at: datetime,
    *,
    request_id: str,
    message: str | None = None,
    anbindungsart: Anbindungsart | None = None,
) -> tuple[Order, list[Message]]:
    """Begin a Vorgang. It keeps version and prices of the offer as they are now.

    Raises what ``ListedOffering.require_orderable`` raises, and InvalidError for an Anbindungsart that is not offered.
    """
    offering.require_orderable(channel, customer)
    order = Order(
        id=order_id,
        number=f"V-{day_of(at).year}-{order_id[:8]}",
        request_id=request_id,
        state=OrderState.INTERESSE_BEKUNDET,
        state_since=at,
        channel=channel,
        offering_id=offering.id,
        offering_title=offering.title,
        offering_version=offering.version,
        customer_id=customer.id,
        customer_name=customer.name,
        provider_id=offering.provider_id,
        provider_name=offering.provider_name,
        declared_at=at,
        message=message,
        anbindungsarten=offering.anbindungsarten,
        price_sheet=offering.price_items,
        check_requested_at=at,
    )
    order.permit(Command.DECLARE_INTEREST, actor, at)
    choose_anbindungsart(order, anbindungsart)
    order.enter(Command.DECLARE_INTEREST, actor, at, OrderState.INTERESSE_BEKUNDET)
    return order, [InterestDeclared(order=order.head(), at=at, check=order.check)]


def choose_anbindungsart(order: Order, anbindungsart: Anbindungsart | None) -> None:
    """Set the Anbindungsart if one is named. Raises InvalidError (``anbindungsart_not_offered``)."""
    if anbindungsart is None:
        return
    if anbindungsart not in order.anbindungsarten.value:
        raise InvalidError(
            f"{order.offering_title} is not offered with {anbindungsart}.",
            code="anbindungsart_not_offered",
            anbindungsarten=[str(art) for art in order.anbindungsarten.value],
        )
    order.anbindungsart = anbindungsart


def recheck(order: Order, actor: Actor, at: datetime) -> list[Message]:
    """Ask for a new pre-check; while one is under way this changes nothing. Raises ConflictError (``too_many_checks``)."""
    order.permit(Command.RECHECK, actor, at)
    if order.verdict_at is None:
        return []
    request_check(order, at)
    order.enter(Command.RECHECK, actor, at, order.state)
    return [CheckRequested(order=order.head(), at=at, stage=_stage_of(order), check=order.check)]


def request_check(order: Order, at: datetime) -> None:
    """Count the next check and forget the verdict before it, whose reasoning stays to be read."""
    order.check += 1
    order.check_requested_at = at
    order.verdict = order.verdict_id = order.verdict_at = order.signed_off_by = None


def record_verdict(order: Order, given: VerdictGiven, at: datetime) -> list[Message]:
    """Take the result of the pre-check: the way is free, somebody must act first, or the Vorgang is refused.

    A verdict that the Vorgang has moved past (an older check, another stage, repeated) changes nothing. RISK leaves the way free
    once a named person has signed it off. Raises ConflictError (``check_unknown``) for a check that was never asked for.
    """
    if given.check > order.check:
        raise ConflictError(f"{order.number} has asked for {order.check} checks.", code="check_unknown", check=given.check)
    if given.check < order.check or given.stage is not _stage_of(order) or not _awaits_verdict(order):
        return []
    if order.verdict_id == given.verdict_id and order.signed_off_by == given.signed_off_by:
        return []
    verdict = given.assessment.verdict
    free = verdict is Verdict.EXEMPT or (verdict is Verdict.RISK and given.signed_off_by is not None)
    if not free and verdict not in (Verdict.RISK, Verdict.NO_EVIDENCE):
        finding = given.assessment.decisive
        _keep(order, given, at)
        return refuse(order, Refusal(code=finding.code, reason=finding.reason, remedy=finding.remedy), at)
    _keep(order, given, at)
    if not free:
        order.permit(Command.RECORD_CHECK, SYSTEM, at)
        order.enter(Command.RECORD_CHECK, SYSTEM, at, order.state)
        return [CheckRecorded(order=order.head(), at=at, assessment=given.assessment)]
    if given.stage is Stage.BESTELLUNG:
        return _request_contract(order, given.assessment, at)
    order.permit(Command.FORWARD, SYSTEM, at)
    order.enter(Command.FORWARD, SYSTEM, at, OrderState.WEITERGELEITET)
    order.shown_to = order.provider_id
    return [InterestForwarded(order=order.head(), at=at, assessment=given.assessment)]


def refuse(order: Order, refusal: Refusal, at: datetime) -> list[Message]:
    """End the Vorgang by a rule."""
    if order.permit(Command.REFUSE, SYSTEM, at) is None:
        return []
    stage = _stage_of(order)
    order.refusal.value = refusal
    order.enter(Command.REFUSE, SYSTEM, at, OrderState.ABGELEHNT, refusal.code)
    return [OrderRefused(order=order.head(), at=at, code=refusal.code, reason=refusal.reason, remedy=refusal.remedy, stage=stage)]


def withdraw(order: Order, actor: Actor, at: datetime, reason: str | None = None) -> list[Message]:
    """End the Vorgang at the wish of the Kunde; possible until a contract is asked for."""
    if order.permit(Command.WITHDRAW, actor, at) is None:
        return []
    forwarded = _forwarded(order)
    order.enter(Command.WITHDRAW, actor, at, OrderState.ZURUECKGEZOGEN, reason)
    return [OrderWithdrawn(order=order.head(), at=at, reason=reason, forwarded=forwarded)]


def expire(order: Order, actor: Actor, at: datetime) -> list[Message]:
    """Let the Vorgang lapse."""
    if order.permit(Command.EXPIRE, actor, at) is None:
        return []
    forwarded = _forwarded(order)
    order.enter(Command.EXPIRE, actor, at, OrderState.VERFALLEN)
    return [OrderExpired(order=order.head(), at=at, forwarded=forwarded)]


def is_due(order: Order, kind: Deadline, before: datetime) -> bool:
    """Return whether the deadline of that kind has passed ``before`` a moment."""
    return order.due_kind is kind and order.due_at is not None and order.due_at < before


def restate(order: Order) -> list[Message]:
    """Ask once more for what the Vorgang has asked for before: the verdict that it awaits, or its contract.

    Both are answered once by whoever is asked: a repeat makes no second verdict or contract. Nothing if it asks for nothing.
    """
    assessment = order.assessment.value
    if order.contract_requested_at is not None and assessment is not None:
        again = _contract_request(order, assessment, order.contract_requested_at)
        return [again.model_copy(update={"requested_at": order.contract_requested_at})]
    if _awaits_verdict(order) and order.verdict_at is None:
        return [CheckRequested(order=order.head(), at=order.check_requested_at, stage=_stage_of(order), check=order.check)]
    return []


def _stage_of(order: Order) -> Stage:
    return Stage.INTERESSE if order.state is OrderState.INTERESSE_BEKUNDET else Stage.BESTELLUNG


def _forwarded(order: Order) -> bool:
    """Return whether the Bereitsteller has been told of the interest."""
    return order.shown_to is not None


def _awaits_verdict(order: Order) -> bool:
    return awaits_verdict(order.state, requested=order.contract_requested_at is not None)


def _keep(order: Order, given: VerdictGiven, at: datetime) -> None:
    order.verdict = given.assessment.verdict
    order.verdict_id = given.verdict_id
    order.verdict_at = at
    order.signed_off_by = given.signed_off_by
    order.assessment.value = given.assessment


def _request_contract(order: Order, assessment: Assessment, at: datetime) -> list[Message]:
    """Ask the channel's processor for the contract; ``contract_requested_at`` makes this happen once in the life of a Vorgang."""
    order.permit(Command.REQUEST_CONTRACT, SYSTEM, at)
    order.contract_requested_at = at
    order.enter(Command.REQUEST_CONTRACT, SYSTEM, at, order.state)
    return [_contract_request(order, assessment, at)]


def _contract_request(order: Order, assessment: Assessment, at: datetime) -> ContractRequested:
    return ContractRequested(
        order=order.head(),
        price_items=tuple(order.price_items.value),
        conditions=tuple(order.conditions.value),
        leitweg_id=order.leitweg_id,
        order_reference=order.order_reference,
        assessment=assessment,
        signed_off_by=order.signed_off_by,
        ordered_at=order.placed_at or at,
    )
