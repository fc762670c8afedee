"""Assembles the catalog."""

from __future__ import annotations

from services.catalog.api import Backend, routes
from services.catalog.catalogue import ReferenceReader
from services.catalog.domain.offering import Offering
from services.catalog.facts import FACTS, is_published
from services.catalog.repository import COLLECTIONS, SERVICE, Offerings
from services.catalog.search import Schaufenster
from services.catalog.settings import Settings
from shared.aggregate.republisher import Republisher
from shared.process.service import Resources, Service


def build(resources: Resources, settings: Settings | None = None) -> Service:
    """Return the service: it consumes nothing. Reference data are loaded by ``services.catalog.reference.load_reference``."""
    settings = settings or Settings()
    offerings = Offerings(resources)
    reference = ReferenceReader(resources.store)
    schaufenster = Schaufenster(
        offerings,
        reference,
        overlap=settings.search_overlap,
        reload_every=settings.search_reload,
        clock=resources.clock,
    )
    return Service(
        name=SERVICE,
        title="EfA-Marktplatz: catalog",
        collections=COLLECTIONS,
        router=routes(Backend(offerings, reference, schaufenster, resources.clock)),
        ledgers=(offerings.ledger,),
        facts=FACTS,
        republishers=(Republisher("offering", offerings.ledger, Offering.restate, retained=is_published),),
    )
