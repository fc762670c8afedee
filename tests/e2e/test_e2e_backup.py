"""The drill: stores and topics are lost, an old backup is restored, and nothing is counted, concluded or believed twice.

One marketplace goes through all of it, as a long-lived one would: a test goes on where the one before has left it at rest.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from marktplatz.demo import flow
from marktplatz.demo.cast import Cast, cast
from marktplatz.demo.people import Json, eventually
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded, processor
from marktplatz.infrastructure.discovery import find_kafka
from marktplatz.loading import load_assumed_facts, load_reference_data
from marktplatz.recovery.admin import administration
from marktplatz.recovery.dump.disk import sha256_of
from marktplatz.recovery.dump.files import MANIFEST
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.restore import restore
from marktplatz.recovery.rebuild.broker import delete_topics
from marktplatz.recovery.reconcile.report import reconcile
from marktplatz.recovery.stores import opened_stores
from services.ordering.repository import RESERVED_FOR
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.http.issuer import EmbeddedIssuer
from shared.ids import bereitstellung_id, contract_id
from shared.messages.values import Channel
from shared.process.settings import ProcessSettings
from tests.e2e.conftest import HUSUM
from tests.support.reference_excerpt import write_few_municipalities

GOVDIGITAL = Channel.GOVDIGITAL
LOOK_AGAIN = 0.5
Differences: TypeAlias = dict[str, list[dict[str, str]]]
"""The ids of what differs, by kind."""
pytestmark = pytest.mark.timeout(600)


@dataclass
class Drill:
    """One marketplace on a broker of its own, which outlives the marketplace's processes; operators act by command line."""

    folder: Path
    bootstrap: str
    reports: Iterator[int] = field(default_factory=lambda: iter(range(100)))
    _people: People | None = None
    _waiting: Waiting | None = None
    _up: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    def elsewhere(self, name: str, bootstrap: str) -> Drill:
        """Give empty stores in a folder of their own, on another broker; reports and backups stay together."""
        (self.folder / name).mkdir()
        return Drill(self.folder / name, bootstrap)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "MARKTPLATZ_VAR": str(self.var),
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            **EmbeddedIssuer(self.var / "issuer").environment(),
        }
        return subprocess.run(
            [sys.executable, "-m", "marktplatz", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def done(self, *arguments: str) -> str:
        result = self.command(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def differences(self, *, pause: float = 0) -> Differences:
        """Reconcile and return the ids of the differences by kind; the exit code says whether there are any."""
        report = self.folder / f"report-{next(self.reports)}.json"
        result = self.command("reconcile", "--report", str(report), "--pause", str(pause))
        assert report.exists(), result.stdout + result.stderr
        found = by_kind(json.loads(report.read_text("utf-8")))
        assert result.returncode == (1 if found else 0), result.stdout
        assert all(kind in result.stdout for kind in found)
        return found

    async def agrees(self) -> Differences:
        """Wait until the system is at rest: no record to read, no outbox, no open pair. Returns what differs for good.

        Asks what the command asks, in this process: a new one for each look takes longer than the look.
        """
        async with opened_stores(ProcessSettings(var=self.var)) as stores:

            async def at_rest() -> tuple[Differences] | None:
                report = await reconcile(stores, KafkaSettings(bootstrap_servers=self.bootstrap), timedelta(0))
                found = by_kind(report.document())
                if found.keys() - {"number_promised"}:
                    await asyncio.sleep(LOOK_AGAIN)
                    return None
                return (found,)

            (found,) = await eventually("everything agrees", at_rest, 90)
        return found

    def backup(self) -> str:
        """Write a backup and return its folder."""
        return self.done("backup", str(self.backups)).strip().rpartition(" ")[2]

    async def restored(self, backup: str) -> Differences:
        """Restore a backup into empty stores and return what differs then; in this process, as ``agrees`` looks."""
        self.destroy_stores()
        async with opened_stores(ProcessSettings(var=self.var)) as stores:
            await restore(stores, Path(backup), Keys(), now())
            report = await reconcile(stores, KafkaSettings(bootstrap_servers=self.bootstrap), timedelta(0))
        return by_kind(report.document())

    def destroy_stores(self) -> None:
        for file in self.var.glob("*.db*"):
            file.unlink()

    async def up(self) -> People:
        """Return the people of the marketplace, which is started unless it runs, with Husum registered."""
        if self._people is None:
            run = await self._up.enter_async_context(Embedded(ProcessSettings(var=self.var)))
            people = cast(run, await self._up.enter_async_context(httpx.AsyncClient(timeout=30)))
            self._people = People(run, people, await people.komm_one.get("catalog", "/v1/reference/requirements"))
            if (await people.husum.send("GET", "eligibility", f"/v1/organisations/{people.husum.organisation}")).is_error:
                await flow.register(people.husum, people.govdigital, "KUNDE", HUSUM)
        return self._people

    async def down(self) -> None:
        """Stop the marketplace."""
        self._people = self._waiting = None
        await self._up.aclose()

    async def waiting(self) -> Waiting:
        """Return two Vorgänge: one with its contract, and one ordered after the processor of govdigital was stopped."""
        if self._waiting is None:
            people = await self.up()
            contracted, ordered = [await people.ready_to_order(f"Wartend {number}") for number in range(2)]
            number = await people.order(contracted)
            await people.run.children[processor(GOVDIGITAL)].stop()
            await flow.place(people.cast.husum, ordered)
            await flow.reaches(people.cast.husum, ordered, "BESTELLT")
            self._waiting = Waiting(contracted, number, ordered)
        return self._waiting


@dataclass(frozen=True)
class Waiting:
    """A Vorgang with the number of its contract, and one that is ordered and waits for its own."""

    contracted: str
    number: str
    ordered: str


@dataclass
class People:
    run: Embedded
    cast: Cast
    checklist: Json

    async def offer(self, title: str) -> str:
        fields: dict[str, Any] = {"topic_id": "mobilitaet_reisen", "ozg_ids": ["10424"], "anbindungsarten": ["FIT_CONNECT"]}
        draft = flow.form(self.checklist, title=title, summary=title, channels=["govdigital"], **fields)
        published = await flow.publish(self.cast.komm_one, self.cast.govdigital, draft)
        offering_id: str = published["id"]
        return offering_id

    async def ready_to_order(self, title: str) -> str:
        people = self.cast
        return await flow.ready_to_order(people.husum, people.komm_one, people.govdigital, await self.offer(title))

    async def order(self, order_id: str) -> str:
        """Order and return the number of the contract."""
        await flow.place(self.cast.husum, order_id)
        return await self.contracted(order_id)

    async def contracted(self, order_id: str) -> str:
        order = await flow.reaches(self.cast.husum, order_id, "VERTRAG_GESCHLOSSEN", seconds=60)
        number: str = order["contract"]["number"]
        return number


@pytest.fixture(scope="module")
async def drill(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Drill]:
    folder = tmp_path_factory.mktemp("drill")
    async with find_kafka(folder / "kafka", environment={}) as broker:
        drill = Drill(folder, broker)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("KAFKA_BOOTSTRAP_SERVERS", broker)
            # A rebuild waits until the members that have ended are forgotten.
            environment.setenv("KAFKA_SESSION_TIMEOUT", "PT10S")
            environment.setenv("MARKTPLATZ_VAR", str(drill.var))
            data = write_few_municipalities(folder / "data")
            await load_reference_data(ProcessSettings(var=drill.var, data=data), lambda _kind, _done, _total: None)
            await load_assumed_facts(ProcessSettings(var=drill.var))
            try:
                yield drill
            finally:
                await drill.down()


def by_kind(report: dict[str, Any]) -> Differences:
    """Return the ids of a report's differences by their kind."""
    found: Differences = {}
    for difference in report["differences"]:
        found.setdefault(difference["kind"], []).append(difference["ids"])
    return found


def ids(found: Differences, kind: str, name: str, **where: str) -> set[str]:
    return {entry[name] for entry in found.get(kind, []) if entry.items() >= where.items()}


def without_last(backup: Path, file: str, copy: Path) -> tuple[Path, str]:
    """Copy a backup without the last aggregate of one file, in order otherwise; return the copy and the aggregate's id."""
    shutil.copytree(backup, copy)
    lines = gzip.decompress((copy / file).read_bytes()).splitlines(keepends=True)
    last = next(line for line in reversed(lines) if RESERVED_FOR not in json.loads(line))
    lines.remove(last)
    (copy / file).write_bytes(gzip.compress(b"".join(lines)))
    manifest = json.loads((copy / MANIFEST).read_text("utf-8"))
    for entry in manifest["files"]:
        if entry["path"] == file:
            size = (copy / file).stat().st_size
            entry |= {"documents": len(lines), "bytes": size, "sha256": sha256_of(copy / file)}
    (copy / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return copy, json.loads(last)["_id"]


async def test_the_drill_command_plays_a_whole_restore_and_fails_when_something_is_left(drill: Drill, tmp_path: Path) -> None:
    await drill.waiting()
    backup = Path(drill.backup())

    refused = drill.command("drill", str(backup), "--replication-factor", "1")
    assert refused.returncode == 1
    assert "store_not_empty" in refused.stderr
    assert "ordering.orders" in refused.stderr

    async with find_kafka(tmp_path / "exercise-kafka", environment={}) as bootstrap:
        there = drill.elsewhere("exercise", bootstrap)
        report_file = tmp_path / "drill.json"
        command = ("drill", str(backup), "--report", str(report_file), "--replication-factor", "1")
        refused = there.command(*command, "--no-create")
        assert refused.returncode == 1
        assert "broker_unfit" in refused.stderr
        assert json.loads(report_file.read_text("utf-8"))["failure"]["code"] == "broker_unfit"

        output = there.done(*command)
        assert "drill passed" in output
        report = json.loads(report_file.read_text("utf-8"))
        assert report["passed"]
        assert [step["name"] for step in report["steps"]] == ["check", "restore", "rebuild", "work", "reconcile"]
        assert report["backup"]["age_seconds"] > 0
        documents = report["backup"]["documents"]
        # Two Vorgänge, and two places that hold their ids; the contract of one, and two Bereitstellungsverträge.
        assert (documents["ordering.orders"], documents["contracts.contracts"]) == (4, 3)
        looked_at = report["reconciliation"]["looked_at"]
        # Beside the contracts of the two Vorgänge there are two Bereitstellungsverträge.
        assert (looked_at["orders"], looked_at["contracts"]) == (2, 4), "the order that was waiting has its contract now"
        assert report["reconciliation"]["differences"] == []
        assert there.differences() == {}

        there.destroy_stores()
        refused = there.command(*command)
        assert refused.returncode == 1
        assert "catalog.offering.v1" in refused.stderr
        assert there.done("backup", str(there.backups)).splitlines()[-1].startswith("0 documents"), (
            "what is refused writes nothing"
        )

        async with administration(KafkaSettings(bootstrap_servers=bootstrap)) as admin:
            await delete_topics(admin)
        gap, lost = without_last(backup, "ordering/orders.jsonl.gz", tmp_path / "gap")
        failed = there.command("drill", str(gap), *command[2:])
        assert failed.returncode == 1
        assert "drill FAILED" in failed.stdout
        assert lost in failed.stdout
        report = json.loads(report_file.read_text("utf-8"))
        assert not report["passed"]
        left = {(it["kind"], it["ids"]["order_id"]) for it in report["reconciliation"]["differences"]}
        assert ("verdict_without_order", lost) in left
        assert report["unresolved"] == len(report["reconciliation"]["differences"])


async def test_lost_topics_are_rebuilt_and_whoever_was_waiting_is_answered(drill: Drill) -> None:
    waiting = await drill.waiting()
    tap = Tap(drill.bootstrap)

    async def asked() -> bool | None:
        return (
            any(record.key == waiting.ordered.encode() for record in await tap.records("contracts.govdigital.request.v1")) or None
        )

    await eventually("the contract is asked for", asked)
    await tap.caught_up("notify.dispatch")
    offers = len({record.key for record in await tap.records("catalog.offering.v1")})
    await drill.down()

    drill.done("topics", "rebuild", "--recreate", "--replication-factor", "1")
    last = {record.key: dict(record.headers)["ce_type"] for record in await tap.records("catalog.offering.v1")}
    assert len(last) == offers == 2
    assert set(last.values()) == {b"catalog.offering.restated.v1"}, "an event that the outbox still held goes before"
    people = await drill.up()
    assert await people.contracted(waiting.ordered) != waiting.number
    assert await drill.agrees() == {}
    inbox = await people.cast.husum.get("notify", "/v1/inbox", {"limit": 200})
    notified = [item["event_type"] for item in inbox["items"]]
    assert notified.count("contracts.contract.concluded.v1") == 2


async def test_an_old_backup_is_restored_and_what_came_after_it_is_named_and_never_numbered_twice(drill: Drill) -> None:
    people = await drill.up()
    first = await people.ready_to_order("Vor der Sicherung")
    second = await people.ready_to_order("Danach bestellt")
    numbers = {first: await people.order(first)}
    assert await drill.agrees() == {}
    backup = drill.backup()
    numbers[second] = await people.order(second)
    third = await people.ready_to_order("Ganz danach")
    numbers[third] = await people.order(third)
    assert await drill.agrees() == {}
    offer_after = (await flow.reaches(people.cast.husum, third, "VERTRAG_GESCHLOSSEN"))["offering"]["id"]
    root = bereitstellung_id(GOVDIGITAL, offer_after)
    root_number = (await people.cast.govdigital.get("contracts", f"/v1/contracts/{root}"))["number"]
    await drill.down()

    drill.destroy_stores()
    drill.done("restore", backup)
    refused = drill.command("run", "ordering", "api")
    assert refused.returncode != 0
    assert "rebuild_due" in refused.stdout + refused.stderr

    found = drill.differences()
    assert ids(found, "lost_in_store", "id", service="ordering") == {third}
    assert ids(found, "topic_ahead", "id", service="ordering") == {second}
    lost = {contract_id(GOVDIGITAL, order): numbers[order] for order in (second, third)} | {root: root_number}
    assert {entry["id"]: entry["label"] for entry in found["lost_in_store"] if entry["service"] == "contracts"} == lost
    assert ids(found, "lost_in_store", "id", service="catalog") == {offer_after}
    assert ids(found, "lost_in_store", "id", service="eligibility") == {third}
    assert found.keys() == {"lost_in_store", "topic_ahead", "notification_missing"}, found

    rebuilt = drill.done("topics", "rebuild", "--recreate", "--replication-factor", "1")
    assert all(contract in rebuilt for contract in lost)
    people = await drill.up()
    assert ids(await drill.agrees(), "number_promised", "contract_id") == lost.keys()
    assert await people.order(second) == numbers[second]
    again = await people.ready_to_order("Neu eingestellt")
    numbers[again] = await people.order(again)
    assert len({root_number, *numbers.values()}) == len(numbers) + 1
    for order in (first, second, again):
        (contract,) = await flow.contracts_of(people.cast.husum, order)
        assert contract["number"] == numbers[order]
    assert ids(await drill.agrees(), "number_promised", "contract_id") == {contract_id(GOVDIGITAL, third), root}


async def test_a_backup_can_move_the_stores_to_another_place(drill: Drill) -> None:
    people = await drill.up()
    refused = drill.command("topics", "rebuild", "--replication-factor", "1", "--wait", "0")
    assert refused.returncode == 1, "a rebuild is refused while workers read"
    assert "in_use" in refused.stderr
    assert "contracts.fitko" in refused.stderr
    order = await people.ready_to_order("Umzug")
    number = await people.order(order)
    promised = await drill.agrees()
    await drill.down()
    before = drill.backup()
    shutil.move(drill.var, drill.folder / "before")
    drill.var.mkdir()
    drill.done("restore", before)
    assert drill.differences() == promised
    drill.done("topics", "rebuild", "--replication-factor", "1")
    people = await drill.up()
    assert await people.contracted(order) == number
    assert await drill.agrees() == promised
    await drill.down()

    after = drill.backup()
    assert await drill.restored(after) == promised, "what the rebuild has raised and never sent is missing nowhere"
    found = await drill.restored(before)
    assert found.keys() == promised.keys() | {"topic_ahead", "lost_in_store"}
    assert not ids(found, "topic_ahead", "id", service="ordering"), "the rebuild has repeated states and answers, and no Vorgang"
    assert {it["service"] for it in found["lost_in_store"]} == {"contracts"}, "its new log of the archive has signed a checkpoint"
