"""Events of the other services, as changes of Vorgänge and projected offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.ordering import handlers
from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Order
from services.ordering.repository import Offerings, Orders
from services.ordering.withdrawn_offerings import with_orders
from shared.aggregate.change import Change
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.followed_offers import offers_consumer
from shared.messages.base import Message
from shared.messages.contracts import ContractConcluded, ContractRefused
from shared.messages.contracts_chain import ContractEnded, ContractTerminated, NoticeRefused
from shared.messages.contracts_changes import ContractSucceeded
from shared.messages.eligibility import VerdictChanged, VerdictGiven, VerdictOverridden
from shared.messages.eligibility_klienten import KlientJudged, KlientVerdictChanged
from shared.topics import ORDERING_CONTRACTS, ORDERING_OFFERINGS, ORDERING_VERDICTS

_OF_CONTRACTS: Final[frozenset[type[Message]]] = frozenset(
    {ContractConcluded, ContractRefused, ContractTerminated, ContractSucceeded, ContractEnded, NoticeRefused}
)

_VERDICTS: Final[frozenset[type[Message]]] = frozenset(
    {VerdictGiven, VerdictOverridden, VerdictChanged, KlientJudged, KlientVerdictChanged}
)


def consumers(orders: Orders, offerings: Offerings, clock: Callable[[], datetime], hold_for: timedelta) -> tuple[Consumer, ...]:
    """Return the consumers that follow the catalogue, and record verdicts and contracts; ``hold_for`` as in the settings."""
    return (
        with_orders(offers_consumer(ORDERING_OFFERINGS, offerings.ledger, ListedOffering.of), orders, clock),
        _verdicts(orders, clock, hold_for),
        _contracts(orders, clock, hold_for),
    )


def _verdicts(orders: Orders, clock: Callable[[], datetime], hold_for: timedelta) -> Consumer:

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        changes: list[Change[Order]] = []
        for event in batch:
            match event.message:
                case VerdictGiven() as given:
                    changes.append(handlers.record_verdict(given, event.cause, at, hold_for))
                case VerdictOverridden() as overridden:
                    changes.append(handlers.record_override(overridden, event.cause, at))
                case VerdictChanged() as changed:
                    changes.append(handlers.record_verdict_change(changed, event.cause, at))
                case KlientJudged() as judged:
                    changes.append(handlers.record_klient_check(judged, event.cause, at))
                case KlientVerdictChanged() as klient_changed:
                    changes.append(handlers.record_klient_change(klient_changed, event.cause, at))
        return rejections(batch, await orders.ledger.apply(changes))

    return Consumer(ORDERING_VERDICTS, _VERDICTS, handle)


def _contracts(orders: Orders, clock: Callable[[], datetime], hold_for: timedelta) -> Consumer:

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        changes: list[Change[Order]] = []
        handled: list[Received] = []
        for event in batch:
            match event.message:
                case ContractConcluded() as concluded:
                    changes.append(handlers.record_contract(concluded, event.cause, at))
                case ContractRefused() as refused:
                    changes.append(handlers.record_contract_refusal(refused, event.cause, at, hold_for))
                case ContractTerminated() | ContractSucceeded() | ContractEnded() | NoticeRefused() as step if (
                    step.contract.order_id is not None
                ):
                    changes.append(handlers.follow_contract(step, step.contract.order_id, event.cause, at))
                case _:
                    continue
            handled.append(event)
        return rejections(handled, await orders.ledger.apply(changes))

    return Consumer(ORDERING_CONTRACTS, _OF_CONTRACTS, handle)
