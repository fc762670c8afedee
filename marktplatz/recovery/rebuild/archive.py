"""Begins another log of the archive of contracts after a restore: what the lost one had signed is never signed otherwise."""

from __future__ import annotations

from marktplatz.assembly import ServiceName
from marktplatz.recovery.stores import Stores
from services.contracts.archiving.restoring import begin_restored_log
from services.contracts.settings import Settings
from shared.aggregate import epochs


async def begin_log(stores: Stores) -> str | None:
    """Return the name of the log that goes on, None if the store of contracts was not restored.

    Raises StoreUnavailableError, WriteConflictError.
    """
    store = stores[ServiceName.CONTRACTS].store
    restoration = await epochs.unfinished_restoration(store)
    return None if restoration is None else await begin_restored_log(store, Settings().archive_origin, restoration)
