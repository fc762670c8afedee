"""``marktplatz restore``: puts a backup into empty stores, after every file was verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import bson
import structlog

from marktplatz.recovery.dump.contents import Contents, restore_contents
from marktplatz.recovery.dump.files import DumpFile, Manifest, documents_in, read_manifest, verify
from marktplatz.recovery.dump.keys import Keys, require_key
from marktplatz.recovery.errors import DamagedBackupError, StoreNotEmptyError
from marktplatz.recovery.stores import PAGE, ServiceStore, Stores
from shared.aggregate import epochs
from shared.store.documents import plain
from shared.store.port import PORTION_BYTES, Collection, Document

log = structlog.get_logger()


@dataclass(slots=True)
class Restored:
    """Result of a restore, in documents: ``added``, ``equal`` ones that were there, and ids of those that ``differ`` and stayed.

    Reference data that were loaded before count as equal, whatever their edition. ``contents``: those of evidence documents.
    """

    added: int = 0
    equal: int = 0
    differ: list[str] = field(default_factory=list)
    contents: Contents = field(default_factory=Contents)


async def restore(
    stores: Stores, folder: Path, keys: Keys, at: datetime, *, into_non_empty: bool = False
) -> tuple[Manifest, Restored]:
    """Put a backup into the stores and return its manifest and what was done. The services must not run.

    The stores must be empty but for reference data. With ``into_non_empty`` the documents that are missing are added; those that
    are there stay as they are, and each that differs is named. Whatever was restored, no process works on the stores before
    ``rebuild``. Nothing is written unless the whole backup is in order. Raises as ``examine``.
    """
    manifest = await examine(stores, folder, keys, into_non_empty=into_non_empty)
    return manifest, await put_back(stores, folder, keys, manifest, at)


async def examine(stores: Stores, folder: Path, keys: Keys, *, into_non_empty: bool = False) -> Manifest:
    """Return the manifest of a backup that can be put into these stores; nothing is written.

    Raises DamagedBackupError, BackupError (a newer product's backup), SealedError (encrypted, and the private key is not here),
    StoreNotEmptyError, StoreUnavailableError.
    """
    manifest = read_manifest(folder)
    for file in manifest.files:
        if file.sealed:
            require_key(folder / file.path, keys.identities)
    verify(folder, manifest, keys)
    for file in manifest.files:
        _place(stores, file)
    if not into_non_empty and (full := await _not_empty(stores)):
        raise StoreNotEmptyError(
            f"these collections are not empty: {', '.join(full)}. Restore into empty databases, or add only what is missing "
            "with --into-non-empty"
        )
    return manifest


async def put_back(stores: Stores, folder: Path, keys: Keys, manifest: Manifest, at: datetime) -> Restored:
    """Write what ``examine`` has approved, and the contents beside the backup, and return what was done.

    Raises StoreUnavailableError, and as ``restore_contents``.
    """
    result = Restored()
    await mark_restored(stores, manifest.started_at, at, manifest.sequence_bases)
    for file in manifest.files:
        held, collection = _place(stores, file)
        for batch in batches(documents_in(folder, file, keys)):
            await _put(held, collection, batch, result)
        log.info("collection_restored", service=file.service, collection=file.collection, documents=file.documents)
    result.contents = await restore_contents(stores, folder.parent, keys)
    return result


async def mark_restored(
    stores: Stores, taken_at: datetime, at: datetime, sequence_bases: Mapping[str, int] | None = None
) -> None:
    """Mark all stores so that no process works on them until ``rebuild``: they hold what they held at ``taken_at``.

    ``sequence_bases`` are those of the stores at that time, by service, where the restored stores do not hold them themselves.
    Raises StoreUnavailableError, WriteConflictError if somebody else restores at the same time.
    """
    for held in stores.values():
        await epochs.mark_restored(held.store, taken_at, at, (sequence_bases or {}).get(held.service.name, 0))


async def _put(held: ServiceStore, collection: Collection, batch: list[Document], result: Restored) -> None:
    new = await held.store.insert_many(collection, batch)
    result.added += len(new)
    present = {document["_id"]: document for document in batch if document["_id"] not in new}
    if not present:
        return
    stored = await held.store.get_many(collection, list(present))
    is_reference = collection in held.reference
    for document_id, document in present.items():
        if is_reference or stored.get(document_id) == plain(collection, document):
            result.equal += 1
        else:
            result.differ.append(f"{collection.name} {document_id}")


def _place(stores: Stores, file: DumpFile) -> tuple[ServiceStore, Collection]:
    for name, held in stores.items():
        for collection in held.collections:
            if (name.value, collection.name) == (file.service, file.collection):
                return held, collection
    raise DamagedBackupError(f"{file.path}: {file.service} has no collection {file.collection} in this version")


async def _not_empty(stores: Stores) -> list[str]:
    return [
        f"{name.value}.{collection.name}"
        for name, held in stores.items()
        for collection in held.collections
        if collection not in held.reference and await held.store.scan(collection, limit=1)
    ]


def batches(documents: Iterator[Document]) -> Iterator[list[Document]]:
    """Yield documents together, as many as there are on a page or as make up a portion by their bytes."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(bson.encode(document))
        if len(batch) == PAGE or size >= PORTION_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
