"""The commands of the archive of contracts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

archive = typer.Typer(no_args_is_help=True, help="The archive of contracts: what was exported from it.")


def register(app: typer.Typer) -> None:
    """Add the group of commands to the command line."""
    app.add_typer(archive, name="archive")


@archive.callback()
def group() -> None:
    """Keep the group a group while it has one command."""


@archive.command("prove")
def prove(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Export of the whole archive.")],
    subject: Annotated[str, typer.Argument(metavar="ID", help="Id of the contract, accession or statement.")],
) -> None:
    """Print a receipt: the entries about ID with proofs that they stand in the archive, for marktplatz-verify."""
    from services.contracts.archive.receipt import NoReceiptError, receipt  # noqa: PLC0415 - see the package

    try:
        with bundle.open("rb") as lines:
            sys.stdout.buffer.writelines(receipt(lines, subject))
    except (NoReceiptError, OSError) as error:
        typer.echo(f"{bundle}: {error}", err=True)
        raise typer.Exit(1) from error
