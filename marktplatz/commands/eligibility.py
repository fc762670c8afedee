"""The commands of the in-house pre-check: cases, matrix, explanation, what-if."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from marktplatz.running import run_async

eligibility = typer.Typer(no_args_is_help=True, help="The in-house pre-check (§ 108 GWB).")

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cases as JSON: facts, evidence, request.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands to the command line."""
    app.add_typer(eligibility, name="eligibility")


@eligibility.command("evaluate")
def evaluate(files: Files) -> None:
    """Print the answer to each case as one line of JSON; exit 2 if any input was refused."""
    from marktplatz.eligibility import evaluate_files  # noqa: PLC0415 - see the package

    if not evaluate_files(files):
        raise typer.Exit(2)


Day = Annotated[str, typer.Option("--date", metavar="DAY", help="Day of the awards, such as 2027-01-01.")]
FactsFile = Annotated[Path | None, typer.Option(help="JSON file with facts and evidence; without it: what the store holds.")]
Offerings = Annotated[
    Path | None,
    typer.Option(help="CSV with offering,provider; else a column per accredited Bereitsteller, or per provider."),
]
Types = Annotated[list[str], typer.Option("--type", help="Types of the customers; may be repeated.")]
Kind = Annotated[str, typer.Option("--rule-set", help="Id of the rule set.")]
Indirect = Annotated[Literal["STRICT", "ACCEPT"], typer.Option("--indirect-joint", help="Policy on indirect joint control.")]
Accreditation = Annotated[Literal["IGNORE", "REQUIRE"], typer.Option(help="Whether accreditations are required.")]
TYPES = ["BUND", "LAND", "KREIS", "KOMMUNE"]


@eligibility.command("matrix")
def matrix(
    day: Day,
    out: Annotated[Path, typer.Option(help="File to write: a line of JSON, then customer, channel, one letter per offering.")],
    facts: FactsFile = None,
    offerings: Offerings = None,
    types: Types = TYPES,
    rule_set: Kind = "gwb108-2016",
    indirect_joint: Indirect = "STRICT",
    accreditation: Accreditation = "IGNORE",
) -> None:
    """Write the verdicts of all customers, offerings and channels on a day to a file."""
    from marktplatz.eligibility_matrix import Selection, write_matrix  # noqa: PLC0415 - see the package

    selection = Selection(day, facts, offerings, tuple(types), indirect_joint, accreditation, rule_set)
    run_async(write_matrix(selection, out))


@eligibility.command("what-if")
def what_if(
    fact: Annotated[str, typer.Option("--end", metavar="FACT", help="Id of the fact that ends, such as a membership.")],
    day: Annotated[str, typer.Option("--on", metavar="DAY", help="First day on which it no longer holds.")],
    out: Annotated[Path | None, typer.Option(help="File for all changes, one line of JSON per customer and channel.")] = None,
    facts: FactsFile = None,
    offerings: Offerings = None,
    types: Types = TYPES,
    indirect_joint: Indirect = "STRICT",
    accreditation: Accreditation = "IGNORE",
) -> None:
    """Print who loses and gains what if a fact ends on a day, and which orders are concerned; records nothing."""
    from marktplatz.eligibility_matrix import Selection, print_what_if  # noqa: PLC0415 - see the package

    selection = Selection(day, facts, offerings, tuple(types), indirect_joint, accreditation)
    run_async(print_what_if(selection, fact, out))


@eligibility.command("explain")
def explain(  # noqa: PLR0913, PLR0917 - each is an argument or option of the command
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Id of the Kunde, such as its ARS.")],
    offering: Annotated[str, typer.Argument(metavar="OFFERING", help="Id of an offer, or of the body that provides.")],
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="FITKO or govdigital.")],
    day: Annotated[str, typer.Option("--date", metavar="DAY", help="Day of the award, such as 2027-01-01.")],
    facts: FactsFile = None,
    rule_set: Kind = "gwb108-2016",
    indirect_joint: Indirect = "STRICT",
    accreditation: Accreditation = "IGNORE",
    language: Annotated[Literal["de", "en"], typer.Option(help="Language of the sentences.")] = "de",
) -> None:
    """Print whether a Kunde may order an offer through a channel on a day, and why, as a tree; records nothing."""
    from marktplatz.eligibility_explain import Asked, print_explanation  # noqa: PLC0415 - see the package

    asked = Asked(customer, offering, channel, day, facts, rule_set, indirect_joint, accreditation)
    run_async(print_explanation(asked, language))
