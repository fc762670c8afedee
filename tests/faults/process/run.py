"""One run: the product as its own processes on a real broker, orders without a pause, faults, quiet, judgement."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import count
from pathlib import Path
from typing import Any, cast

import httpx

from marktplatz.demo import flow
from marktplatz.demo.cast import Cast
from marktplatz.demo.cast import cast as cast_of
from marktplatz.demo.people import Json, StepFailedError
from marktplatz.embedded import Embedded
from marktplatz.infrastructure.kafka_native import NativeKafka
from marktplatz.loading import ASSUMED_FACTS
from marktplatz.recovery.stores import opened_stores
from services.ordering.domain.transitions import TRANSITIONS
from shared.messages.values import OrderState
from shared.process.settings import ProcessSettings
from tests.faults.checker.finding import Model
from tests.faults.checker.history import Kind, Recorder
from tests.faults.checker.judge import Report, judge
from tests.faults.process import evidence
from tests.faults.process.clients import JOURNALS, Journal, SteadyPerson
from tests.faults.process.nemesis import Nemesis
from tests.faults.process.planted import PLANTED, PlantedVersion
from tests.support.marketplace import HUSUM
from tests.upgrade.fleet import DEPLOYMENTS, Fleet, Version

ROOT = Path(__file__).parents[3]
NO_KEEPALIVE = httpx.Limits(max_keepalive_connections=0)
QUIET_SECONDS = 120.0
ORDER_MOVES: frozenset[tuple[str | None, str]] = frozenset(
    {(None, OrderState.INTERESSE_BEKUNDET.value)}
    | {(state.value, state.value) for state in OrderState}
    | {(source.value, row.target.value) for row in TRANSITIONS.rows if row.target is not None for source in row.sources}
)
FAULTS = ("sigkill", "failpoint", "poison", "sigstop", "broker kill", "repeat", "sigterm", "broker freeze")


@dataclass
class Run:
    """The market under attack, and those who order there."""

    fleet: Fleet
    people: Cast
    journal: Journal
    chance: random.Random
    checklist: Json
    over: bool = False
    titles: Iterator[int] = count(1)  # noqa: RUF009 - one row of titles for all runs of a process

    async def order_on(self, client: int) -> None:
        """Go from the form to the order, again and again; some orders are sent three times at once under one key."""
        people = self.people
        while not self.over:
            title = f"Dienst {next(self.titles)}"
            details: dict[str, Any] = {"topic_id": "mobilitaet_reisen", "ozg_ids": ["10424"], "anbindungsarten": ["FIT_CONNECT"]}
            draft = flow.form(self.checklist, title=title, summary=title, channels=["govdigital"], **details)
            offer = await flow.publish(people.komm_one, people.govdigital, draft, seconds=QUIET_SECONDS)
            order = (await self._declare(offer["id"]))["id"]
            await flow.reaches(people.husum, order, "WEITERGELEITET", seconds=QUIET_SECONDS)
            await flow.clarify(people.husum, people.komm_one, order, [])
            await flow.offer(people.govdigital, order)
            times = self.chance.choice((1, 1, 3))
            await asyncio.gather(*(flow.place(people.husum, order, key=f"place-{order}") for _ in range(times)))
            await self._look(order, f"reader-{client}")

    async def _declare(self, offering_id: str) -> Json:
        end = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(StepFailedError):
                return await flow.declare(self.people.husum, offering_id, "govdigital")
        raise StepFailedError(f"ordering never knew the offer {offering_id}")

    async def _look(self, order: str, reader: str) -> None:
        person = cast("SteadyPerson", self.people.husum)
        for _ in range(3):
            answer = await person.read("ordering", f"/v1/orders/{order}")
            version = int(answer.headers["ETag"].strip('"'))
            self.journal.note(reader, Kind.OK, "read", order, version=version, state=answer.json()["state"])
            await asyncio.sleep(0.2)

    async def follow(self) -> None:
        """Keep the addresses up to date: a process that was started again listens elsewhere."""
        while True:
            for file in sorted(self.fleet.var.glob("endpoints-*.json")):
                with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
                    self.fleet.endpoints |= json.loads(file.read_text("utf-8"))
            await asyncio.sleep(0.2)

    async def dead(self) -> list[str]:
        """Return the services that do not say that they are alive."""
        found = []
        async with httpx.AsyncClient(timeout=10) as client:
            for name, url in self.fleet.endpoints.items():
                try:
                    answer = await client.get(f"{url}/livez")
                except httpx.TransportError:
                    found.append(name)
                else:
                    found += [] if answer.is_success else [name]
        return found


async def attack(folder: Path, *, seed: int, seconds: float, clients: int = 6, fewest: int = 5, bug: str | None = None) -> Report:
    """Run it and return the judgement; history, logs and stores stay in ``folder``.

    With a ``bug`` (``planted.PLANTED``) one process has it, and only those faults happen that bring it out.
    """
    planted = None if bug is None else PLANTED[bug]
    var = folder / "var"
    var.mkdir(parents=True)
    journal = Journal(Recorder(seed, folder / "history.jsonl"))
    broker, version = NativeKafka(folder / "kafka"), Version("this", ROOT)
    chance = random.Random(seed)  # noqa: S311 - a course that can be repeated, no secret
    async with broker as bootstrap, Fleet(var, bootstrap) as fleet, httpx.AsyncClient(timeout=20, limits=NO_KEEPALIVE) as client:
        JOURNALS[id(client)] = journal
        await fleet.done(version, "migrate", "all")
        await fleet.done(version, "load-facts", str(ASSUMED_FACTS), "--by", "operator")
        versions = dict.fromkeys(DEPLOYMENTS, version)
        if bug is not None and planted is not None:
            versions[planted.process] = PlantedVersion("planted", ROOT, bug)
        await asyncio.gather(*(fleet.replace(name, it) for name, it in versions.items()))
        people = _steady(cast_of(cast("Embedded", fleet), client))
        await people.husum.put("notify", "/v1/contacts/me", {"name": "Erika Mustermann", "email": "erika@husum.example"})
        await flow.register(people.husum, people.govdigital, "KUNDE", HUSUM)
        await flow.admit(people.komm_one, people.govdigital)
        checklist = await people.komm_one.get("catalog", "/v1/reference/requirements")
        run = Run(fleet, people, journal, chance, checklist)
        nemesis = Nemesis(chance, {name: child for name, (_, child) in fleet.running.items()}, broker, journal)
        if planted is not None:
            nemesis.only = frozenset(planted.faults)
            nemesis.points = [(planted.process, point) for point in planted.points]
        following = asyncio.create_task(run.follow())
        ordering = [asyncio.create_task(run.order_on(number)) for number in range(clients)]
        await asyncio.sleep(8)
        await nemesis.run(seconds)
        run.over = True
        healed = time.monotonic()
        await asyncio.gather(*ordering)
        async with opened_stores(ProcessSettings(var=var)) as stores:
            while True:
                documents, outbox = await evidence.held(stores)
                dead, late = await run.dead(), await evidence.lagging(bootstrap)
                taken = time.monotonic() - healed
                if (not dead and not late and not outbox) or taken > QUIET_SECONDS:
                    break
                await asyncio.sleep(1)
            journal.note("rig", Kind.OK, "quiet", "all", seconds=taken, outbox=outbox, dead=[*dead, *late])
            following.cancel()
            await asyncio.gather(*(child.stop() for _, child in fleet.running.values()))
            documents, _ = await evidence.held(stores)  # what works by the clock may have written until it was stopped
        await evidence.tell(journal, bootstrap, stores, documents, var / "mails")
    journal.recorder.close()
    model = Model(
        moves={"orders": ORDER_MOVES},
        audited=frozenset({"orders", "contracts"}),
        faults=FAULTS if planted is None else planted.faults,
        fewest_orders=fewest,
        quiet_seconds=QUIET_SECONDS,
    )
    return judge(journal.recorder.history(), model)


def _steady(people: Cast) -> Cast:
    def steady(person: Any) -> SteadyPerson:
        return SteadyPerson(
            person.run, person.client, person.subject, person.organisation, person.organisation_name, person.roles
        )

    return Cast(**{field.name: steady(getattr(people, field.name)) for field in fields(Cast)})
