"""Events of ordering that costs go by: reported uses, and notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.contracts.domain.usage import Usage, usage_id
from services.contracts.repository import SERVICE
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.bus.handling import Received, Rejection, rejections
from shared.messages.base import Message
from shared.messages.ordering import OrderTerminated, UsesReported
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.port import Index

FOLLOWED: frozenset[type[Message]] = frozenset((UsesReported, OrderTerminated))
"""The events by which uses are followed."""
USAGES = aggregate_collection("usages", Index("offer", ("channel", "offering_id", "organisation")))


class Usages:
    """Usages of all bodies."""

    def __init__(self, resources: Resources) -> None:
        self.ledger: Ledger[Usage] = resources.ledger(Usage, USAGES, service=SERVICE)

    async def follow(self, channel: Channel, batch: Sequence[Received], at: datetime) -> Sequence[Rejection]:
        """Record the reported uses and the notices of a channel's Vorgänge. Raises StoreUnavailableError, WriteConflictError."""
        found = [(event, change) for event in batch if (change := _change(event, channel, at)) is not None]
        return rejections([event for event, _ in found], await self.ledger.apply([change for _, change in found]))


def _change(event: Received, channel: Channel, at: datetime) -> Change[Usage] | None:
    message = event.message
    if not isinstance(message, UsesReported | OrderTerminated) or message.order.channel is not channel:
        return None
    order = message.order
    id_ = usage_id(order.channel, order.offering_id, order.customer.id)

    def decide(usage: Usage | None) -> tuple[Usage, Sequence[Message]]:
        if usage is None:
            usage = Usage(id=id_, offering_id=order.offering_id, channel=order.channel, organisation=order.customer.id)
        match message:
            case UsesReported():
                usage.report(order.id, message.period, message.count, at)
            case OrderTerminated():
                usage.end(order.id, message.ends_on)
        return usage, []

    return Change(id_, decide, event.cause)
