"""``marktplatz``: the one command line. Each command only translates; the work is in the modules it calls."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

import typer

from marktplatz.names import RoleName, ServiceName
from marktplatz.recovery import cli as recovery
from marktplatz.running import run_async, time_of
from shared.messages.values import Channel, Role
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


@app.command()
def run(
    service: ServiceName,
    role: RoleName,
    channel: Annotated[Channel | None, typer.Option(help="Anbieter of a contract processor.")] = None,
) -> None:
    """Run one service in one role until SIGTERM (this is what a container runs)."""
    from marktplatz.process import run_process  # noqa: PLC0415 - the other commands need none of the services

    try:
        run_async(run_process(service, role, channel))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def migrate(service: ServiceName) -> None:
    """Prepare a service's store for this version: collections, indexes, reference data. Only adds; safe to repeat."""
    from marktplatz.process import run_migration  # noqa: PLC0415 - as above

    run_async(run_migration(service))


@app.command()
def up(
    load: Annotated[bool, typer.Option(help="Load the reference data first.")] = True,  # noqa: FBT002 - a command line switch
) -> None:
    """Run the whole marketplace on this machine until Ctrl-C; data stay in the folder MARKTPLATZ_VAR (default: var/)."""
    from marktplatz.up import keep_running  # noqa: PLC0415 - as above

    run_async(keep_running(ProcessSettings(), load=load))


@app.command()
def demo(
    keep: Annotated[bool, typer.Option(help="Keep the demo's data folder and say where it is.")] = False,  # noqa: FBT002
) -> None:
    """Play the main flow with the real reference data and check every step; exit code 0 only if all hold."""
    from marktplatz.demo.play import play  # noqa: PLC0415 - as above

    run_async(play(keep=keep))


@app.command()
def load() -> None:
    """Load the reference data into the stores of catalog and eligibility; safe to repeat."""
    from marktplatz.loading import load_with_progress  # noqa: PLC0415 - as above

    run_async(load_with_progress(ProcessSettings()))


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

    run_async(apply_topics(replication_factor))


@topics.command("check")
def topics_check(
    replication_factor: Annotated[int, typer.Option(help="3 in production, 1 on a single broker.")] = 3,
) -> None:
    """Report how the broker's topics differ from their declaration; exit code 1 if they do."""
    from marktplatz.operations import check_topics  # noqa: PLC0415 - as above

    run_async(check_topics(replication_factor))


@dlq.command("list")
def dlq_list(group: str, limit: int = 50) -> None:
    """List the dead letters of a group: where they came from and why they are here."""
    from marktplatz.operations import print_dead_letters  # noqa: PLC0415 - as above

    run_async(print_dead_letters(group, limit))


@dlq.command("show")
def dlq_show(group: str, letter: Annotated[str, typer.Argument(help="Id as listed: <partition>:<offset>.")]) -> None:
    """Show one dead letter: reason, origin, headers and original bytes."""
    from marktplatz.operations import show_dead_letter  # noqa: PLC0415 - as above

    run_async(show_dead_letter(group, letter))


@dlq.command("replay")
def dlq_replay(
    group: str,
    letter: Annotated[list[str] | None, typer.Option("--id", help="Only this one; may be repeated.")] = None,
) -> None:
    """Send dead letters back to where they came from, each once; consumers recognise what they had applied."""
    from marktplatz.operations import replay  # noqa: PLC0415 - as above

    run_async(replay(group, letter))


@mails.command("retry")
def mails_retry(
    since: Annotated[datetime, typer.Option(parser=time_of, metavar="TIME", help="Failed from this time on.")],
    until: Annotated[
        datetime | None, typer.Option(parser=time_of, metavar="TIME", help="Failed before this time; without it: until now.")
    ] = None,
    code: Annotated[list[str] | None, typer.Option(help="Only those with this code, such as smtp_530; may be repeated.")] = None,
) -> None:
    """Send failed e-mails again, once their cause is mended; what is under way or was sent stays as it is."""
    from marktplatz.mails import retry_mails  # noqa: PLC0415 - as above

    run_async(retry_mails(since, until, code or []))


recovery.register(app, topics)


def main() -> None:
    """Entry point of the console script."""
    app()
