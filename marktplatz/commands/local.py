"""The commands for the marketplace on one machine: try it out, keep it running, find it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from marktplatz.running import run_async, run_blocking
from shared.messages.values import Role
from shared.process.settings import ProcessSettings

Running = Literal["catalog", "contracts", "eligibility", "notify", "ordering", "portal"]
"""What 'up' runs that has an address."""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(up)
    app.command()(demo)
    app.command()(load)
    app.command()(load_facts)
    app.command()(token)
    app.command()(url)


def up(
    load: Annotated[bool, typer.Option(help="Load the reference data first, and the facts that the demo assumes.")] = True,  # noqa: FBT002 - a command line switch
    examples: Annotated[bool, typer.Option(help="Publish example offers, marked as such, if nothing can be ordered yet.")] = True,  # noqa: FBT002 - as above
) -> None:
    """Run the whole marketplace on this machine until Ctrl-C; data stay in the folder MARKTPLATZ_VAR (default: var/)."""
    from marktplatz.demo.examples import publish_examples  # noqa: PLC0415 - see the package
    from marktplatz.up import keep_running  # noqa: PLC0415 - see the package

    run_async(keep_running(ProcessSettings(), load=load, publish=publish_examples if examples and load else None))


def demo(
    keep: Annotated[bool, typer.Option(help="Keep the data folder and print where it is.")] = False,  # noqa: FBT002 - as above
    verbose: Annotated[bool, typer.Option(help="Print the tables of the report too.")] = False,  # noqa: FBT002 - as above
    report: Annotated[Path, typer.Option(help="Folder of the HTML report.")] = Path("build/demo"),
) -> None:
    """Play the main flow with the real reference data and check every step; exit code 0 only if all hold."""
    from marktplatz.demo.play import play  # noqa: PLC0415 - see the package

    run_async(play(keep=keep, verbose=verbose, folder=report))


def load() -> None:
    """Load the reference data into the stores of catalog and eligibility; safe to repeat."""
    from marktplatz.loading import load_with_progress  # noqa: PLC0415 - see the package

    run_async(load_with_progress(ProcessSettings()))


def load_facts(
    file: Annotated[Path, typer.Argument(help="JSON file with facts and documents, such as data/demo/assumed_facts.json.")],
    by: Annotated[str, typer.Option(help="Reference of the person who answers for them.")],
) -> None:
    """Record a file of facts and documents in the store of eligibility, as one entry; what is recorded already stays."""
    from marktplatz.loading import load_facts as load_file  # noqa: PLC0415 - see the package

    async def record() -> None:
        typer.echo(f"{await load_file(ProcessSettings(), file, by)} records")

    run_async(record())


def token(
    organisation: Annotated[
        str | None,
        typer.Option("--org", help="Organisation id, such as 010540056056 or fitko; without one the token says who calls only."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Official name of the organisation.")] = None,
    role: Annotated[list[Role] | None, typer.Option(help="Role that the token claims; may be repeated.")] = None,
    subject: Annotated[str, typer.Option("--sub", help="Reference of the person.")] = "developer",
) -> None:
    """Print a developer token of the embedded issuer (environment 'embedded' only)."""
    from marktplatz.embedded import data_folder  # noqa: PLC0415 - see the package
    from shared.http.issuer import EmbeddedIssuer  # noqa: PLC0415 - see the package

    if organisation is None and (name is not None or role):
        raise typer.BadParameter("--name and --role belong to an organisation: give --org too, or none of them")

    def sign() -> None:
        issuer = EmbeddedIssuer(data_folder(ProcessSettings()) / "issuer")
        typer.echo(issuer.sign_token(subject=subject, organisation=organisation, organisation_name=name, roles=role or ()))

    run_blocking(sign)


def url(service: Annotated[Running, typer.Argument(metavar="SERVICE", help="A service with an API, or the portal.")]) -> None:
    """Print the base URL of a service, or of the portal, that 'up' is running."""
    from marktplatz.addresses import endpoints  # noqa: PLC0415 - see the package

    found = endpoints()
    if service not in found:
        typer.echo(f"{service} is not running here; start it with: marktplatz up", err=True)
        raise typer.Exit(1)
    typer.echo(found[service])
