"""The commands of contracts: answers to cases in files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marktplatz.running import run_async
from shared.messages.values import Channel

contracts = typer.Typer(no_args_is_help=True, help="Contracts: the chain behind an offering, and its prices.")

statements = typer.Typer(no_args_is_help=True, help="Yearly statements: make them, see how far they are.")
contracts.add_typer(statements, name="statements")

Anbieter = Annotated[Channel, typer.Option("--channel", help="Anbieter whose statements they are.")]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cases as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands to the command line."""
    app.add_typer(contracts, name="contracts")


@contracts.command("chain")
def chain(files: Files) -> None:
    """Print the answers to each case as one line of JSON; exit 2 if an input was refused, else 1 if a file is no case."""
    from marktplatz.contract_cases import print_cases  # noqa: PLC0415 - see the package
    from services.contracts.chain.answers import line_of  # noqa: PLC0415 - see the package

    raise typer.Exit(print_cases(files, line_of))


@contracts.command("audit")
def audit() -> None:
    """Audit the whole store of contracts: a line for each finding with what to do; exit 0 clean, 1 findings, 2 unreadable."""
    from marktplatz.contract_audit import run_audit  # noqa: PLC0415 - see the package

    run_async(run_audit())


@contracts.command("price")
def price(files: Files) -> None:
    """Print the cost statement of each case as one line of JSON; exit 2 if an input was refused, else 1 if a file is no case."""
    from marktplatz.contract_cases import print_cases  # noqa: PLC0415 - see the package
    from services.contracts.pricing.answers import line_of  # noqa: PLC0415 - see the package

    raise typer.Exit(print_cases(files, line_of))


@contracts.command("document")
def document(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A contract, or a yearly statement, as JSON.")],
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the documents go.")] = Path(),
    addresses: Annotated[
        Path | None,
        typer.Option("--addresses", metavar="FILE", help="Lines of postal addresses by key of the organisation."),
    ] = None,
    billing: Annotated[
        Path | None,
        typer.Option("--xrechnung", metavar="FILE", help="Seller, buyer, payment of a statement; writes its XRechnung, too."),
    ] = None,
) -> None:
    """Write the documents of a contract or a yearly statement as PDF/A-3, and print the SHA-256 of each."""
    from marktplatz.contract_documents import write_documents  # noqa: PLC0415 - see the package
    from marktplatz.running import run_blocking  # noqa: PLC0415 - see the package

    run_blocking(lambda: write_documents(file, to, addresses, billing))


@statements.command("run")
def run_statements(
    channel: Anbieter,
    year: Annotated[int, typer.Option("--year", help="Calendar year that is over.")],
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Who makes them: a reference, not the name of a person.")],
    offering: Annotated[str | None, typer.Option("--offering", metavar="ID", help="Only of this offer.")] = None,
    target_groups: Annotated[
        Path | None,
        typer.Option("--target-groups", metavar="FILE", help="JSON: size of the target group by key of the organisation."),
    ] = None,
) -> None:
    """Make the statements of a year, or go on with the job that was begun: 1 if an offer has none, 130 if it was cut off."""
    from marktplatz.contract_statements import run_statements as run  # noqa: PLC0415 - see the package

    run_async(run(channel, year, offering, target_groups, by))


@statements.command("status")
def show_statements(
    channel: Anbieter,
    job: Annotated[str | None, typer.Argument(metavar="[JOB]", help="One job with its offers; without it the newest.")] = None,
) -> None:
    """Print how far jobs and documents are; of one job 0 done, 1 failed or an offer has no statement, 3 not ended."""
    from marktplatz.contract_statements import show_statements as show  # noqa: PLC0415 - see the package

    run_async(show(channel, job))
