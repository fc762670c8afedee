"""What the command line does for backup, restore, reconciliation and rebuild: runs it and prints what came out."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from marktplatz.backup.dump import back_up, forget_old
from marktplatz.backup.inventory import opened_stores
from marktplatz.backup.rebuild import rebuild
from marktplatz.backup.reconcile import Report, reconcile
from marktplatz.backup.restore import restore
from shared.bus.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.logs import configure_logs
from shared.settings import ProcessSettings

console = Console(highlight=False, soft_wrap=True)
SHOWN = 200

log = structlog.get_logger()


async def run_backup(root: Path, keep: int | None) -> None:
    """Write a backup below ``root`` and print where; with ``keep``, delete older ones but for that number."""
    settings = _settings()
    async with opened_stores(settings) as stores:
        folder, manifest = await back_up(stores, root)
    console.print(f"{manifest.documents} documents in {len(manifest.files)} files: {folder}", markup=False)
    for old in [] if keep is None else forget_old(root, keep):
        console.print(f"deleted: {old}", markup=False)


async def run_restore(folder: Path, *, into_non_empty: bool) -> int:
    """Restore a backup; exit code 1 if documents that were there differ from it."""
    settings = _settings()
    async with opened_stores(settings) as stores:
        manifest, result = await restore(stores, folder, now(), into_non_empty=into_non_empty)
    console.print(
        f"backup of {manifest.started_at.isoformat()}: {result.added} documents added, {result.equal} were there, "
        f"{len(result.differ)} differ and stayed as they are"
    )
    for place in result.differ:
        console.print(f"differs: {place}", markup=False)
    console.print("Next: marktplatz topics rebuild. Until then no process works on these stores.")
    return 1 if result.differ else 0


async def run_reconcile(report_file: Path | None, pause: timedelta) -> int:
    """Reconcile, print a table, write the report as JSON if asked; exit code 1 if anything differs."""
    settings = _settings()
    async with opened_stores(settings) as stores:
        report = await reconcile(stores, KafkaSettings(), pause)
    if report_file is not None:
        text = json.dumps(report.document(), indent=2, ensure_ascii=False) + "\n"
        _write(report_file, text)
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
    said = ", ".join(f"{count} {speaker}s" for speaker, count in sorted(done.said.items())) or "nothing"
    console.print(f"era {done.era} of {done.aggregates} aggregates; {done.published} waiting events published; said anew: {said}")


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
    return settings


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


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
