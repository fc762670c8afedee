"""Reports of federated portals become what operators see of them; contracts make offers public, end them, and reuse them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.catalog import handlers
from services.catalog.accreditations import Accreditations
from services.catalog.domain import endings, reuse
from services.catalog.portals.watch import PortalWatch
from services.catalog.repository import Offerings
from services.catalog.reuse import Reuses, count_contract
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.messages.base import Message
from shared.messages.catalog_portals import PortalHealthReported
from shared.messages.contracts import Leg
from shared.messages.contracts_chain import ChainConcluded, ChainEvent, ChainRefused
from shared.topics import CATALOG_CONTRACTS, CATALOG_PORTALS

_FORMED: frozenset[type[Message]] = frozenset((ChainConcluded, ChainRefused))


def consumers(
    watch: PortalWatch, offerings: Offerings, reuses: Reuses, accreditations: Accreditations, clock: Callable[[], datetime]
) -> tuple[Consumer, ...]:
    """Return the consumer that stores the newest report of each portal, and the one by which offers follow their contracts.

    By that one it is counted, too, who reuses them.
    """
    return (
        Consumer(CATALOG_PORTALS, frozenset((PortalHealthReported,)), watch.take_in),
        _contracts(offerings, reuses, accreditations, clock),
    )


def _contracts(offerings: Offerings, reuses: Reuses, accreditations: Accreditations, clock: Callable[[], datetime]) -> Consumer:
    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        heard = [(event, event.message) for event in batch if isinstance(event.message, ChainEvent) and _concerns(event.message)]
        stated = accreditations.stated_if_followed
        changes = [handlers.follow_contract(message, event.cause, at, stated) for event, message in heard]
        reused = [(event, contract) for event in batch if (contract := reuse.stated_by(event.message)) is not None]
        counts = [count_contract(contract, event.cause, at) for event, contract in reused]
        return [
            *rejections([event for event, _ in heard], await offerings.ledger.apply(changes)),
            *rejections([event for event, _ in reused], await reuses.ledger.apply(counts)),
        ]

    return Consumer(CATALOG_CONTRACTS, _FORMED | endings.FOLLOWED | reuse.FOLLOWED, handle)


def _concerns(message: ChainEvent) -> bool:
    """Return whether an event can be about a Bereitstellungsvertrag; what was asked for may have a leg of a later version."""
    return type(message) in _FORMED or message.contract.leg is Leg.BEREITSTELLUNG
