"""``marktplatz backup``: copies every collection of every store, each document whole, while the marketplace runs."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from marktplatz import VERSION
from marktplatz.recovery.dump.disk import DRAFT, rename, sha256_of
from marktplatz.recovery.dump.files import MANIFEST, DumpFile, Manifest, folder_name, line_of, write_manifest
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.sealing import SEALED, sealed_file
from marktplatz.recovery.errors import BackupError
from marktplatz.recovery.stores import ServiceStore, Stores
from shared.aggregate import epochs
from shared.clock import now
from shared.store.paging import scanned
from shared.store.port import Collection

log = structlog.get_logger()


async def back_up(stores: Stores, root: Path, keys: Keys, *, clock: Callable[[], datetime] = now) -> tuple[Path, Manifest]:
    """Write a backup into a new folder below ``root``, named by the time, and return the folder and its manifest.

    Encrypted for the recipients of ``keys``, if any.

    Each document is whole and of one moment; documents are of different moments within the run. Raises BackupError if the
    folder cannot be written, StoreUnavailableError if a store does not answer: nothing is left behind then that looks like a
    backup.
    """
    began = clock()
    target = root / folder_name(began)
    draft = target.with_name(target.name + DRAFT)
    if target.exists():
        raise BackupError(f"the backup {target} exists")
    _create(draft)
    try:
        files = [await _copy(held, collection, draft, clock, keys) for held in stores.values() for collection in held.collections]
        manifest = Manifest(
            format=2 if keys.recipients else 1,
            product=VERSION,
            started_at=began,
            finished_at=clock(),
            files=tuple(files),
            sequence_bases=await _sequence_bases(stores),
        )
        write_manifest(draft, manifest)
        rename(draft, target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise BackupError(f"the backup {target} cannot be written: {error.strerror or error}") from error
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    log.info("backup_written", folder=str(target), documents=manifest.documents, files=len(files))
    return target, manifest


def _create(draft: Path) -> None:
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
    except OSError as error:
        raise BackupError(f"the backup {draft} cannot be begun: {error.strerror or error}") from error


async def _copy(held: ServiceStore, collection: Collection, folder: Path, clock: Callable[[], datetime], keys: Keys) -> DumpFile:
    relative = f"{held.service.name}/{collection.name}.jsonl.gz" + (SEALED if keys.recipients else "")
    path, began, documents = folder / relative, clock(), 0
    path.parent.mkdir(mode=0o700, exist_ok=True)
    # No name and no time inside: equal documents make equal files.
    with sealed_file(path, keys) as out, gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as zipped:
        async for page in scanned(held.store, collection):
            for document in page:
                zipped.write(line_of(document))
            documents += len(page)
    return DumpFile(
        service=held.service.name,
        collection=collection.name,
        path=relative,
        documents=documents,
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
        read_from=began,
        read_to=clock(),
    )


async def _sequence_bases(stores: Stores) -> dict[str, int]:
    """Return the sequence bases of stores that have one. Read after the copies: a base covers whatever was raised to it."""
    bases = {held.service.name: await epochs.recorded_sequence_base(held.store) for held in stores.values()}
    return {service: base for service, base in bases.items() if base}


def delete_all_but(root: Path, newest: int) -> list[Path]:
    """Delete all complete backups below ``root`` but the ``newest``; return what was deleted. Raises ValueError below 1."""
    if newest < 1:
        raise ValueError("keep at least one backup")
    complete = sorted(path.parent for path in root.glob(f"*/{MANIFEST}") if not path.parent.name.endswith(DRAFT))
    old = complete[:-newest]
    for folder in old:
        shutil.rmtree(folder)
    return old
