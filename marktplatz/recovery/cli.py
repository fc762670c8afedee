"""The commands of backup and recovery. Each only translates; the work is in ``marktplatz.recovery.commands``."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from marktplatz.running import run_async, run_blocking, time_of

Backup = Annotated[Path, typer.Argument(help="A backup: the folder that holds its manifest.json.")]
Create = Annotated[bool, typer.Option(help="Create missing topics. Switch off where an operator creates them.")]
ReplicationFactor = Annotated[int | None, typer.Option(help="3 in production, 1 on the broker of `marktplatz up`.")]


def register(app: typer.Typer, topics: typer.Typer) -> None:
    """Add the commands to the command line: ``rebuild`` to the group of topics, the others to ``app``."""
    app.command()(backup)
    app.command("backup-key")(backup_key)
    app.command()(seal)
    app.command()(unseal)
    app.command()(backups)
    app.command()(restore)
    app.command("mark-restored")(mark_restored)
    app.command()(drill)
    app.command()(reconcile)
    topics.command("rebuild")(rebuild)


def backup(
    folder: Annotated[Path, typer.Argument(help="The backup becomes a new folder in here, named by the time.")],
    keep: Annotated[int | None, typer.Option(min=1, help="Delete all older backups in there except this many.")] = None,
) -> None:
    """Write a backup of all stores while the marketplace runs."""
    from marktplatz.recovery.commands.backups import run_backup  # noqa: PLC0415 - other commands need none of the services

    run_async(run_backup(folder, keep))


def backup_key(file: Annotated[Path, typer.Argument(help="File for the private key; it must not exist.")]) -> None:
    """Create a key pair for backups: the private key in FILE, the public one for MARKTPLATZ_BACKUP_RECIPIENTS."""
    from marktplatz.recovery.commands.backups import run_backup_key  # noqa: PLC0415 - as above

    run_blocking(lambda: run_backup_key(file))


def seal(
    folder: Annotated[Path, typer.Argument(help="The archive becomes a new file in here, named by the time.")],
    pipe: Annotated[Path, typer.Argument(help="Folder in memory where the pipe 'archive' is created for the tool that dumps.")],
    keep_days: Annotated[int | None, typer.Option(min=1, help="Delete archives older than this, after success.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds at most until the tool begins.")] = 600.0,
) -> None:
    """Encrypt a dump that a database tool writes into a pipe. It is complete once the tool has left the file 'done'."""
    from marktplatz.recovery.commands.archives import run_seal  # noqa: PLC0415 - as above

    keep = None if keep_days is None else timedelta(days=keep_days)
    run_blocking(lambda: run_seal(folder, pipe, keep, timedelta(seconds=wait)))


def unseal(
    archive: Annotated[Path, typer.Argument(help="A dump that 'seal' wrote; for a folder, list the dumps in it.")],
    pipe: Annotated[
        Path | None,
        typer.Argument(
            help="Folder in memory where the pipe 'archive' is created for the tool that restores; without it: only check."
        ),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds at most until the tool begins to read.")] = 600.0,
) -> None:
    """Check an encrypted dump to its end, then write it in plain into a pipe. A dump with a fault is not passed on."""
    from marktplatz.recovery.commands.archives import run_unseal  # noqa: PLC0415 - as above

    run_blocking(lambda: run_unseal(archive, pipe, timedelta(seconds=wait)))


def backups(
    folder: Annotated[Path, typer.Argument(help="Folder that holds the backups.")],
    verify: Annotated[bool, typer.Option("--verify", help="Compare every file with its checksum.")] = False,  # noqa: FBT002 - a command line switch
    newest_within: Annotated[float | None, typer.Option(min=0, help="Hours: the newest must not be older.")] = None,
) -> None:
    """List the backups in a folder; exit code 1 if there is none, one is damaged, or the newest is too old."""
    from marktplatz.recovery.commands.backups import run_backups  # noqa: PLC0415 - as above

    limit = None if newest_within is None else timedelta(hours=newest_within)
    run_async(run_backups(folder, verified=verify, newest_within=limit))


def restore(
    folder: Backup,
    into_non_empty: Annotated[bool, typer.Option("--into-non-empty", help="Add only what is missing.")] = False,  # noqa: FBT002 - as above
) -> None:
    """Restore a backup into empty stores. Stop the services first; then run: topics rebuild."""
    from marktplatz.recovery.commands.backups import run_restore  # noqa: PLC0415 - as above

    run_async(run_restore(folder, into_non_empty=into_non_empty))


def mark_restored(
    taken_at: Annotated[
        datetime,
        typer.Option(parser=time_of, metavar="TIME", help="Point in time they were restored to, such as 2026-11-24T01:15:00Z."),
    ],
) -> None:
    """Mark stores that the database's own tools restored. Stop the services first; then run: topics rebuild."""
    from marktplatz.recovery.commands.backups import run_mark_restored  # noqa: PLC0415 - as above

    run_async(run_mark_restored(taken_at))


def drill(
    folder: Backup,
    report: Annotated[
        Path | None, typer.Option(help="Write the result to this file as JSON, and as one line to the output.")
    ] = None,
    create: Create = True,  # noqa: FBT002 - as above
    replication_factor: ReplicationFactor = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds at most until everything that waits is worked off.")] = 600.0,
) -> None:
    """Rehearse a whole restore in empty stores on an empty broker, with work, without mails; exit code 0 only if all is right."""
    from marktplatz.recovery.commands.recovery import run_drill  # noqa: PLC0415 - as above

    run_async(run_drill(folder, report, create=create, replicas=replication_factor, patience=timedelta(seconds=wait)))


def reconcile(
    report: Annotated[
        Path | None, typer.Option(help="Write the report to this file as JSON, and as one line to the output.")
    ] = None,
    pause: Annotated[
        float, typer.Option(min=0, help="Seconds between two snapshots; 0: one snapshot, for a system at rest.")
    ] = 5.0,
) -> None:
    """Compare all stores with each other and with the topics, name every difference; exit code 1 if there is one.

    What must hold among contracts, their numbers and their archive alone, ``contracts audit`` examines.
    """
    from marktplatz.recovery.commands.recovery import run_reconcile  # noqa: PLC0415 - as above

    run_async(run_reconcile(report, timedelta(seconds=pause)))


def rebuild(
    recreate: Annotated[bool, typer.Option("--recreate", help="Delete the topics first, except dead letters.")] = False,  # noqa: FBT002 - as above
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until workers have left their groups.")] = 60.0,
    create: Create = True,  # noqa: FBT002 - as above
    replication_factor: ReplicationFactor = None,
) -> None:
    """Republish store state after a restore or topic loss. Stop the services first."""
    from marktplatz.recovery.commands.recovery import run_rebuild  # noqa: PLC0415 - as above

    run_async(run_rebuild(recreate=recreate, create=create, replicas=replication_factor, patience=timedelta(seconds=wait)))
