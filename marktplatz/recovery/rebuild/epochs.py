"""Begins an epoch of the stores: from then on no sequence number and no revision is used that an earlier event may have had."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from marktplatz.assembly import ServiceName
from marktplatz.recovery.errors import BackupError
from marktplatz.recovery.inventory import ServiceStore, pages
from shared.aggregate import epochs
from shared.errors import WriteConflictError
from shared.store.port import Collection, Document, Save, Store

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def epoch_of(at: datetime) -> int:
    """Return the epoch that begins at a time: the milliseconds since 1970. No aggregate has an event in each of them."""
    return (at - _EPOCH) // _MILLISECOND


async def raise_aggregates(stores: Mapping[ServiceName, ServiceStore], epoch: int) -> int:
    """Announce the epoch in all stores, then raise every aggregate to it, number and revision; return how many there are.

    Events in outboxes keep their numbers: they are what they were. Raises BackupError if an aggregate is beyond the epoch (the
    clock is wrong), WriteConflictError if somebody else writes.
    """
    for service_store in stores.values():
        await epochs.announce_epoch(service_store.store, epoch)
    total = 0
    for service_store in stores.values():
        for ledger in service_store.service.ledgers:
            async for page in pages(service_store.store, ledger.collection):
                await _raise(service_store.store, ledger.collection, page, epoch)
                total += len(page)
    return total


async def _raise(store: Store, collection: Collection, documents: list[Document], epoch: int) -> None:
    for document in documents:
        reached = max(document["seq"], document["rev"])
        if reached >= epoch:
            raise BackupError(f"{collection.name} {document['_id']} is at {reached}, beyond {epoch}: is the clock right?")
    saves = [Save({**document, "seq": epoch, "rev": epoch}, expected_rev=document["rev"]) for document in documents]
    if conflicts := await store.save_many(collection, saves):
        raise WriteConflictError(
            f"somebody writes to {collection.name} ({', '.join(sorted(conflicts)[:3])}): stop all processes first",
            ids=sorted(conflicts),
        )
