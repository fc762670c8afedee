"""Stores opened for work outside a running service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from shared.process.settings import ProcessSettings
from shared.store.opening import open_store
from shared.store.port import Store


@contextlib.asynccontextmanager
async def opened(service: str, settings: ProcessSettings) -> AsyncIterator[Store]:
    """Open a service's store for work outside the services (loading reference data)."""
    store = open_store(settings.store_url_of(service))
    try:
        yield store
    finally:
        await store.close()
