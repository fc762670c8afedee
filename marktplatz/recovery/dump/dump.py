"""``marktplatz backup``: copies every collection of every store, each document whole, while the marketplace runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

import structlog

from marktplatz import VERSION
from marktplatz.assembly import ServiceName
from marktplatz.recovery.dump.files import MANIFEST, DumpFile, DumpWriter, Manifest, folder_name, write_manifest
from marktplatz.recovery.dump.sealing import Keys
from marktplatz.recovery.errors import BackupError
from marktplatz.recovery.inventory import ServiceStore, pages
from shared.clock import now
from shared.store.port import Collection

log = structlog.get_logger()

DRAFT = ".part"


async def back_up(
    stores: Mapping[ServiceName, ServiceStore], root: Path, keys: Keys, *, clock: Callable[[], datetime] = now
) -> tuple[Path, Manifest]:
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
    _make(draft)
    try:
        files = [
            await _copy(service_store, collection, draft, clock, keys)
            for service_store in stores.values()
            for collection in service_store.collections
        ]
        manifest = Manifest(
            format=2 if keys.recipients else 1, product=VERSION, started_at=began, finished_at=clock(), files=tuple(files)
        )
        write_manifest(draft, manifest)
        draft.rename(target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise BackupError(f"the backup {target} cannot be written: {error.strerror or error}") from error
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    log.info("backup_written", folder=str(target), documents=manifest.documents, files=len(files))
    return target, manifest


def _make(draft: Path) -> None:
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
    except OSError as error:
        raise BackupError(f"the backup {draft} cannot be begun: {error.strerror or error}") from error


async def _copy(
    service_store: ServiceStore, collection: Collection, folder: Path, clock: Callable[[], datetime], keys: Keys
) -> DumpFile:
    with closing(DumpWriter(folder, service_store.service.name, collection.name, clock(), keys)) as writer:
        async for page in pages(service_store.store, collection):
            writer.add(page)
        return writer.finish(clock())


def forget_old(root: Path, keep: int) -> list[Path]:
    """Delete all complete backups below ``root`` but the ``keep`` newest; return what was deleted. Raises ValueError below 1."""
    if keep < 1:
        raise ValueError("keep at least one backup")
    complete = sorted(path.parent for path in root.glob(f"*/{MANIFEST}") if not path.parent.name.endswith(DRAFT))
    old = complete[:-keep]
    for folder in old:
        shutil.rmtree(folder)
    return old
