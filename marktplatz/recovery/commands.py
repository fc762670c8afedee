"""What the command line does for backup, restore, reconciliation and rebuild: runs it and prints what came out."""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from marktplatz.assembly import ServiceName
from marktplatz.recovery.drill import Drill
from marktplatz.recovery.dump.dump import back_up, forget_old
from marktplatz.recovery.dump.listing import list_backups
from marktplatz.recovery.dump.restore import mark_restored, restore
from marktplatz.recovery.dump.sealing import SealSettings, write_identity
from marktplatz.recovery.errors import BackupError
from marktplatz.recovery.inventory import opened_stores
from marktplatz.recovery.rebuild.rebuild import rebuild
from marktplatz.recovery.reconcile.report import Report, reconcile
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.errors import MarktplatzError
from shared.process.logs import configure_logs
from shared.process.settings import ProcessSettings

# Lines of a log must not break ids in two.
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 240)
SHOWN = 200
NEXT = "Next: marktplatz topics rebuild. Until then no process works on these stores."

log = structlog.get_logger()


async def run_backup(root: Path, keep: int | None) -> None:
    """Write a backup below ``root`` and print where; with ``keep``, delete older ones but for that number."""
    settings, seal = _settings(), SealSettings()
    keys = seal.keys()
    local = all(settings.store_url_of(name).startswith("sqlite:") for name in ServiceName)
    if not keys.recipients and not seal.plain and not local:
        raise BackupError(
            "a backup of a database holds personal data and is written encrypted: name the public key in "
            "MARKTPLATZ_BACKUP_RECIPIENTS ('marktplatz backup-key FILE' makes a pair; keep the file elsewhere), "
            "or take plain files on your own responsibility with MARKTPLATZ_BACKUP_PLAIN=true"
        )
    async with opened_stores(settings) as stores:
        folder, manifest = await back_up(stores, root, keys)
    console.print(f"encrypted for {len(keys.recipients)} public keys" if keys.recipients else "NOT encrypted")
    console.print(f"{manifest.documents} documents in {len(manifest.files)} files: {folder}", markup=False)
    for old in [] if keep is None else forget_old(root, keep):
        console.print(f"deleted: {old}", markup=False)


def run_backup_key(file: Path) -> None:
    """Write a new private key to a file and print its public key."""
    public = write_identity(file)
    console.print(f"private key: {file} (keep it away from the backups; without it none can be restored)", markup=False)
    console.print(f"MARKTPLATZ_BACKUP_RECIPIENTS={public}", markup=False)


async def run_backups(root: Path, *, verified: bool, newest_within: timedelta | None) -> int:
    """Print the backups below ``root``; exit code 1 if there is none, one has a fault, or the newest sound one is too old."""
    _settings()
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
    """Restore a backup; exit code 1 if documents that were there differ from it."""
    settings = _settings()
    async with opened_stores(settings) as stores:
        manifest, result = await restore(stores, folder, SealSettings().keys(), now(), into_non_empty=into_non_empty)
    console.print(
        f"backup of {manifest.started_at.isoformat()}: {result.added} documents added, {result.equal} were there, "
        f"{len(result.differ)} differ and stayed as they are"
    )
    for place in result.differ:
        console.print(f"differs: {place}", markup=False)
    console.print(NEXT)
    return 1 if result.differ else 0


async def run_mark_restored(taken_at: datetime) -> None:
    """Mark all stores as restored by the database's own means to what they held at ``taken_at``, which has a time zone."""
    if taken_at > (at := now()):
        raise BackupError(f"{taken_at.isoformat()} is still to come; now it is {at.isoformat()}")
    async with opened_stores(_settings()) as stores:
        await mark_restored(stores, taken_at, at)
    console.print(f"{len(stores)} stores are marked as restored to their state of {taken_at.isoformat()}")
    console.print(NEXT)


async def run_drill(folder: Path, report_file: Path | None, *, create: bool, replicas: int, patience: timedelta) -> int:
    """Play a drill, print it, write it as JSON if asked, also when a step fails; exit code 1 unless it has passed."""
    settings, kafka = _settings(), KafkaSettings()
    drill = Drill(folder, now(), SealSettings().keys())
    try:
        async with _publisher(kafka) as publisher, opened_stores(settings, publisher) as stores:
            await drill.play(stores, kafka, publisher, settings.data, create=create, replicas=replicas, patience=patience)
    except MarktplatzError as error:
        drill.failure = error
        raise
    finally:
        _print_drill(drill)
        if report_file is not None:
            write_report(report_file, drill.document())
    return 0 if drill.passed else 1


