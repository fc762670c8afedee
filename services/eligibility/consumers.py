"""Events of orders become verdicts; a whole batch is judged on facts that are read together. Offers are followed.

That an interest was forwarded is recorded: from then on the Bereitsteller sees the verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.eligibility import handlers
from services.eligibility.domain.offering import OfferedService
from services.eligibility.handlers import CheckOrder
from services.eligibility.knowledge import Knowledge
from services.eligibility.repository import OfferedServices, Verdicts
from services.eligibility.rules import Policy
from shared.bus.handling import Consumer, Received, Rejection, in_slices, rejections
from shared.followed_offers import offers_consumer
from shared.messages.base import Message
from shared.messages.eligibility import Stage
from shared.messages.ordering import CheckRequested, InterestDeclared, InterestForwarded, OrderPlaced
from shared.topics import ELIGIBILITY_OFFERINGS, ELIGIBILITY_ORDERS


def consumers(
    knowledge: Knowledge, verdicts: Verdicts, offered: OfferedServices, policy: Policy, clock: Callable[[], datetime]
) -> tuple[Consumer, ...]:
    """Return the consumers that answer each request of an order for a check, and follow the catalogue."""
    return (
        _orders(knowledge, verdicts, policy, clock),
        offers_consumer(ELIGIBILITY_OFFERINGS, offered.ledger, OfferedService.of),
    )


def _orders(knowledge: Knowledge, verdicts: Verdicts, policy: Policy, clock: Callable[[], datetime]) -> Consumer:

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        requests = [event for event in batch if not isinstance(event.message, InterestForwarded)]
        commands = [_command(event.message) for event in requests]
        facts = await knowledge.facts([(command.order.customer.id, command.order.provider.id) for command in commands])
        at = clock()
        changes = {
            id(event): handlers.give_verdict(command, handlers.assess_order(command, known, policy), at, event.cause)
            for event, command, known in zip(requests, commands, facts, strict=True)
        }
        for event in batch:
            if isinstance(event.message, InterestForwarded):
                changes[id(event)] = handlers.forward(event.message.order.id, event.cause)
        return rejections(batch, await verdicts.ledger.apply([changes[id(event)] for event in batch]))

    handled: frozenset[type[Message]] = frozenset({InterestDeclared, CheckRequested, InterestForwarded, OrderPlaced})
    return Consumer(ELIGIBILITY_ORDERS, handled, in_slices(handle))


def _command(message: Message) -> CheckOrder:
    match message:
        case InterestDeclared():
            return CheckOrder(message.order, Stage.INTERESSE, message.check, message.at)
        case CheckRequested():
            return CheckOrder(message.order, message.stage, message.check, message.at)
        case OrderPlaced():
            return CheckOrder(message.order, Stage.BESTELLUNG, message.check, message.at)
        case _:
            raise TypeError(f"{ELIGIBILITY_ORDERS} does not handle {message.TYPE}")
