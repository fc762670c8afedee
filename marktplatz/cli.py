"""``marktplatz``: the one command line. Each command only translates; the work is in the modules it calls."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from marktplatz.names import RoleName, ServiceName
from shared.errors import MarktplatzError
from shared.messages.values import Channel, Role
from shared.process.logs import configure_logs
from shared.process.settings import ProcessSettings

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="EfA-Marktplatz: run, try out and look after the services."
)
topics = typer.Typer(no_args_is_help=True, help="Kafka topics as declared in shared/topics.py.")
dlq = typer.Typer(no_args_is_help=True, help="Dead letters of a consumer group.")
app.add_typer(topics, name="topics")
app.add_typer(dlq, name="dlq")
mails = typer.Typer(no_args_is_help=True, help="E-mails of notify.")
app.add_typer(mails, name="mails")


def _run(work: Coroutine[Any, Any, int | None]) -> None:
    """Run to the end; SIGTERM ends the work as Ctrl-C does, with its clean-up. A person reads: only warnings are logged."""
    configure_logs(level="WARNING", stream=sys.stderr)

    async def until_ended() -> int | None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - inside a coroutine there is one
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    _ended(lambda: uvloop.run(until_ended()))


def _run_blocking(work: Callable[[], None]) -> None:
    """Run work that waits for files and pipes, to the end; SIGTERM interrupts it as Ctrl-C does, with its clean-up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _ended(work)


def _ended(work: Callable[[], int | None]) -> None:
    try:
        code = work()
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except MarktplatzError as error:
        typer.echo(f"{error.code}: {error.detail}", err=True)
        raise typer.Exit(1) from error
    if code:
        raise typer.Exit(code)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no time such as 2026-11-24T01:15:00Z") from None
    if time.tzinfo is None:
        raise typer.BadParameter(f"{text} names no time zone; write 2026-11-24T01:15:00Z or 2026-11-24T02:15:00+01:00")
    return time.astimezone(UTC)


@app.command()
def run(
    service: ServiceName,
    role: RoleName,
    channel: Annotated[Channel | None, typer.Option(help="Anbieter of a contract processor.")] = None,
) -> None:
    """Run one service in one role until SIGTERM (this is what a container runs)."""
    from marktplatz.process import run_process  # noqa: PLC0415 - the other commands need none of the services

    try:
        _run(run_process(service, role, channel))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def migrate(service: ServiceName) -> None:
    """Prepare a service's store for this version: collections, indexes, reference data. Only adds; safe to repeat."""
    from marktplatz.process import run_migration  # noqa: PLC0415 - as above

    _run(run_migration(service))


@app.command()
def up(
    load: Annotated[bool, typer.Option(help="Load the reference data first.")] = True,  # noqa: FBT002 - a command line switch
) -> None:
    """Run the whole marketplace on this machine until Ctrl-C; data stay in the folder MARKTPLATZ_VAR (default: var/)."""
    from marktplatz.up import keep_running  # noqa: PLC0415 - as above

    _run(keep_running(ProcessSettings(), load=load))


@app.command()
def demo(
    keep: Annotated[bool, typer.Option(help="Keep the demo's data folder and say where it is.")] = False,  # noqa: FBT002
) -> None:
    """Play the main flow with the real reference data and check every step; exit code 0 only if all hold."""
    from marktplatz.demo.play import play  # noqa: PLC0415 - as above

    _run(play(keep=keep))


@app.command()
def load() -> None:
    """Load the reference data into the stores of catalog and eligibility; safe to repeat."""
    from marktplatz.loading import load_with_progress  # noqa: PLC0415 - as above

    _run(load_with_progress(ProcessSettings()))


@app.command()
def token(
    organisation: Annotated[str, typer.Option("--org", help="Organisation id, such as 010540056056 or fitko.")],
    name: Annotated[str, typer.Option(help="Official name of the organisation.")],
    role: Annotated[list[Role], typer.Option(help="May be repeated.")],
    subject: Annotated[str, typer.Option("--sub", help="Reference of the person.")] = "developer",
) -> None:
    """Print a developer token of the embedded issuer (environment 'embedded' only)."""
    from shared.http.issuer import EmbeddedIssuer  # noqa: PLC0415 - as above

    issuer = EmbeddedIssuer(ProcessSettings().var / "issuer")
    typer.echo(issuer.sign_token(subject=subject, organisation=organisation, organisation_name=name, roles=role))


