"""Reports of federated portals become what operators see of them."""

from __future__ import annotations

from services.catalog.portals.watch import PortalWatch
from shared.bus.handling import Consumer
from shared.messages.catalog_portals import PortalHealthReported
from shared.topics import CATALOG_PORTALS


def consumers(watch: PortalWatch) -> tuple[Consumer, ...]:
    """Return the consumer that stores the newest report of each portal."""
    return (Consumer(CATALOG_PORTALS, frozenset((PortalHealthReported,)), watch.take_in),)
