"""The previous version and this one on the same stores and topics: migration beside the old, rolling update, rollback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from marktplatz.demo import flow
from marktplatz.demo.cast import Cast
from marktplatz.demo.cast import cast as cast_of
from marktplatz.demo.people import Json, Person, StepFailedError, eventually
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded
from marktplatz.infrastructure.discovery import find_kafka
from marktplatz.loading import ASSUMED_FACTS
from shared.topics import CONTRACTS, DEAD_LETTERS
from tests.support.marketplace import HUSUM
from tests.upgrade.fleet import DEPLOYMENTS, PROCESSORS, Fleet, Version
from tests.upgrade.previous import ROOT, unpack_previous

pytestmark = pytest.mark.timeout(600)
NO_KEEPALIVE = httpx.Limits(max_keepalive_connections=0)
"""A Service of the cluster opens each connection to a Pod that is ready."""


@dataclass
class Market:
    """The people and their orders, while processes are replaced under them."""

    fleet: Fleet
    people: Cast
    checklist: Json
    numbers: dict[str, str] = field(default_factory=dict)
    _titles: Iterator[int] = field(default_factory=lambda: count(1))

    async def ready_to_order(self) -> str:
        """Bring a new offer into the Schaufenster and a Vorgang on it up to the offer of the Anbieter."""
        people, offering_id = self.people, await self.publish()
        return await flow.ready_to_order(people.husum, people.komm_one, people.govdigital, offering_id)

    async def publish(self) -> str:
        """Bring a new offer into the Schaufenster and return its id."""
        title = f"Dienst {next(self._titles)}"
        fields: dict[str, Any] = {"topic_id": "mobilitaet_reisen", "ozg_ids": ["10424"], "anbindungsarten": ["FIT_CONNECT"]}
        draft = flow.form(self.checklist, title=title, summary=title, channels=["govdigital"], **fields)
        people = self.people
        await flow.admit(people.komm_one, people.govdigital)
        path = f"/v1/offerings/{(await people.komm_one.post('catalog', '/v1/offerings', draft))['id']}"
        await people.komm_one.post("catalog", f"{path}/submit")
        await people.govdigital.post("catalog", f"{path}/accept")
        await self.contracted(people.govdigital, path, f"B-{title}")
        return path.rpartition("/")[2]

    async def contracted(self, anbieter: Person, path: str, number: str) -> None:
        """Have an accepted offer published: the old version by a number that is typed, the new one as contracts concludes.

        Whoever is asked while the version changes is asked again.
        """

        async def look() -> bool | None:
            found = await anbieter.get("catalog", path)
            if found["state"] == "BEREITSTELLUNGSVERTRAG_OFFEN":
                found = await anbieter.post("catalog", f"{path}/bereitstellungsvertrag", {"number": number})
            return found["state"] == "VEROEFFENTLICHT" or None

        await eventually(f"{path} is public", look, 90)

    async def publish_unaccredited(self) -> str:
        """Bring an offer into the Schaufenster whose Bereitsteller nobody has accredited, as the old version lets them."""
        people, title = self.people, "Ohne Akkreditierung"
        fields: dict[str, Any] = {"topic_id": "mobilitaet_reisen", "ozg_ids": ["10424"], "anbindungsarten": ["FIT_CONNECT"]}
        draft = flow.form(self.checklist, title=title, summary=title, channels=["fitko"], **fields)
        offer = await people.nordrhein_westfalen.post("catalog", "/v1/offerings", draft)
        path = f"/v1/offerings/{offer['id']}"
        await people.nordrhein_westfalen.post("catalog", f"{path}/submit")
        await people.fitko.post("catalog", f"{path}/accept")
        await self.contracted(people.fitko, path, "F-1")
        return path

    async def changed(self, path: str, since: Json) -> Json:
        """Wait until an offer is no more as it was and return it."""

        async def look() -> Json | None:
            found = await self.people.sachsen.get("catalog", path)
            return found if found["changed_at"] != since["changed_at"] else None

        return await eventually(f"{path} has changed", look, 60)

    async def order(self, order_id: str) -> None:
        """Order and wait for the contract."""
        await flow.place(self.people.husum, order_id)
        order = await flow.reaches(self.people.husum, order_id, "VERTRAG_GESCHLOSSEN", seconds=90)
        self.numbers[order_id] = order["contract"]["number"]

    async def go_live(self, order_id: str) -> None:
        await flow.deliver(self.people.husum, self.people.komm_one, order_id)

    async def keep_ordering(self) -> None:
        """Order one thing after the other until cancelled: no step may fail, whatever is being replaced."""
        while True:
            await self.order(await self.ready_to_order())

    async def another_contract(self) -> None:
        """Wait until one more order than now has gone its whole way."""
        known = len(self.numbers)

        async def look() -> bool | None:
            return len(self.numbers) > known + 1 or None

        await eventually("orders go on", look, 120)


@contextlib.asynccontextmanager
async def ordering_meanwhile(market: Market) -> AsyncIterator[None]:
    """Order without a pause inside the block; what fails there fails the test."""
    task = asyncio.create_task(market.keep_ordering())
    try:
        yield
    finally:
        if not task.done():
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def old(tmp_path: Path) -> Version:
    folder = tmp_path / "previous"
    folder.mkdir()
    return Version("old", unpack_previous(folder))


NEW = Version("new", ROOT)


@pytest.fixture
async def market(tmp_path: Path, old: Version) -> AsyncIterator[Market]:
    """The old version alone, with Husum registered and accredited."""
    var = tmp_path / "var"
    var.mkdir()
    async with (
        find_kafka(tmp_path / "kafka", environment={}) as bootstrap,
        Fleet(var, bootstrap) as fleet,
        httpx.AsyncClient(timeout=30, limits=NO_KEEPALIVE) as client,
    ):
        await fleet.done(old, "migrate", "all")
        await asyncio.gather(*(fleet.replace(name, old) for name in DEPLOYMENTS))
        people = cast_of(cast("Embedded", fleet), client)
        checklist = await people.komm_one.get("catalog", "/v1/reference/requirements")
        await people.husum.put("notify", "/v1/contacts/me", {"name": "Erika Mustermann", "email": "erika@husum.example"})
        await flow.register(people.husum, people.govdigital, "KUNDE", HUSUM, examine=False)
        await flow.admit(people.komm_one, people.govdigital)
        yield Market(fleet, people, checklist)


async def test_each_version_works_beside_the_other_and_after_it(market: Market, old: Version) -> None:
    fleet, people = market.fleet, market.people
    half_way = await market.ready_to_order()
    early = (await flow.declare(people.husum, await market.publish(), "govdigital"))["id"]
    await flow.reaches(people.husum, early, "WEITERGELEITET")
    unaccredited = await market.publish_unaccredited()

    async with ordering_meanwhile(market):
        await fleet.done(NEW, "migrate", "all")
        # What the rules of the new version ask for, and the old one does not know: without it orders would wait for evidence.
        await fleet.done(NEW, "load-facts", str(ASSUMED_FACTS), "--by", "operator")
        await market.another_contract()
    await market.order(half_way)  # N-1 on the stores of N

    async with ordering_meanwhile(market):
        for name in ("contracts", *PROCESSORS, "notify"):
            await fleet.replace(name, NEW)
        await market.another_contract()  # old ordering, new contracts
        for name in ("ordering", "eligibility", "catalog"):
            await fleet.replace(name, NEW)
        await market.another_contract()
    await flow.clarify(people.husum, people.komm_one, early, [])  # begun by the old, ended by the new
    await flow.offer(people.govdigital, early)
    await market.order(early)
    await market.go_live(half_way)
    left = await market.ready_to_order()
    before = await people.sachsen.get("catalog", unaccredited)
    assert before["orderable_channels"] == ["fitko"]
    await flow.admit(people.nordrhein_westfalen, people.fitko)
    seen = await market.changed(unaccredited, before)
    assert seen["orderable_channels"] == ["fitko"]
    reason = {"reason": "Die Nachweise gelten nicht mehr."}
    accreditation = f"/v1/organisations/{people.nordrhein_westfalen.organisation}/accreditations/fitko/BEREITSTELLER"
    await people.fitko.post("eligibility", f"{accreditation}/revoke", reason)
    assert (await market.changed(unaccredited, seen))["orderable_channels"] == []

    async with ordering_meanwhile(market):
        await fleet.done(old, "migrate", "all")  # the overlay of the old version brings its Job
        for name in ("catalog", "contracts", *PROCESSORS):
            await fleet.replace(name, old)
        await market.another_contract()  # new ordering, old contracts
        for name in ("notify", "eligibility", "ordering"):
            await fleet.replace(name, old)
        await market.another_contract()
    await market.order(left)  # begun by the new, ended by the old
    await market.go_live(left)
    assert {version.name for version, _ in fleet.running.values()} == {"old"}

    await nothing_differs(market, groups_of(old), reads_of(NEW) - reads_of(old))
    await every_contract_has_the_next_number(market)
    await nobody_was_told_twice(market)


def groups_of(version: Version) -> set[str]:
    """Return the consumer groups of a version: after a rollback nobody reads for those that only the later one has."""
    return set(_stated(version, "from shared.topics import DEAD_LETTERS", "sorted(DEAD_LETTERS)"))


def reads_of(version: Version) -> set[tuple[str, str]]:
    """Return the topics that each group of a version reads: a group may read more of them in a later version."""
    found = _stated(version, "from shared.topics import TOPICS", "[[group, it.name] for it in TOPICS for group in it.consumers]")
    return {(group, topic) for group, topic in found}


def _stated(version: Version, imports: str, value: str) -> Any:
    program = f"import json; {imports}; print(json.dumps({value}))"
    found = subprocess.run(
        [sys.executable, "-c", program], env=version.environment(), capture_output=True, text=True, check=True, cwd=ROOT
    )
    return json.loads(found.stdout)


def stands_still(difference: dict[str, Any], groups: set[str], unread: set[tuple[str, str]]) -> bool:
    """Return whether a difference is one for a version with these groups, which leave some topics unread."""
    if difference["kind"] == "reuse_miscounted":
        return ("catalog.contracts", CONTRACTS.name) not in unread
    if difference["kind"] != "not_consumed":
        return True
    group, topic = difference["ids"]["group"], difference["ids"]["topic"]
    return group in groups and (group, topic) not in unread


async def nothing_differs(market: Market, groups: set[str], unread: set[tuple[str, str]]) -> None:
    report = market.fleet.var / "reconcile.json"

    differing: list[dict[str, Any]] = []

    async def look() -> bool | None:
        await market.fleet.command(NEW, "reconcile", "--report", str(report))
        found = json.loads(report.read_text("utf-8"))["differences"]
        differing[:] = [it for it in found if stands_still(it, groups, unread)]
        return not differing or None

    try:
        await eventually("stores and topics agree", look, 90)
    except StepFailedError as error:
        raise AssertionError(differing) from error
    tap = Tap(market.fleet.bootstrap)
    assert {topic.name: len(found) for topic in DEAD_LETTERS.values() if (found := await tap.records(topic.name))} == {}


async def every_contract_has_the_next_number(market: Market) -> None:
    reported = set(market.numbers.values())
    assert len(reported) == len(market.numbers)
    govdigital = market.people.govdigital
    page = await govdigital.get("contracts", "/v1/contracts", {"limit": 200})
    numbers = {contract["number"] for contract in page["items"]}
    assert reported <= numbers
    # The register knows more: Bereitstellungsverträge that were asked for take its numbers too, and 0.1.0 does not list them.
    (year,) = {number.split("/")[1] for number in reported}
    register = await govdigital.get("contracts", f"/v1/registers/govdigital/{year}")
    assert {name: register[name] for name in ("gaps", "allotted", "free")} == {"gaps": [], "allotted": [], "free": []}
    assert register["contracts"] == register["last"] > len(numbers)


async def nobody_was_told_twice(market: Market) -> None:
    tap = Tap(market.fleet.bootstrap)
    reported = await eventually("all is delivered", tap.settled_deliveries, 60)
    times = Counter((d["event_id"], d["organisation"], d.get("person"), d["channel"]) for d in reported)
    assert {who: n for who, n in times.items() if n > 1} == {}
    inbox = Counter(d["event_id"] for d in reported if d["organisation"] == "010540056056" and d["channel"] == "INBOX")
    mails = Counter(d["event_id"] for d in reported if d.get("person") == "digitales.husum")
    assert mails
    assert mails == {event: n for event, n in inbox.items() if event in mails}


def test_each_version_imports_its_own_code(old: Version) -> None:
    program = "import json, marktplatz, services, shared; print(json.dumps([m.__file__ for m in (marktplatz, services, shared)]))"
    for version in (old, NEW):
        found = subprocess.run(
            [sys.executable, "-c", program], env=version.environment(), capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert all(Path(file).is_relative_to(version.folder) for file in json.loads(found.stdout))
