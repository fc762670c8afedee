"""Loads the reference data into the services that own them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from marktplatz.console import make_console, progress_bars
from marktplatz.embedded import data_folder
from services.catalog.reference import load_reference as load_catalog
from services.catalog.repository import COLLECTIONS as CATALOG
from services.eligibility.reference import load_reference as load_eligibility
from services.eligibility.repository import COLLECTIONS as ELIGIBILITY
from shared.aggregate.outgoing import OutgoingEvent
from shared.http import idempotency
from shared.process.service import Builder, Resources
from shared.process.settings import ProcessSettings
from shared.process.stores import opened
from shared.store.port import Collection, Store

log = structlog.get_logger()

Loader = Callable[[Store, Path, Callable[[str, int, int], None]], Awaitable[dict[str, int]]]

LOADERS: dict[str, tuple[tuple[Collection, ...], Loader]] = {
    "catalog": (tuple(CATALOG), load_catalog),
    "eligibility": (tuple(ELIGIBILITY), load_eligibility),
}


async def migrate(settings: ProcessSettings, service: str, build: Builder) -> None:
    """Bring one service's store to what this version needs: collections, indexes, reference data. Only adds; safe to repeat."""
    async with opened(service, settings) as store:
        built = build(Resources(store=store, publisher=Silent(), data_dir=settings.data))
        await store.prepare([*built.collections, idempotency.COLLECTION])
        log.info("collections_ready", service=service, collections=[collection.name for collection in built.collections])
        if service in LOADERS:
            counts = await LOADERS[service][1](store, settings.data, lambda _kind, _done, _total: None)
            log.info("reference_data_loaded", service=service, **counts)


class Silent:
    """A publisher that is never asked: preparing a store changes no aggregate."""

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """Acknowledge nothing, so that nothing could be lost here."""
        return [False] * len(events)


async def load_reference_data(settings: ProcessSettings, progress: Callable[[str, int, int], None]) -> dict[str, int]:
    """Load everything and return how many records of each kind the stores hold now. Safe to repeat."""
    counts: dict[str, int] = {}
    for service, (collections, load) in LOADERS.items():
        async with opened(service, settings) as store:
            await store.prepare(collections)
            counts |= await load(store, settings.data, progress)
    return counts


async def load_with_progress(settings: ProcessSettings) -> None:
    """Load with progress bars on the terminal. Raises InfrastructureError if the data folder cannot be written."""
    data_folder(settings)
    with progress_bars(make_console()) as progress:
        await load_reference_data(settings, progress)
