"""The commands that a container runs: one process, one migration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marktplatz.names import RoleName, ServiceName
from marktplatz.running import misuse_as_usage, run_async
from shared.messages.values import Channel


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(run)
    app.command()(portal)
    app.command()(migrate)


def run(
    service: ServiceName,
    role: RoleName,
    channel: Annotated[Channel | None, typer.Option(help="Anbieter of a contract processor.")] = None,
) -> None:
    """Run one service in one role until SIGTERM (this is what a container runs)."""
    from marktplatz.process import run_process  # noqa: PLC0415 - see the package

    with misuse_as_usage():
        run_async(run_process(service, role, channel), process=True)


def portal(
    showcase: Annotated[
        Path | None,
        typer.Option(metavar="STORE", help="Show a catalog that 'efa-portal follow --store STORE' follows, without log-in."),
    ] = None,
) -> None:
    """Run the portal until SIGTERM: the pages for people, a client of the services' APIs (PORTAL_CATALOG_URL and the like)."""
    from marktplatz.process import run_showcase, run_site  # noqa: PLC0415 - see the package

    try:
        with misuse_as_usage():
            run_async(run_site("portal") if showcase is None else run_showcase(showcase), process=True)
    except ModuleNotFoundError as error:
        if error.name != "efa_portal":
            raise
        raise typer.BadParameter("--showcase reads by the portal kit: pip install ./kits/portal") from error


def migrate(service: ServiceName) -> None:
    """Prepare a service's store for this version: collections, indexes, reference data. Only adds; safe to repeat."""
    from marktplatz.process import run_migration  # noqa: PLC0415 - see the package

    with misuse_as_usage():
        run_async(run_migration(service), process=True)
