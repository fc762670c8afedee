"""Builds the catalog from the parts that the process gives."""

from __future__ import annotations

from services.catalog.api import Backend, routes
from services.catalog.catalogue import ReferenceReader
from services.catalog.domain.offering import Offering
from services.catalog.facts import FACTS, is_published
from services.catalog.repository import COLLECTIONS, Offerings, open_ledger
from services.catalog.search import Schaufenster
from services.catalog.settings import CatalogSettings
from shared.aggregate.republisher import Republisher
from shared.process.service import Resources, Service


def build(resources: Resources) -> Service:
    """Return the catalog. No I/O: the reference data are loaded by ``services.catalog.reference.load_reference``."""
    settings = CatalogSettings()
    ledger = open_ledger(resources.store, resources.publisher, resources.clock)
    offerings = Offerings(ledger, resources.store)
    reference = ReferenceReader(resources.store)
    schaufenster = Schaufenster(
        offerings,
        reference,
        overlap=settings.search_overlap,
        reload_every=settings.search_reload,
        clock=resources.clock,
    )
    return Service(
        name="catalog",
        title="EfA-Marktplatz: catalog",
        collections=COLLECTIONS,
        router=routes(Backend(offerings, reference, schaufenster, resources.clock)),
        ledgers=(ledger,),
        facts=FACTS,
        republishers=(Republisher("offering", ledger, Offering.restate, retained=is_published),),
    )
