"""The processors, one per channel: contract requests become contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from services.contracts import handlers
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from services.contracts.repository import Contracts, Registers
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.messages.ordering import ContractRequested
from shared.topics import contract_group


def consumers(
    served: Iterable[Terms], contracts: Contracts, registers: Registers, clock: Callable[[], datetime]
) -> tuple[Consumer, ...]:
    """Return the consumer of each channel served."""
    return tuple(_processor(terms, contracts, registers, clock) for terms in served)


def _processor(terms: Terms, contracts: Contracts, registers: Registers, clock: Callable[[], datetime]) -> Consumer:
    """Return the consumer of a channel: its own group, its own request topic, its own registers."""

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        cases = [handlers.examine(_request(event, terms), event.cause, terms, at) for event in batch]
        return rejections(batch, await handlers.form_contracts(cases, terms, contracts, registers))

    return Consumer(group=contract_group(terms.channel), handles=frozenset({ContractRequested}), handle=handle)


def _request(event: Received, terms: Terms) -> Request:
    if not isinstance(event.message, ContractRequested):
        raise TypeError(f"the processor of {terms.channel.value} does not handle {event.message.TYPE}")
    return Request(terms.channel, event.message, event.message.requested_at or event.time)
