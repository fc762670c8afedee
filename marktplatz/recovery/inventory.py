"""All stores of the marketplace, opened together with what each service keeps in its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from marktplatz.assembly import BUILDERS, ServiceName
from marktplatz.loading import LOADERS, Silent
from shared.aggregate import epochs
from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import Publisher
from shared.http import idempotency
from shared.process.runtime import opened
from shared.process.service import Resources, Service
from shared.process.settings import ProcessSettings
from shared.store.port import Collection, Document, Store

PAGE = 500

IN_ORDER = (
    ServiceName.CONTRACTS,
    ServiceName.ELIGIBILITY,
    ServiceName.ORDERING,
    ServiceName.CATALOG,
    ServiceName.NOTIFY,
)
"""The order in which stores are copied: who answers before who asks.

The copies of a running system are minutes apart. A question whose answer is missing is asked once more by a rebuild; an answer
to a question that was never asked would have no place.
"""


@dataclass(frozen=True, slots=True)
class ServiceStore:
    """One service's store and what lies in it."""

    service: Service
    store: Store

    @property
    def collections(self) -> tuple[Collection, ...]:
        """Every collection that a backup holds, in the order in which they are copied."""
        return (*self.service.collections, idempotency.COLLECTION)

    @property
    def reference(self) -> tuple[Collection, ...]:
        """Collections that hold reference data only: they can be loaded anew."""
        loaded = LOADERS[self.service.name][0] if self.service.name in LOADERS else ()
        ledgers = {ledger.collection for ledger in self.service.ledgers}
        return tuple(collection for collection in loaded if collection not in ledgers)

    def ledger(self, collection: Collection) -> Ledger[Any]:
        """Return the ledger of a collection. Raises KeyError."""
        for ledger in self.service.ledgers:
            if ledger.collection == collection:
                return ledger
        raise KeyError(f"{self.service.name} keeps no aggregates in {collection.name}")


@asynccontextmanager
async def opened_stores(
    settings: ProcessSettings, publisher: Publisher | None = None
) -> AsyncIterator[Mapping[ServiceName, ServiceStore]]:
    """Open and prepare the stores of all services, in the order in which they are copied.

    Raises StoreUnavailableError, StoreUnfitError.
    """
    async with AsyncExitStack() as stack:
        stores: dict[ServiceName, ServiceStore] = {}
        for name in IN_ORDER:
            store = await stack.enter_async_context(opened(name.value, settings))
            resources = Resources(store=store, publisher=publisher or Silent(), data_dir=settings.data)
            service_store = ServiceStore(BUILDERS[name](resources), store)
            await store.prepare([*service_store.collections, epochs.COLLECTION])
            stores[name] = service_store
        yield stores


async def pages(store: Store, collection: Collection, size: int = PAGE) -> AsyncIterator[list[Document]]:
    """Yield all documents of a collection in the order of their ids, page by page, each as it is when its page is read."""
    after: str | None = None
    while documents := await store.scan(collection, after, size):
        yield documents
        after = documents[-1]["_id"]


async def documents_of(store: Store, collection: Collection) -> AsyncIterator[Document]:
    """Yield all documents of a collection in the order of their ids."""
    async for page in pages(store, collection):
        for document in page:
            yield document