@app.command()
def url(service: ServiceName) -> None:
    """Print the base URL of a service that 'up' is running."""
    files = sorted(ProcessSettings().var.glob("endpoints-*.json"))
    endpoints = {name: address for file in files for name, address in json.loads(file.read_text(encoding="utf-8")).items()}
    if service.value not in endpoints:
        typer.echo(f"{service.value} is not running here; start it with: marktplatz up", err=True)
        raise typer.Exit(1)
    typer.echo(endpoints[service.value])


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="The backup becomes a new folder in here, named by the time.")],
    keep: Annotated[int | None, typer.Option(min=1, help="Delete older backups in there, but for this number.")] = None,
) -> None:
    """Copy all stores, while the marketplace runs, as verified files."""
    from marktplatz.recovery.commands import run_backup  # noqa: PLC0415 - as above

    _run(run_backup(folder, keep))


@app.command("backup-key")
def backup_key(file: Annotated[Path, typer.Argument(help="Where the private key goes; it must not exist.")]) -> None:
    """Make a pair of keys for backups: the private one to a file, the public one for MARKTPLATZ_BACKUP_RECIPIENTS."""
    from marktplatz.recovery.commands import run_backup_key  # noqa: PLC0415 - as above

    _run_blocking(lambda: run_backup_key(file))


@app.command()
def seal(
    folder: Annotated[Path, typer.Argument(help="The archive becomes a new file in here, named by the time.")],
    pipe: Annotated[Path, typer.Argument(help="Folder in memory where the pipe 'archive' is made for the tool that dumps.")],
    keep_days: Annotated[int | None, typer.Option(min=1, help="Delete older archives in there, after success.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds at most until the tool begins.")] = 600.0,
) -> None:
    """Encrypt a dump that a database's own tool writes into a pipe; it counts once the tool has left the file 'done'."""
    from marktplatz.recovery.archive_commands import run_seal  # noqa: PLC0415 - as above

    keep = None if keep_days is None else timedelta(days=keep_days)
    _run_blocking(lambda: run_seal(folder, pipe, keep, timedelta(seconds=wait)))


@app.command()
def unseal(
    archive: Annotated[Path, typer.Argument(help="A dump, as 'seal' wrote it; of a folder, those in it are listed.")],
    pipe: Annotated[
        Path | None,
        typer.Argument(
            help="Folder in memory where the pipe 'archive' is made for the tool that restores; without it: only check."
        ),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds at most until the tool begins to read.")] = 600.0,
) -> None:
    """Check an encrypted dump to its end, then give it in plain into a pipe; nothing is given of one that has a fault."""
    from marktplatz.recovery.archive_commands import run_unseal  # noqa: PLC0415 - as above

    _run_blocking(lambda: run_unseal(archive, pipe, timedelta(seconds=wait)))


@app.command()
def backups(
    folder: Annotated[Path, typer.Argument(help="Where the backups are.")],
    verify: Annotated[bool, typer.Option("--verify", help="Compare every file with its checksum.")] = False,  # noqa: FBT002 - as above
    newest_within: Annotated[float | None, typer.Option(min=0, help="Hours: the newest must not be older.")] = None,
) -> None:
    """List the backups in a folder; exit code 1 if there is none, one is damaged, or the newest is too old."""
    from marktplatz.recovery.commands import run_backups  # noqa: PLC0415 - as above

    limit = None if newest_within is None else timedelta(hours=newest_within)
    _run(run_backups(folder, verified=verify, newest_within=limit))


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A backup: the folder that holds its manifest.json.")],
    into_non_empty: Annotated[bool, typer.Option("--into-non-empty", help="Add only what is missing.")] = False,  # noqa: FBT002 - as above
) -> None:
    """Put a backup into empty stores; the services must not run. Then: topics rebuild."""
    from marktplatz.recovery.commands import run_restore  # noqa: PLC0415 - as above

    _run(run_restore(folder, into_non_empty=into_non_empty))


@app.command("mark-restored")
def mark_restored(
    taken_at: Annotated[
        datetime,
        typer.Option(parser=_time, metavar="TIME", help="What they were restored to, such as 2026-11-24T01:15:00Z."),
    ],
) -> None:
    """Mark stores that the database's own tools restored. Stop the services first; then run: topics rebuild."""
    from marktplatz.recovery.commands import run_mark_restored  # noqa: PLC0415 - as above

    _run(run_mark_restored(taken_at))


