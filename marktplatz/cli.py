"""``marktplatz``: the one command line, put together from the commands of each area."""

from __future__ import annotations

import sys

import typer

from marktplatz.commands import archive, contracts, eligibility, local, mails, partners, processes, topics
from marktplatz.recovery import cli as recovery
from marktplatz.running import errors_as_lines

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="EfA-Marktplatz: run, try out and look after the services."
)
processes.register(app)
local.register(app)
topics.register(app)
mails.register(app)
partners.register(app)
eligibility.register(app)
contracts.register(app)
archive.register(app)
recovery.register(app, topics.topics)


def main() -> None:
    """Entry point of the console script."""
    try:
        with errors_as_lines():
            app()
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
