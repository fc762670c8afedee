"""The commands of the archive of contracts."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from marktplatz.running import run_async, run_blocking

Log = Annotated[
    str | None, typer.Option("--log", metavar="NAME", help="A former log, which a restore has ended; without it the present one.")
]

archive = typer.Typer(no_args_is_help=True, help="The archive of contracts: exports, proofs, checkpoints.")


class Ground(StrEnum):
    """Why a record about a person is erased."""

    REQUEST = "request"
    RETENTION = "retention"
    UNLAWFUL = "unlawful"


def _reference(text: str) -> str:
    """Return a reference. Raises typer.BadParameter for what may be a sentence about somebody."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}", text):
        raise typer.BadParameter("a reference has up to 64 letters, digits and . _ : @ / -, and no blank")
    return text


def register(app: typer.Typer) -> None:
    """Add the group of commands to the command line."""
    app.add_typer(archive, name="archive")


class _Lines:
    """The lines of a file, however often they are gone through."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        with self.file.open("rb") as lines:
            yield from lines


@archive.command("export")
def export(
    contract: Annotated[
        str | None, typer.Option("--contract", metavar="ID", help="Only the entries about this contract, with their proofs.")
    ] = None,
    since: Annotated[
        list[int] | None,
        typer.Option(
            "--since", metavar="SIZE", help="With --contract: size of a checkpoint that the reader holds; may be repeated."
        ),
    ] = None,
    log: Log = None,
    *,
    documents: Annotated[
        bool, typer.Option("--documents/--no-documents", help="With the contracts, their PDFs and invoices, or hashes alone.")
    ] = True,
    persons: Annotated[bool, typer.Option("--persons", help="With the records about persons that are still there.")] = False,
) -> None:
    """Print the archive for marktplatz-verify, a line of JSON for each entry and document; or the receipt of one contract."""
    from marktplatz.archive import export as write  # noqa: PLC0415 - see the package

    run_async(write(contract, since or (), log, documents=documents, persons=persons))


@archive.command("checkpoint")
def checkpoint(
    size: Annotated[int | None, typer.Option("--size", metavar="SIZE", help="That of this size; without it the newest.")] = None,
    log: Log = None,
) -> None:
    """Print a checkpoint as it was signed: whoever keeps it can show later that entries before it were changed."""
    from marktplatz.archive import print_checkpoint  # noqa: PLC0415 - see the package

    run_async(print_checkpoint(size, log))


@archive.command("erase")
def erase(
    contract: Annotated[str, typer.Argument(metavar="ID", help="Id of the contract.")],
    by: Annotated[
        str, typer.Option("--by", metavar="WHO", parser=_reference, help="Who erases: a user name, no name of a person.")
    ],
    ground: Annotated[Ground, typer.Option("--ground", help="Art. 17 DSGVO, end of retention, or unlawful from the beginning.")],
    reference: Annotated[
        str | None, typer.Option("--reference", metavar="FILE", parser=_reference, help="Reference of the file about it.")
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE", help="Only this record, such as award.signed_off_by; may be repeated."),
    ] = None,
) -> None:
    """Erase the records about persons of a contract with their salts. The log stays as it is, and every proof valid."""
    from marktplatz.archive import erase_records  # noqa: PLC0415 - see the package
    from services.contracts.archiving.erasure import Ground as Known  # noqa: PLC0415 - see the package

    run_async(erase_records(contract, role or (), by, Known(ground.value), reference))


@archive.command("new-key")
def new_key(file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write (CONTRACTS_ARCHIVE_KEY).")]) -> None:
    """Write a key that signs checkpoints, and print its public half as verifiers get it."""
    from marktplatz.archive import make_key  # noqa: PLC0415 - see the package

    run_blocking(lambda: make_key(file))


@archive.command("key")
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File of the key (CONTRACTS_ARCHIVE_KEY).")],
    log: Annotated[
        str | None, typer.Option("--log", metavar="NAME", help="A log that a restore has begun; without it the first one.")
    ] = None,
) -> None:
    """Print the public half of a key as verifiers get it."""
    from marktplatz.archive import print_key  # noqa: PLC0415 - see the package

    run_blocking(lambda: print_key(file, log))


@archive.command("prove")
def prove(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Export of the whole archive.")],
    subject: Annotated[str, typer.Argument(metavar="ID", help="Id of the contract, accession or statement.")],
) -> None:
    """Print a receipt: the entries about ID with proofs that they stand in the archive, for marktplatz-verify."""
    from services.contracts.archive.receipt import NoReceiptError, receipt  # noqa: PLC0415 - see the package

    try:
        sys.stdout.buffer.writelines(receipt(_Lines(bundle), subject))
    except (NoReceiptError, OSError) as error:
        typer.echo(f"{bundle}: {error}", err=True)
        raise typer.Exit(1) from error
