"""What a Vorgang asks of other services: a pre-check, a contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.ordering.domain.klienten import outstanding_checks
from services.ordering.domain.notice import outstanding_notice
from services.ordering.domain.order import Order
from services.ordering.domain.transitions import Command
from shared.messages.base import Message
from shared.messages.eligibility import Assessment
from shared.messages.ordering import CheckRequested, ContractRequested


def check_request(order: Order) -> CheckRequested:
    """Return the request for the pre-check that was begun last."""
    return CheckRequested(order=order.head(), at=order.check_requested_at, stage=order.stage, check=order.check)


def contract_request(order: Order, assessment: Assessment, at: datetime) -> ContractRequested:
    """Return the request to the channel's processor for the contract, on the assessment that leaves the way free."""
    return ContractRequested(
        order=order.head(),
        price_items=tuple(order.price_items.value),
        conditions=tuple(order.conditions.value),
        leitweg_id=order.leitweg_id,
        order_reference=order.order_reference,
        assessment=assessment,
        signed_off_by=order.signed_off_by,
        override=order.override.value,
        ordered_at=order.placed_at or at,
        offered_by=_last_person(order, Command.MAKE_OFFER, Command.AMEND_OFFER),
        placed_by=_last_person(order, Command.PLACE),
        agb_version=order.agb_version,
        attempt=order.contract_refusals + 1 if order.contract_refusals else None,
    )


def _last_person(order: Order, *commands: Command) -> str | None:
    """Return who took one of these steps last, None if the timeline does not hold it any more."""
    return next((step.person for step in reversed(order.steps()) if step.command in commands), None)


def outstanding_request(order: Order) -> Sequence[Message]:
    """Return the outstanding request again, or nothing.

    A repeat is safe: whoever is asked answers a pre-check, a contract and a notice once.
    """
    assessment = order.judged
    if (notice := outstanding_notice(order)) is not None:
        return [notice]
    if order.contract_requested_at is not None and assessment is not None:
        request = contract_request(order, assessment, order.contract_requested_at)
        return [request.model_copy(update={"requested_at": order.contract_requested_at})]
    if order.takes_verdict and order.verdict_at is None:
        return [check_request(order), *outstanding_checks(order)]
    return outstanding_checks(order)
