"""The commands for partner systems: their registry, their topics, the keys of their receipts."""

from __future__ import annotations

import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from marktplatz.running import run_async, run_blocking, time_of

partners = typer.Typer(no_args_is_help=True, help="Partner systems that order by signed events.")
receipt_key = typer.Typer(no_args_is_help=True, help="Keys that sign the receipts of partners' events.")

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the partner.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="JSON file.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the keys (ORDERING_RECEIPT_KEYS).")]
Person = Annotated[str, typer.Option("--by", help="Who acts, for the history; without it the user of this machine.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the history and the event.")]
ReplicationFactor = Annotated[int | None, typer.Option(help="3 in production, 1 on the broker of `marktplatz up`.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only of these partners; without one: of all.")]
Moment = Annotated[datetime | None, typer.Option(parser=time_of, metavar="TIME")]


def register(app: typer.Typer) -> None:
    """Add the group of commands to the command line."""
    partners.add_typer(receipt_key, name="receipt-key")
    app.add_typer(partners, name="partners")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an image's user has no name
        return "operations"


@partners.command("list")
def list_() -> None:
    """List all partners with their state."""
    from marktplatz.partners import print_partners  # noqa: PLC0415 - see the package

    run_async(print_partners())


@partners.command("show")
def show(partner: Id) -> None:
    """Show one partner in full, with its history, as JSON."""
    from marktplatz.partners import show_partner  # noqa: PLC0415 - see the package

    run_async(show_partner(partner))


@partners.command("register")
def register_(
    file: File,
    person: Person = "",
    topics: Annotated[bool, typer.Option(help="Make its topics too, where Strimzi does not.")] = False,  # noqa: FBT002 - an option
    replication_factor: ReplicationFactor = None,
) -> None:
    """Register a partner from a file: id, name, run_by, organisations, quota, contact."""
    from marktplatz.partners import register_partner  # noqa: PLC0415 - see the package

    run_async(register_partner(file, person or _user(), replication_factor, topics=topics))


@partners.command("change")
def change(partner: Id, file: File, person: Person = "") -> None:
    """Replace what is stated of a partner by a file."""
    from marktplatz.partners import change_partner  # noqa: PLC0415 - see the package

    run_async(change_partner(partner, file, person or _user()))


@partners.command("add-key")
def add_key(
    partner: Id,
    file: File,
    kid: Annotated[str | None, typer.Option(help="Id of the key; without it that of the JWK, else its thumbprint.")] = None,
    valid_from: Moment = None,
    valid_until: Moment = None,
    person: Person = "",
) -> None:
    """Add a public key of a partner, handed over on a way that proves whose it is: a JWK in a file, bare or with its kid."""
    from marktplatz.partners import add_key as add  # noqa: PLC0415 - see the package

    run_async(add(partner, file, kid, valid_from, valid_until, person or _user()))


@partners.command("retire-key")
def retire_key(partner: Id, kid: str, until: Moment = None, person: Person = "") -> None:
    """Set the end of a key: now, later, or a moment in the past since when it is not to be believed."""
    from marktplatz.partners import retire_key as retire  # noqa: PLC0415 - see the package

    run_async(retire(partner, kid, until, person or _user()))


@partners.command("suspend")
def suspend(partner: Id, reason: Reason, person: Person = "") -> None:
    """Suspend a partner: its records wait on its topic, nothing is answered."""
    from marktplatz.partners import suspend_partner  # noqa: PLC0415 - see the package

    run_async(suspend_partner(partner, reason, person or _user()))


@partners.command("resume")
def resume(partner: Id, person: Person = "") -> None:
    """Resume a partner: its records are read on from where the reading stopped."""
    from marktplatz.partners import resume_partner  # noqa: PLC0415 - see the package

    run_async(resume_partner(partner, person or _user()))


@partners.command("remove")
def remove(
    partner: Id,
    reason: Reason,
    person: Person = "",
    topics: Annotated[bool, typer.Option(help="Delete its topics with all that lies on them.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Remove a partner for good; its id stays taken."""
    from marktplatz.partners import remove_partner  # noqa: PLC0415 - see the package

    run_async(remove_partner(partner, reason, person or _user(), topics=topics))


@partners.command("topics")
def topics_(
    ids: Ids = None,
    replication_factor: ReplicationFactor = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing, report what differs.")] = False,  # noqa: FBT002 - an option
    delete_removed: Annotated[  # noqa: FBT002 - an option
        bool, typer.Option("--delete-removed", help="Delete the topics of removed partners.")
    ] = False,
) -> None:
    """Create the topics of partners that are missing and bring settings in line; with --check exit code 1 if they differ."""
    from marktplatz.partners import align_topics, check_partner_topics, delete_removed_topics  # noqa: PLC0415 - see the package

    if check:
        run_async(check_partner_topics(ids or [], replication_factor))
        return
    run_async(align_topics(ids or [], replication_factor))
    if delete_removed:
        run_async(delete_removed_topics())


@receipt_key.command("new")
def new_key(
    folder: Folder,
    begins: Annotated[
        datetime | None,
        typer.Option(parser=time_of, metavar="TIME", help="When it begins to sign; the first at once, else in a day."),
    ] = None,
) -> None:
    """Write a new key into a folder; the keys before it stay published for their overlap."""
    from marktplatz.partners import new_receipt_key  # noqa: PLC0415 - see the package

    run_blocking(lambda: new_receipt_key(folder, begins))


@receipt_key.command("list")
def list_keys(folder: Folder) -> None:
    """List the keys of a folder and which of them signs now."""
    from marktplatz.partners import print_receipt_keys  # noqa: PLC0415 - see the package

    run_blocking(lambda: print_receipt_keys(folder))
