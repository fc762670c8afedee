"""Puts ordering together."""

from __future__ import annotations

from services.ordering.api import Backend, routes
from services.ordering.census import Census
from services.ordering.consumers import contracts_consumer, offerings_consumer, verdicts_consumer
from services.ordering.deadlines import Deadlines
from services.ordering.domain.requests import outstanding_request
from services.ordering.facts import FACTS
from services.ordering.reference import load_checklists, load_vocabulary
from services.ordering.repository import LISTED_OFFERINGS, ORDERS, SERVICE, Offerings, Orders
from services.ordering.settings import Settings
from shared.aggregate.republisher import Republisher
from shared.process.service import Periodic, Resources, Service


def build(resources: Resources) -> Service:
    """Return ordering, built on the parts. Reads its settings and data files; raises ValueError for a malformed one."""
    settings = Settings()
    orders = Orders(resources)
    offerings = Offerings(resources)
    backend = Backend(
        orders=orders,
        offerings=offerings,
        checklists=load_checklists(settings.clarification_file, settings.delivery_file),
        vocabulary=load_vocabulary(),
        clock=resources.clock,
    )
    deadlines = Deadlines(orders, settings.idle_after, resources.clock)
    return Service(
        name=SERVICE,
        title="Ordering",
        collections=(ORDERS, LISTED_OFFERINGS),
        router=routes(backend),
        ledgers=(orders.ledger, offerings.ledger),
        consumers=(
            offerings_consumer(offerings),
            verdicts_consumer(orders, resources.clock),
            contracts_consumer(orders, resources.clock),
        ),
        periodic=(
            Periodic("ordering.deadlines", settings.deadlines_every, deadlines.run),
            Periodic("ordering.census", settings.census_every, Census(orders, resources.clock).run),
        ),
        facts=FACTS,
        republishers=(Republisher("order", orders.ledger, outstanding_request),),
    )
