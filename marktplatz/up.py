"""``marktplatz up``: keeps the embedded marketplace running and prints where everything is."""

from __future__ import annotations

import asyncio

from marktplatz.demo.story import Story
from marktplatz.embedded import Embedded, EmbeddedError
from marktplatz.infrastructure.errors import InfrastructureError
from marktplatz.loading import load_with_progress
from shared.process.settings import ProcessSettings


async def keep_running(settings: ProcessSettings, *, load: bool) -> int:
    """Run until it is cancelled. Returns the exit code if it could not start."""
    story = Story()
    story.title("EfA-Marktplatz")
    try:
        if load:
            await load_with_progress(settings)
        async with Embedded(settings) as run:
            story.table(
                "Running. Ctrl-C ends everything.",
                ("what", "where"),
                [
                    *((f"{name} API", f"{url}/docs") for name, url in sorted(run.endpoints.items())),
                    (f"Kafka ({run.broker_kind})", run.bootstrap),
                    ("mails", run.smtp.folder),
                    ("logs", run.var / "logs"),
                ],
            )
            story.say("A token: .venv/bin/marktplatz token --org 010540056056 --name 'Husum, Stadt' --role KUNDE")
            try:
                await asyncio.Event().wait()
            finally:
                story.say("Ending: running work is finished first.")
    except (EmbeddedError, InfrastructureError) as error:
        story.console.print(f"[bold red]{error}[/]")
        return 1
    return 0
