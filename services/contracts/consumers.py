"""The processors, one per channel: contract requests become contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from services.contracts import handlers
from services.contracts.cascade import hold_to_parents
from services.contracts.domain.provision import Provision
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from services.contracts.repository import Contracts, Registers
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.followed_offers import WITH_STATE
from shared.messages.catalog import Offering
from shared.messages.ordering import ContractRequested
from shared.topics import CONTRACTS_OFFERINGS, contract_group


def consumers(
    served: Iterable[Terms], contracts: Contracts, registers: Registers, clock: Callable[[], datetime]
) -> tuple[Consumer, ...]:
    """Return the consumers of each channel served: its requests, and the offers that it lists."""
    channels = tuple(served)
    return (
        *(_processor(terms, contracts, registers, clock) for terms in channels),
        *(_offerings(terms, contracts, clock) for terms in channels),
    )


def _processor(terms: Terms, contracts: Contracts, registers: Registers, clock: Callable[[], datetime]) -> Consumer:
    """Return the consumer of a channel: its own group, its own request topic, its own registers."""

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        cases = [handlers.examine(_request(event, terms), event.cause, terms, at) for event in batch]
        results = await handlers.form_contracts(cases, terms, contracts, registers)
        await hold_to_parents([result.state for result in results if result.state is not None], terms, contracts, at)
        return rejections(batch, results)

    return Consumer(group=contract_group(terms.channel), handles=frozenset({ContractRequested}), handle=handle)


def _offerings(terms: Terms, contracts: Contracts, clock: Callable[[], datetime]) -> Consumer:
    """Return the consumer of what the catalogue lists with a channel: each has its Bereitstellungsvertrag."""

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        listed = [(event, provision) for event in batch for provision in Provision.listed(_offering(event), terms.channel)]
        changes = [handlers.provide(provision, terms, at, event.cause) for event, provision in listed]
        return rejections([event for event, _ in listed], await contracts.ledger.apply(changes))

    return Consumer(group=CONTRACTS_OFFERINGS[terms.channel], handles=frozenset(WITH_STATE), handle=handle)


def _offering(event: Received) -> Offering:
    if not isinstance(event.message, WITH_STATE):
        raise TypeError(f"{event.message.TYPE} states no offer")
    return event.message.offering


def _request(event: Received, terms: Terms) -> Request:
    if not isinstance(event.message, ContractRequested):
        raise TypeError(f"the processor of {terms.channel.value} does not handle {event.message.TYPE}")
    return Request(terms.channel, event.message, event.message.requested_at or event.time)
