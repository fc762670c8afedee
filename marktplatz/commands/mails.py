"""The commands for e-mails of notify."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from marktplatz.running import run_async, time_of

mails = typer.Typer(no_args_is_help=True, help="E-mails of notify.")


def register(app: typer.Typer) -> None:
    """Add the group of commands to the command line."""
    app.add_typer(mails, name="mails")


@mails.command("retry")
def retry(
    since: Annotated[datetime, typer.Option(parser=time_of, metavar="TIME", help="Failed from this time on.")],
    until: Annotated[
        datetime | None, typer.Option(parser=time_of, metavar="TIME", help="Failed before this time; without it: until now.")
    ] = None,
    code: Annotated[list[str] | None, typer.Option(help="Only those with this code, such as smtp_530; may be repeated.")] = None,
) -> None:
    """Send failed e-mails again, once their cause is mended; what is under way or was sent stays as it is."""
    from marktplatz.mails import retry_mails  # noqa: PLC0415 - see the package

    run_async(retry_mails(since, until, code or []))
