"""Events of the other services, as changes of Vorgänge and projected offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.ordering import handlers
from services.ordering.domain.order import Order
from services.ordering.repository import Offerings, Orders
from shared.aggregate.change import Change
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.messages.base import Message
from shared.messages.catalog import (
    OfferingChanged,
    OfferingPublished,
    OfferingRestated,
    OfferingResumed,
    OfferingSuspended,
    OfferingWithdrawn,
)
from shared.messages.contracts import ContractConcluded, ContractRefused
from shared.messages.eligibility import VerdictGiven
from shared.topics import ORDERING_CONTRACTS, ORDERING_OFFERINGS, ORDERING_VERDICTS

_OfferingEvent = OfferingPublished | OfferingChanged | OfferingSuspended | OfferingResumed | OfferingWithdrawn | OfferingRestated
_OFFERING_EVENTS: frozenset[type[Message]] = frozenset(
    {OfferingPublished, OfferingChanged, OfferingSuspended, OfferingResumed, OfferingWithdrawn, OfferingRestated}
)


def consumers(orders: Orders, offerings: Offerings, clock: Callable[[], datetime]) -> tuple[Consumer, ...]:
    """Return the consumers that follow the catalogue, and record verdicts and contracts."""
    return (_offerings(offerings), _verdicts(orders, clock), _contracts(orders, clock))


def _offerings(offerings: Offerings) -> Consumer:

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        changes = [
            handlers.follow_offering(event.message.offering, event.cause)
            for event in batch
            if isinstance(event.message, _OfferingEvent)
        ]
        return rejections(batch, await offerings.ledger.apply(changes))

    return Consumer(ORDERING_OFFERINGS, _OFFERING_EVENTS, handle)


def _verdicts(orders: Orders, clock: Callable[[], datetime]) -> Consumer:

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        changes = [
            handlers.record_verdict(event.message, event.cause, at) for event in batch if isinstance(event.message, VerdictGiven)
        ]
        return rejections(batch, await orders.ledger.apply(changes))

    return Consumer(ORDERING_VERDICTS, frozenset({VerdictGiven}), handle)


def _contracts(orders: Orders, clock: Callable[[], datetime]) -> Consumer:

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        changes: list[Change[Order]] = []
        for event in batch:
            match event.message:
                case ContractConcluded() as concluded:
                    changes.append(handlers.record_contract(concluded, event.cause, at))
                case ContractRefused() as refused:
                    changes.append(handlers.record_contract_refusal(refused, event.cause, at))
        return rejections(batch, await orders.ledger.apply(changes))

    return Consumer(ORDERING_CONTRACTS, frozenset({ContractConcluded, ContractRefused}), handle)
