"""Reports of federated portals become what operators see of them; contracts that are concluded make offers public."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.catalog import handlers
from services.catalog.accreditations import Accreditations
from services.catalog.portals.watch import PortalWatch
from services.catalog.repository import Offerings
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.messages.catalog_portals import PortalHealthReported
from shared.messages.contracts_chain import ChainConcluded, ChainRefused
from shared.topics import CATALOG_CONTRACTS, CATALOG_PORTALS


def consumers(
    watch: PortalWatch, offerings: Offerings, accreditations: Accreditations, clock: Callable[[], datetime]
) -> tuple[Consumer, ...]:
    """Return the consumer that stores the newest report of each portal, and the one by which offers follow their contracts."""
    return (
        Consumer(CATALOG_PORTALS, frozenset((PortalHealthReported,)), watch.take_in),
        _contracts(offerings, accreditations, clock),
    )


def _contracts(offerings: Offerings, accreditations: Accreditations, clock: Callable[[], datetime]) -> Consumer:
    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        heard = [(event, event.message) for event in batch if isinstance(event.message, ChainConcluded | ChainRefused)]
        stated = accreditations.stated_if_followed
        changes = [handlers.follow_contract(message, event.cause, at, stated) for event, message in heard]
        return rejections([event for event, _ in heard], await offerings.ledger.apply(changes))

    return Consumer(CATALOG_CONTRACTS, frozenset((ChainConcluded, ChainRefused)), handle)
