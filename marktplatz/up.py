"""``marktplatz up``: keeps the embedded marketplace running and prints where everything is."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import TypeAlias

from rich.console import Console
from rich.markup import escape

from marktplatz.console import make_console, print_table
from marktplatz.embedded import PORTAL, RIGHTS_FROM, Embedded
from marktplatz.infrastructure.errors import EmbeddedError, InfrastructureError
from marktplatz.loading import load_assumed_facts, load_with_progress
from marktplatz.memory import memory_of
from marktplatz.ports import APIS
from shared.process.settings import ProcessSettings

TOUR = "tour.sh"
Publish: TypeAlias = Callable[[Embedded], Awaitable[int]]


async def keep_running(settings: ProcessSettings, *, load: bool, publish: Publish | None = None) -> int:
    """Run until it is cancelled, with the facts that the demonstration assumes. Returns the exit code if it could not start.

    ``publish`` publishes example offers on the marketplace that runs, and returns how many.
    """
    console = make_console()
    console.rule("[bold]EfA-Marktplatz[/]")
    began = time.monotonic()

    async def prepare() -> None:
        await load_with_progress(settings)
        await load_assumed_facts(settings)
        console.print("   Assumed so that orders can be tried: seats, figures, declarations (data/demo/assumed_facts.json).")

    try:
        async with Embedded(settings, portal=True, prepare=prepare if load else None) as run:
            if publish is not None:
                await _offer_examples(console, run, publish)
            _print_addresses(console, run)
            megabytes = sum(memory_of(pid) for pid in run.pids()) // 2**20
            console.print(
                f"   Started in {time.monotonic() - began:.0f} s; all processes together take {megabytes} MB of memory."
            )
            _print_tour(console)
            try:
                await asyncio.Event().wait()
            finally:
                console.print("   Ending: running work is finished first.")
    except InfrastructureError as error:
        console.print(f"[bold red]{escape(f'{error.code}: {error.detail}')}[/]")
        return 1
    return 0


async def _offer_examples(console: Console, run: Embedded, publish: Publish) -> None:
    if RIGHTS_FROM in os.environ:
        console.print(f"   No example offers: {RIGHTS_FROM} is set, so that nobody has a right to publish them yet.")
        return
    try:
        published = await publish(run)
    except EmbeddedError as error:
        console.print(f"   [yellow]No example offers: {escape(str(error))}[/]")
        return
    if published:
        console.print(
            f"   {published} example offers published, whose titles begin with 'Beispiel:' (data/demo/example_offers.json)."
        )


def _print_addresses(console: Console, run: Embedded) -> None:
    print_table(
        console,
        "Running. Ctrl-C ends everything.",
        ("what", "where"),
        [
            ("portal", run.endpoints[PORTAL]),
            *((f"{name} API", f"{url}/docs") for name, url in sorted(run.endpoints.items()) if name in APIS),
            (f"Kafka ({run.broker_kind})", run.bootstrap),
            ("mails", run.smtp.folder),
            ("logs", run.var / "logs"),
        ],
    )


def _print_tour(console: Console) -> None:
    console.print("   A tour, to be copied into another terminal:\n")
    if "MARKTPLATZ_VAR" in os.environ:
        console.print(f"export MARKTPLATZ_VAR='{ProcessSettings().var.resolve()}'", markup=False)
    console.print((resources.files(__package__) / TOUR).read_text("utf-8"), markup=False)
