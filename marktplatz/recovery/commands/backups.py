"""``backup``, ``backup-key``, ``backups``, ``restore`` and ``mark-restored``."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from marktplatz.assembly import ServiceName
from marktplatz.recovery.commands.output import configured, console
from marktplatz.recovery.dump.contents import Contents, copy_contents
from marktplatz.recovery.dump.dump import back_up, delete_all_but
from marktplatz.recovery.dump.keys import SealSettings, write_identity
from marktplatz.recovery.dump.listing import list_backups
from marktplatz.recovery.dump.restore import mark_restored, restore
from marktplatz.recovery.errors import BackupError
from marktplatz.recovery.stores import opened_stores
from shared.clock import now

NEXT = "Next: marktplatz topics rebuild. Until then no process works on these stores."


async def run_backup(root: Path, keep: int | None) -> None:
    """Write a backup below ``root`` and print where; with ``keep``, delete older ones but for that number."""
    settings, seal = configured(), SealSettings()
    keys = seal.keys()
    local = all(settings.store_url_of(name).startswith("sqlite:") for name in ServiceName)
    if not seal.plain and not local:
        keys.require_recipients(
            "a backup of a database", ", or take plain files at your own risk with MARKTPLATZ_BACKUP_PLAIN=true"
        )
    async with opened_stores(settings) as stores:
        folder, manifest = await back_up(stores, root, keys)
        contents = await copy_contents(stores, root, keys)
    console.print(f"encrypted for {len(keys.recipients)} public keys" if keys.recipients else "NOT encrypted")
    _print_contents(contents, "copied")
    console.print(f"{manifest.documents} documents in {len(manifest.files)} files: {folder}", markup=False)
    for old in [] if keep is None else delete_all_but(root, keep):
        console.print(f"deleted: {old}", markup=False)


def run_backup_key(file: Path) -> None:
    """Write a new private key to a file and print its public key."""
    public = write_identity(file)
    console.print(f"private key: {file} (store it away from the backups; without it none can be restored)", markup=False)
    console.print(f"MARKTPLATZ_BACKUP_RECIPIENTS={public}", markup=False)


async def run_backups(root: Path, *, verified: bool, newest_within: timedelta | None) -> int:
    """Print the backups below ``root``; exit code 1 if there is none, one has a fault, or the newest sound one is too old."""
    configured()
    listed = list_backups(root, SealSettings().keys(), verified=verified)
    table = Table("backup", "begun", "version", "documents", "bytes", "state")
    for backup in listed:
        held = backup.manifest
        facts = (
            (held.started_at.isoformat(), held.product, held.documents, sum(file.bytes for file in held.files)) if held else ()
        )
        state = backup.fault or ("as it was written" if verified else "complete; contents not verified")
        table.add_row(backup.folder.name, *([str(fact) for fact in facts] or [""] * 4), escape(state))
    console.print(table)
    sound = [backup.manifest.started_at for backup in listed if backup.manifest and not backup.fault]
    faults = sum(1 for backup in listed if backup.fault)
    age = now() - max(sound) if sound else None
    console.print(
        f"{len(listed)} backups, {faults} with a fault; " + (f"the newest is {age} old" if sound else "none to restore")
    )
    late = age is not None and newest_within is not None and age > newest_within
    if late:
        console.print(f"the newest is older than {newest_within}")
    return 1 if faults or late or not sound else 0


async def run_restore(folder: Path, *, into_non_empty: bool) -> int:
    """Restore a backup; exit code 1 if documents that were there differ from it, or contents are missing."""
    settings = configured()
    async with opened_stores(settings) as stores:
        manifest, result = await restore(stores, folder, SealSettings().keys(), now(), into_non_empty=into_non_empty)
    console.print(
        f"backup of {manifest.started_at.isoformat()}: {result.added} documents added, {result.equal} were there, "
        f"{len(result.differ)} differ and stayed as they are"
    )
    for place in result.differ:
        console.print(f"differs: {place}", markup=False)
    _print_contents(result.contents, "put back")
    console.print(NEXT)
    return 1 if result.differ or result.contents.missing else 0


def _print_contents(contents: Contents, done: str) -> None:
    if contents != Contents():
        console.print(f"contents of evidence and contracts: {contents.copied} {done}, {contents.present} were there")
    for digest in contents.missing:
        console.print(f"content missing or damaged: {digest}")


async def run_mark_restored(taken_at: datetime) -> None:
    """Mark all stores as restored by the database's own means to what they held at ``taken_at``, which has a time zone."""
    if taken_at > (at := now()):
        raise BackupError(f"{taken_at.isoformat()} is still to come; now it is {at.isoformat()}")
    async with opened_stores(configured()) as stores:
        await mark_restored(stores, taken_at, at)
    console.print(f"{len(stores)} stores are marked as restored to their state of {taken_at.isoformat()}")
    console.print(NEXT)
