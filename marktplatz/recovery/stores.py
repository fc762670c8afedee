"""All stores of the marketplace, opened together with their services; the order in which a backup copies them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter

from marktplatz.assembly import BUILDERS, ServiceName
from marktplatz.loading import LOADERS
from marktplatz.silent import Silent
from shared.aggregate import epochs
from shared.aggregate.outgoing import Publisher
from shared.aggregate.republisher import Republisher
from shared.http import idempotency
from shared.process.service import Resources, Service
from shared.process.settings import ProcessSettings
from shared.process.stores import opened
from shared.store.port import Collection, Store

PAGE = 500

COPIED_AFTER: Mapping[ServiceName, Iterable[ServiceName]] = {
    ServiceName.CONTRACTS: (ServiceName.ELIGIBILITY,),
    ServiceName.ORDERING: (ServiceName.CONTRACTS, ServiceName.ELIGIBILITY),
    ServiceName.CATALOG: (ServiceName.ORDERING,),
    ServiceName.NOTIFY: tuple(name for name in BUILDERS if name is not ServiceName.NOTIFY),
}
"""Which stores a backup copies before a service's own.

The copies of a running system are minutes apart. Who answers is copied before who asks: a rebuild repeats a question whose
answer is missing, while an answer to a question that was never asked would have no place. Who lists what another publishes is
copied before the publisher: a rebuild publishes it again, while nobody would delete what is listed and was never published.
Notify comes last: nothing repeats a notification.
"""

COPY_ORDER = tuple(TopologicalSorter({name: COPIED_AFTER.get(name, ()) for name in BUILDERS}).static_order())
"""Every service, in the order in which stores are copied."""


@dataclass(frozen=True, slots=True)
class ServiceStore:
    """One service on its store."""

    service: Service
    resources: Resources

    @property
    def store(self) -> Store:
        """The store."""
        return self.resources.store

    @property
    def collections(self) -> tuple[Collection, ...]:
        """Every collection that a backup holds, in the order in which they are copied."""
        return (*self.service.collections, idempotency.COLLECTION)

    @property
    def reference(self) -> tuple[Collection, ...]:
        """Collections that hold reference data only, which can be loaded again."""
        loaded = LOADERS[self.service.name][0] if self.service.name in LOADERS else ()
        ledgers = {ledger.collection for ledger in self.service.ledgers}
        return tuple(collection for collection in loaded if collection not in ledgers)

    def republisher(self, collection: Collection) -> Republisher | None:
        """Return the republisher of a collection, or None."""
        return next((it for it in self.service.republishers if it.ledger.collection == collection), None)


Stores = Mapping[ServiceName, ServiceStore]


@asynccontextmanager
async def opened_stores(settings: ProcessSettings, publisher: Publisher | None = None) -> AsyncIterator[Stores]:
    """Open and prepare the stores of all services, in the order in which they are copied.

    Raises StoreUnavailableError, StoreUnfitError.
    """
    async with AsyncExitStack() as stack:
        stores: dict[ServiceName, ServiceStore] = {}
        for name in COPY_ORDER:
            store = await stack.enter_async_context(opened(name.value, settings))
            resources = Resources(store=store, publisher=publisher or Silent(), data_dir=settings.data)
            stores[name] = ServiceStore(BUILDERS[name](resources), resources)
            await store.prepare([*stores[name].collections, epochs.COLLECTION])
        yield stores
