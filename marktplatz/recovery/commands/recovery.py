"""``reconcile``, ``topics rebuild`` and ``drill``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from marktplatz.found import kafka_settings, replication
from marktplatz.recovery.commands.output import configured, console, print_report, started_publisher, write_report
from marktplatz.recovery.drill import Drill
from marktplatz.recovery.dump.keys import SealSettings
from marktplatz.recovery.rebuild.rebuild import rebuild
from marktplatz.recovery.reconcile.report import reconcile
from marktplatz.recovery.stores import opened_stores
from shared.clock import now
from shared.errors import MarktplatzError


async def run_reconcile(report_file: Path | None, pause: timedelta) -> int:
    """Reconcile, print a table, write the report as JSON if asked; exit code 1 if anything differs."""
    settings, kafka = configured(), kafka_settings()
    async with opened_stores(settings) as stores:
        report = await reconcile(stores, kafka, pause)
    if report_file is not None:
        write_report(report_file, report.document())
    print_report(report)
    return 1 if report.differences else 0


async def run_rebuild(*, recreate: bool, create: bool, replicas: int | None, patience: timedelta) -> None:
    """Rebuild the topics and print what was done."""
    settings = configured()
    kafka = kafka_settings()
    async with started_publisher(kafka) as publisher, opened_stores(settings, publisher) as stores:
        done = await rebuild(stores, kafka, recreate=recreate, create=create, replicas=replication(replicas), patience=patience)
    for text, names in (("topics deleted", done.deleted), ("topics created", done.created), ("groups rewound", done.rewound)):
        console.print(f"{len(names)} {text}" + (f": {', '.join(names)}" if names else ""), markup=False)
    for contract, number in sorted(done.promised.items()):
        console.print(f"number reserved: {number.sequence} of {number.year} for contract {contract}", markup=False)
    for order in done.places:
        console.print(f"place restored: order {order}", markup=False)
    for participation in done.participations:
        console.print(f"participation restored: order and Klient {participation}", markup=False)
    if done.reuses:
        console.print(f"{len(done.reuses)} contracts counted again in the catalog: who reuses an offer")
    if done.log is not None:
        console.print(f"archive of contracts: goes on as the log {done.log}; tell those who verify it", markup=False)
    if done.receipts:
        console.print(f"{done.receipts} receipts of partners' events sent again")
    republished = ", ".join(f"{count} {kind}s" for kind, count in sorted(done.republished.items())) or "nothing"
    console.print(
        f"epoch {done.epoch} of {done.aggregates} aggregates; {done.published} waiting events published; "
        f"republished: {republished}"
    )


async def run_drill(folder: Path, report_file: Path | None, *, create: bool, replicas: int | None, patience: timedelta) -> int:
    """Play a drill, print it, write it as JSON if asked, also when a step fails; exit code 1 unless it has passed."""
    settings, kafka = configured(), kafka_settings()
    drill = Drill(folder, now(), SealSettings().keys())
    try:
        async with started_publisher(kafka) as publisher, opened_stores(settings, publisher) as stores:
            await drill.play(stores, kafka, publisher, create=create, replicas=replication(replicas), patience=patience)
    except MarktplatzError as error:
        drill.failure = error
        raise
    finally:
        _print_drill(drill)
        if report_file is not None:
            write_report(report_file, drill.document())
    return 0 if drill.passed else 1


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
        print_report(drill.report)
    console.print("drill passed" if drill.passed else "drill FAILED")
