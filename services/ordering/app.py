"""Assembles ordering."""

from __future__ import annotations

from services.ordering.api import Backend, routes
from services.ordering.census import Census
from services.ordering.consumers import consumers
from services.ordering.deadlines import Deadlines
from services.ordering.domain.requests import outstanding_request
from services.ordering.facts import FACTS
from services.ordering.reference import load_checklists, load_vocabulary
from services.ordering.repository import LISTED_OFFERINGS, ORDERS, SERVICE, Offerings, Orders
from services.ordering.settings import Settings
from shared.aggregate.republisher import Republisher
from shared.process.service import Periodic, Resources, Service


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service: API, consumers, the runs that meet deadlines and count. It reads its data files.

    Raises OSError or ValueError for unfit settings or a malformed file.
    """
    settings = settings or Settings()
    orders = Orders(resources)
    offerings = Offerings(resources)
    checklists = load_checklists(settings.clarification_file, settings.delivery_file)
    deadlines = Deadlines(orders, settings.idle_after, resources.clock)
    return Service(
        name=SERVICE,
        title="Ordering",
        collections=(ORDERS, LISTED_OFFERINGS),
        router=routes(Backend(orders, offerings, checklists, load_vocabulary(), resources.clock)),
        ledgers=(orders.ledger, offerings.ledger),
        consumers=consumers(orders, offerings, resources.clock),
        periodic=(
            Periodic("ordering.deadlines", settings.deadlines_every, deadlines.run),
            Periodic("ordering.census", settings.census_every, Census(orders, resources.clock).run),
        ),
        facts=FACTS,
        republishers=(Republisher("order", orders.ledger, outstanding_request),),
    )
