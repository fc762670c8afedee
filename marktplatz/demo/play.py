"""``marktplatz demo``: plays the acts, sums up, and writes the report."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx

from marktplatz.console import print_table
from marktplatz.demo import report
from marktplatz.demo.acts import browser, catalog, chains, failures, notifications, ordering, portal, registration
from marktplatz.demo.browser import program
from marktplatz.demo.cast import cast
from marktplatz.demo.people import LIMITS, StepFailedError
from marktplatz.demo.screen import Screen
from marktplatz.demo.tables import Section, sections
from marktplatz.demo.tap import Tap
from marktplatz.demo.world import World
from marktplatz.embedded import Embedded
from marktplatz.infrastructure.errors import BrokerStartError, EmbeddedError, InfrastructureError
from marktplatz.infrastructure.folders import make_writable
from shared.clock import now
from shared.errors import MarktplatzError
from shared.process.settings import ProcessSettings

ACTS = (
    catalog.fill,
    registration.register,
    ordering.interest,
    ordering.clarification,
    ordering.contract,
    ordering.refusal,
    failures.failures,
    ordering.delivery,
    notifications.notifications,
    portal.portal,
    chains.chains,
    browser.browser,
)
FAILURES = (MarktplatzError, StepFailedError, httpx.HTTPError, TimeoutError)
"""What ends the story before its end."""


async def play(*, keep: bool, verbose: bool, folder: Path) -> int:
    """Play everything from clean data, write the report, and return the exit code: 0 only if every check holds.

    Raises InfrastructureError if the report or the data cannot be written, before anything is started.
    """
    make_writable(folder, "The folder of the report", "name another: marktplatz demo --report <folder>")
    var = _data_folder()
    screen, found = Screen(), list[Section]()
    try:
        await _play(screen, var, found)
    except FAILURES as error:
        if isinstance(error, InfrastructureError) and not screen.acts:
            keep = keep or isinstance(error, BrokerStartError | EmbeddedError)  # their logs are there
            raise
        _fail(screen, error)
    finally:
        if not keep and not screen.failed:
            shutil.rmtree(var, ignore_errors=True)
    if verbose:
        _print(screen, found)
    written = report.write(folder, screen, found, now())
    rest = [f"Daten und Protokolle: {var}"] if var.exists() else []
    screen.end(*rest, f"Bericht mit allen Tabellen: {written}")
    return 1 if screen.failed else 0


def _fail(screen: Screen, error: Exception) -> None:
    screen.fail("der Durchlauf geht weiter", f"{type(error).__name__}: {error}")


def _data_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="efa-marktplatz-demo-"))
    except OSError as error:
        raise InfrastructureError(
            f"No temporary folder can be written: {error.strerror}.", remedy="export TMPDIR=<a folder of yours>"
        ) from error


async def _play(screen: Screen, var: Path, found: list[Section]) -> None:
    screen.title("EfA-Marktplatz: vom Angebot bis zum produktiven Dienst")
    screen.line("Echte Referenzdaten, nur öffentliche Schnittstellen; was ein Häkchen hat, ist geprüft. Start ...")
    shown = program() is not None
    settings = ProcessSettings(var=var)
    async with Embedded(settings, portal.PACE, portal=shown) as run, httpx.AsyncClient(timeout=30, limits=LIMITS) as client:
        started = f"{screen.elapsed():.1f}".replace(".", ",")
        screen.line(f"Kafka ({run.broker_kind}) und {len(run.children)} Prozesse laufen nach {started} s.")
        world = World(run, screen, cast(run, client), Tap(run.bootstrap))
        try:
            for act in ACTS:
                await act(world)
        except FAILURES as error:
            _fail(screen, error)
        found += await sections(world)


def _print(screen: Screen, found: Sequence[Section]) -> None:
    for section in found:
        screen.console.print()
        for table in section.tables:
            print_table(screen.console, f"{section.title}: {table.caption}", table.columns, table.rows)
