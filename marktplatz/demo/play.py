"""``marktplatz demo``: plays the scenes and sums up."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import httpx

from marktplatz.demo import flow, scenes
from marktplatz.demo.cast import cast
from marktplatz.demo.people import LIMITS, Json, StepFailedError
from marktplatz.demo.scenes import World
from marktplatz.demo.story import Story
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded
from marktplatz.infrastructure.errors import InfrastructureError
from shared.process.settings import ProcessSettings

SCENES = (
    scenes.load,
    scenes.offer,
    scenes.register,
    scenes.main_flow,
    scenes.federal,
    scenes.refusal,
    scenes.twice,
    scenes.crash,
    scenes.notifications,
)


async def play(*, keep: bool) -> int:
    """Play everything from clean data and return the exit code: 0 only if every check holds."""
    story = Story()
    var = Path(tempfile.mkdtemp(prefix="efa-marktplatz-demo-"))
    try:
        await _play(story, var)
    except (InfrastructureError, StepFailedError) as error:
        story.check(str(error), holds=False, found=type(error).__name__)
        keep = True
    finally:
        if keep:
            story.say(f"Daten und Protokolle: {var}")
        else:
            shutil.rmtree(var, ignore_errors=True)
    verdict = "ALLE PRÜFUNGEN BESTANDEN" if not story.failures else f"{len(story.failures)} PRÜFUNGEN NICHT BESTANDEN"
    story.title(f"{verdict}: {story.passed} von {story.passed + len(story.failures)}, {story.elapsed():.1f} s")
    return 1 if story.failures else 0


async def _play(story: Story, var: Path) -> None:
    story.title("EfA-Marktplatz: vom Angebot bis zum produktiven Dienst")
    story.say("Kafka und Dienste werden gestartet ...")
    async with Embedded(ProcessSettings(var=var)) as run, httpx.AsyncClient(timeout=30, limits=LIMITS) as client:
        processes = ", ".join(f"{name} (pid {child.pid})" for name, child in run.children.items())
        story.say(f"Bereit nach {story.elapsed():.1f} s. Kafka ({run.broker_kind}) auf {run.bootstrap}; Prozesse: {processes}")
        world = World(run, story, cast(run, client), Tap(run.bootstrap))
        for scene in SCENES:
            await scene(world)
        await _sum_up(world)


async def _sum_up(world: World) -> None:
    story, people = world.story, world.cast
    rows: list[tuple[str, ...]] = []
    lives: list[tuple[str, ...]] = []
    for order_id in world.orders:
        for person in (people.husum, people.sachsen):
            response = await person.send("GET", "ordering", f"/v1/orders/{order_id}")
            if response.is_success:
                rows.append(_row(response.json()))
                lives.append(_life(response.json()))
    story.table("Vorgänge und Verträge", ("Vorgang", "Kunde", "Leistung", "Stand", "wartet auf", "Vertrag"), rows)
    story.table("Verlauf je Vorgang", ("Vorgang", "Schritte mit Uhrzeit"), lives)
    contracts = [contract for row in world.orders for contract in await _contracts(world, row)]
    story.check(f"{len(contracts)} Verträge, jeder mit eigener Nummer", len(contracts) == len(set(contracts)), contracts)
    counts = await world.tap.counts()
    story.table(
        "Ereignisse je Topic",
        ("Topic", "Ereignisse", "Arten"),
        [(topic, sum(types.values()), len(types)) for topic, types in counts.items()],
    )
    notified = Counter((d["organisation"], d["channel"]) for d in await world.tap.deliveries())
    story.table(
        "Benachrichtigungen",
        ("Organisation", "Weg", "Anzahl"),
        [(organisation, way, count) for (organisation, way), count in sorted(notified.items())],
    )
    story.table(
        "Schnittstellen (in diesem Lauf; dauerhaft mit `make up`)",
        ("Dienst", "Dokumentation"),
        [(name, f"{url}/docs") for name, url in sorted(world.run.endpoints.items())],
    )


async def _contracts(world: World, order_id: str) -> list[str]:
    people = world.cast
    return [
        contract["number"]
        for person in (people.husum, people.sachsen)
        for contract in await flow.contracts_of(person, order_id)
        if contract["customer"]["id"] == person.organisation
    ]


def _row(order: Json) -> tuple[str, ...]:
    waiting = order["waiting"]
    return (
        order["number"],
        order["customer"]["name"],
        order["offering"]["title"],
        order["state"],
        waiting["party"] if waiting else "niemanden",
        order["contract"]["number"] if order["contract"] else "-",
    )


def _life(order: Json) -> tuple[str, ...]:
    """Return the timeline of a Vorgang in one cell: each step once, with the time when it was first taken."""
    steps: dict[str, str] = {}
    for step in order["timeline"]:
        steps.setdefault(step["command"], step["at"][11:19])
    return order["number"], " → ".join(f"{command} {time}" for command, time in steps.items())