@app.command()
def drill(
    folder: Annotated[Path, typer.Argument(help="A backup: the folder that holds its manifest.json.")],
    report: Annotated[
        Path | None, typer.Option(help="Write what was done and found to this file and, as a line of JSON, to the output.")
    ] = None,
    create: Annotated[bool, typer.Option(help="Create missing topics; not where an operator does.")] = True,  # noqa: FBT002 - as above
    replication_factor: Annotated[int, typer.Option(help="3 in production, 1 on a single broker.")] = 3,
    wait: Annotated[float, typer.Option(min=0, help="Seconds at most until all that was waiting is worked off.")] = 600.0,
) -> None:
    """Play a whole restore in empty stores on an empty broker, with work, without mails; exit code 0 only if nothing is wrong."""
    from marktplatz.recovery.commands import run_drill  # noqa: PLC0415 - as above

    _run(run_drill(folder, report, create=create, replicas=replication_factor, patience=timedelta(seconds=wait)))


@app.command()
def reconcile(
    report: Annotated[
        Path | None, typer.Option(help="Write the report to this file and, as a line of JSON, to the output.")
    ] = None,
    pause: Annotated[float, typer.Option(min=0, help="Seconds between the two looks; 0: one look, for a system at rest.")] = 5.0,
) -> None:
    """Compare all stores with each other and with the topics, name every difference; exit code 1 if there is one."""
    from marktplatz.recovery.commands import run_reconcile  # noqa: PLC0415 - as above

    _run(run_reconcile(report, timedelta(seconds=pause)))


@topics.command("rebuild")
def topics_rebuild(
    recreate: Annotated[bool, typer.Option("--recreate", help="Delete the topics first, but for dead letters.")] = False,  # noqa: FBT002
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until workers have left their groups.")] = 60.0,
    create: Annotated[bool, typer.Option(help="Create missing topics; not where an operator does.")] = True,  # noqa: FBT002 - as above
    replication_factor: Annotated[int, typer.Option(help="3 in production, 1 on a single broker.")] = 3,
) -> None:
    """Republish store state after a restore or topic loss. Stop the services first."""
    from marktplatz.recovery.commands import run_rebuild  # noqa: PLC0415 - as above

    _run(run_rebuild(recreate=recreate, create=create, replicas=replication_factor, patience=timedelta(seconds=wait)))


@topics.command("list")
def topics_list() -> None:
    """Print every topic with key, partitions, retention, producer and consumers."""
    from marktplatz.operations import print_topics  # noqa: PLC0415 - as above

    print_topics()


@topics.command("apply")
def topics_apply(
    replication_factor: Annotated[int, typer.Option(help="3 in production, 1 on a single broker.")] = 3,
) -> None:
    """Create the topics that are missing and bring settings in line with the declaration."""
    from marktplatz.operations import apply_topics  # noqa: PLC0415 - as above

    _run(apply_topics(replication_factor))


@topics.command("check")
def topics_check(
    replication_factor: Annotated[int, typer.Option(help="3 in production, 1 on a single broker.")] = 3,
) -> None:
    """Report how the broker's topics differ from their declaration; exit code 1 if they do."""
    from marktplatz.operations import check_topics  # noqa: PLC0415 - as above

    _run(check_topics(replication_factor))


@dlq.command("list")
def dlq_list(group: str, limit: int = 50) -> None:
    """List the dead letters of a group: where they came from and why they are here."""
    from marktplatz.operations import print_dead_letters  # noqa: PLC0415 - as above

    _run(print_dead_letters(group, limit))


@dlq.command("show")
def dlq_show(group: str, letter: Annotated[str, typer.Argument(help="Id as listed: <partition>:<offset>.")]) -> None:
    """Show one dead letter: reason, origin, headers and original bytes."""
    from marktplatz.operations import show_dead_letter  # noqa: PLC0415 - as above

    _run(show_dead_letter(group, letter))


@dlq.command("replay")
def dlq_replay(
    group: str,
    letter: Annotated[list[str] | None, typer.Option("--id", help="Only this one; may be repeated.")] = None,
) -> None:
    """Send dead letters back to where they came from, each once; consumers recognise what they had applied."""
    from marktplatz.operations import replay  # noqa: PLC0415 - as above

    _run(replay(group, letter))


@mails.command("retry")
def mails_retry(
    since: Annotated[datetime, typer.Option(parser=_time, metavar="TIME", help="Failed from this time on.")],
    until: Annotated[
        datetime | None, typer.Option(parser=_time, metavar="TIME", help="Failed before this time; without it: until now.")
    ] = None,
    code: Annotated[list[str] | None, typer.Option(help="Only those with this code, such as smtp_530; may be repeated.")] = None,
) -> None:
    """Send failed e-mails again, once their cause is mended; what is under way or was sent stays as it is."""
    from marktplatz.mails import retry_mails  # noqa: PLC0415 - as above

    _run(retry_mails(since, until, code or []))


def main() -> None:
    """Entry point of the console script."""
    app()
