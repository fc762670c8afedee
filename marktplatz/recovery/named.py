"""Which contents a store names: of documents of offers, of evidence, of documents of contracts and statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from marktplatz.assembly import ServiceName
from marktplatz.recovery.stores import Stores
from services.catalog.facts import CONTENTS as OFFERED
from services.catalog.facts import ContentsFact as OfferedFact
from services.contracts.facts import CONTENTS as PAPERS
from services.contracts.facts import PapersFact
from services.eligibility.facts import CONTENTS as EVIDENCE
from services.eligibility.facts import ContentsFact
from shared.store.paging import scanned
from shared.store.port import Collection, Document

NAMING: Final[Mapping[ServiceName, Mapping[Collection, Callable[[Document], ContentsFact | OfferedFact | PapersFact | None]]]] = {
    ServiceName.CATALOG: OFFERED,
    ServiceName.ELIGIBILITY: EVIDENCE,
    ServiceName.CONTRACTS: PAPERS,
}
"""The services whose documents name contents, with the collections of these documents."""


async def named_contents(stores: Stores, service: ServiceName) -> dict[str, str]:
    """Return the id of a document by the SHA-256 of each content that the store of a service names.

    Raises StoreUnavailableError.
    """
    named: dict[str, str] = {}
    for collection, fact_of in NAMING[service].items():
        async for page in scanned(stores[service].store, collection):
            for document in page:
                fact = fact_of(document)
                named |= {} if fact is None else fact.documents
    return named
