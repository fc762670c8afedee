"""``marktplatz up``: keeps the embedded marketplace running and prints where everything is."""

from __future__ import annotations

import asyncio

from rich.markup import escape

from marktplatz.console import make_console, print_table
from marktplatz.embedded import PORTAL, Embedded
from marktplatz.infrastructure.errors import InfrastructureError
from marktplatz.loading import load_assumed_facts, load_with_progress
from shared.process.settings import ProcessSettings


async def keep_running(settings: ProcessSettings, *, load: bool) -> int:
    """Run until it is cancelled, with the facts that the demonstration assumes. Returns the exit code if it could not start."""
    console = make_console()
    console.rule("[bold]EfA-Marktplatz[/]")
    try:
        if load:
            await load_with_progress(settings)
            await load_assumed_facts(settings)
            console.print("   Assumed so that orders can be tried: seats, figures, declarations (data/demo/assumed_facts.json).")
        async with Embedded(settings, portal=True) as run:
            print_table(
                console,
                "Running. Ctrl-C ends everything.",
                ("what", "where"),
                [
                    ("portal", run.endpoints[PORTAL]),
                    *((f"{name} API", f"{url}/docs") for name, url in sorted(run.endpoints.items()) if name != PORTAL),
                    (f"Kafka ({run.broker_kind})", run.bootstrap),
                    ("mails", run.smtp.folder),
                    ("logs", run.var / "logs"),
                ],
            )
            console.print("   A token: .venv/bin/marktplatz token --org 010540056056 --name 'Husum, Stadt' --role KUNDE")
            try:
                await asyncio.Event().wait()
            finally:
                console.print("   Ending: running work is finished first.")
    except InfrastructureError as error:
        console.print(f"[bold red]{escape(f'{error.code}: {error.detail}')}[/]")
        return 1
    return 0
