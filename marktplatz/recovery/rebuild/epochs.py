"""Raises the stores to an epoch: from then on no sequence number and no revision is used that an earlier event may have had."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from marktplatz.recovery.errors import BackupError
from marktplatz.recovery.stores import Stores
from shared.aggregate import epochs
from shared.aggregate.stored import highest_number, raised_to
from shared.errors import WriteConflictError
from shared.store.paging import scanned
from shared.store.port import Collection, Document, Store

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def epoch_of(at: datetime) -> int:
    """Return the epoch that begins at a time: the milliseconds since 1970. No aggregate has an event in each of them."""
    return (at - _EPOCH) // _MILLISECOND


async def raise_aggregates(stores: Stores, epoch: int) -> int:
    """Announce the epoch in all stores, then raise every aggregate to it, number and revision; return how many there are.

    Raises BackupError if an aggregate is beyond the epoch (the clock is wrong), WriteConflictError if somebody else writes.
    """
    for held in stores.values():
        await epochs.announce_epoch(held.store, epoch)
    total = 0
    for held in stores.values():
        for ledger in held.service.ledgers:
            async for page in scanned(held.store, ledger.collection):
                await _raise(held.store, ledger.collection, page, epoch)
                total += len(page)
    return total


async def _raise(store: Store, collection: Collection, documents: list[Document], epoch: int) -> None:
    for document in documents:
        if (reached := highest_number(document)) >= epoch:
            raise BackupError(f"{collection.name} {document['_id']} is at {reached}, beyond {epoch}: is the clock right?")
    if conflicts := await store.save_many(collection, raised_to(epoch, documents)):
        raise WriteConflictError(
            f"somebody writes to {collection.name} ({', '.join(sorted(conflicts)[:3])}): stop all processes first",
            ids=sorted(conflicts),
        )