async def run_reconcile(report_file: Path | None, pause: timedelta) -> int:
    """Reconcile, print a table, write the report as JSON if asked; exit code 1 if anything differs."""
    settings = _settings()
    async with opened_stores(settings) as stores:
        report = await reconcile(stores, KafkaSettings(), pause)
    if report_file is not None:
        write_report(report_file, report.document())
    _print(report)
    return 1 if report.differences else 0


async def run_rebuild(*, recreate: bool, create: bool, replicas: int, patience: timedelta) -> None:
    """Rebuild the topics and print what was done."""
    settings = _settings()
    kafka = KafkaSettings()
    async with _publisher(kafka) as publisher, opened_stores(settings, publisher) as stores:
        done = await rebuild(stores, kafka, recreate=recreate, create=create, replicas=replicas, patience=patience)
    for text, names in (("topics deleted", done.deleted), ("topics created", done.created), ("groups rewound", done.rewound)):
        console.print(f"{len(names)} {text}" + (f": {', '.join(names)}" if names else ""), markup=False)
    for contract, number in sorted(done.promised.items()):
        console.print(f"number kept: {number.sequence} of {number.year} for contract {contract}", markup=False)
    republished = ", ".join(f"{count} {entry}s" for entry, count in sorted(done.republished.items())) or "nothing"
    console.print(
        f"epoch {done.epoch} of {done.aggregates} aggregates; {done.published} waiting events published; said anew: {republished}"
    )


@asynccontextmanager
async def _publisher(kafka: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    publisher = KafkaPublisher(kafka)
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()


def _settings() -> ProcessSettings:
    settings = ProcessSettings()
    configure_logs(level=settings.log_level, time_zone=settings.log_time_zone, stream=sys.stderr)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)  # every look at the topics makes consumers that tell of it
    return settings


def write_report(file: Path, document: dict[str, Any]) -> None:
    """Write a report to its file, and as one line of JSON under the key ``report`` to the standard output."""
    # In the log first: it can be collected from there even where the file cannot be written.
    console.out(json.dumps({"report": document}, ensure_ascii=False))
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _print_drill(drill: Drill) -> None:
    if drill.manifest is not None:
        manifest = drill.manifest
        console.print(f"{drill.folder}: {manifest.documents} documents of version {manifest.product}", markup=False)
        console.print(f"begun {manifest.started_at.isoformat()}, {drill.age} before this drill: the largest possible loss")
        held = Table("documents of", "in the backup")
        for file in manifest.files:
            held.add_row(f"{file.service}.{file.collection}", str(file.documents))
        console.print(held)
    steps = Table("step", "seconds", "result")
    for step in drill.steps:
        steps.add_row(step.name, f"{step.seconds:.1f}", escape(step.result))
    console.print(steps)
    if drill.report is not None:
        _print(drill.report)
    console.print("drill passed" if drill.passed else "drill FAILED")


def _print(report: Report) -> None:
    console.print(
        f"{report.orders} orders, {report.contracts} contracts, {report.offerings} offers, {report.aggregates} aggregates; "
        f"{sum(report.records.values())} records on {len(report.records)} topics"
    )
    for title, counts in (("to read", report.waiting), ("dead letters", report.dead_letters)):
        for group, count in sorted(counts.items()):
            if count:
                console.print(f"{title}: {group} {count}")
    if not report.differences:
        console.print("no differences")
        return
    table = Table("kind", "what", "ids")
    for difference in report.differences[:SHOWN]:
        ids = " ".join(f"{name}={value}" for name, value in difference.ids.items() if value)
        table.add_row(difference.kind.value, escape(difference.text), escape(ids))
    console.print(table)
    counts = Counter(difference.kind.value for difference in report.differences)
    if len(report.differences) > SHOWN:
        console.print(f"{len(report.differences) - SHOWN} more are in the report only (--report FILE)")
    console.print(
        f"{len(report.differences)} differences: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    )
