"""The service over SQLite with the real reference data, a clock that tests set, tokens that say who calls."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from marktplatz.loading import ASSUMED_FACTS
from services.eligibility.app import build
from services.eligibility.fact_store.fact_file import file_decision, read_fact_file
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.state import State
from services.eligibility.records.judge import IndirectJoint
from services.eligibility.reference import load_reference
from services.eligibility.repository import COLLECTIONS
from services.eligibility.settings import Settings
from shared.files.settings import FilesSettings
from shared.http import idempotency
from shared.http.app import create_app
from shared.messages.values import Channel
from shared.process.service import Resources, Service
from shared.store.sqlite.store import SqliteStore
from tests.support.facts import begin_with, forget_later
from tests.support.http import FakeAuthenticator, client
from tests.support.publisher import RecordingPublisher

DATA = Path(__file__).parents[3] / "data"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HUSUM = "010540056056"
ANNA = f"anna/{HUSUM}/KUNDE"
BERT = f"bert/{HUSUM}/KUNDE"
SACHSEN = "sven/DE-SN/KUNDE"
KOMM_ONE = "karla/komm_one/BEREITSTELLER"
NRW = "nils/DE-NW/BEREITSTELLER"
STAFF = {Channel.GOVDIGITAL: "gerd/govdigital/ANBIETER", Channel.FITKO: "fred/fitko/ANBIETER"}
PATH = [HUSUM, "itvsh", "dataport", "govdigital"]
HUSUM_ITVSH = f"organisation:{HUSUM}:TRAEGER:itvsh"
EXAMINATION = {
    "findings": {"organ_seat": "SHARED_DELEGATE", "joint_influence": True, "contrary_interests": False, "all_fields": True},
    "reason": "Anhand der Satzung geprüft",
}
SATZUNG = {"type": "SATZUNG", "title": "Organisationssatzung des ITVSH", "reference": "https://example.org/satzung.pdf"}


EVIDENCE = TemporaryDirectory(prefix="evidence-")


def with_folder(settings: Settings) -> Settings:
    """Return settings whose evidence documents lie in a folder of the tests, unless the environment names another place."""
    if FilesSettings().uses_s3:
        return settings
    return settings.model_copy(update={"evidence_folder": Path(EVIDENCE.name)})


class Alive:
    """A process in good health."""

    def live(self) -> bool:
        return True

    def ready(self) -> dict[str, bool]:
        return {}


class World:
    """The built service with its store, its events and a clock. ``loaded``: the facts that the store began with, in memory."""

    def __init__(self, store: SqliteStore, settings: Settings, loaded: State | None = None) -> None:
        self.store = store
        self.loaded = loaded
        self.publisher = RecordingPublisher()
        self.now = START
        self.service: Service = build(Resources(store, self.publisher, DATA, self.clock), with_folder(settings))
        if loaded is not None:
            begin_with(self.service, loaded)
        self.app = create_app(
            "eligibility",
            self.service.router,
            authenticator=FakeAuthenticator({HUSUM: "Husum, Stadt", "DE-SN": "Sachsen"}),
            store=store,
            health=Alive(),
            clock=self.clock,
        )

    async def clear(self) -> None:
        """Delete what the test has made: every aggregate has published at least one event."""
        made = [event.key for event in self.publisher.events]
        for ledger in self.service.ledgers:
            await self.store.delete(ledger.collection, made)
        if self.loaded is not None:
            await forget_later(self.store, self.loaded)

    def clock(self) -> datetime:
        """Return the time that the test has set."""
        return self.now

    async def call(self, method: str, path: str, token: str | None, body: object = None, **headers: str) -> httpx.Response:
        """Send one request with this token."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        async with client(self.app, token) as caller:
            return await caller.request(method, f"/v1{path}", json=body, headers=names)

    async def tag(self, path: str, token: str) -> str | None:
        """Return the entity tag of a thing, or of what holds it, as somebody reads it; None if there is nothing to read."""
        while path.count("/") > 1:
            tag = (await self.call("GET", path, token)).headers.get("ETag")
            if tag is not None:
                return str(tag)
            path = path.rpartition("/")[0]
        return None

    async def change(self, method: str, path: str, token: str, body: object = None) -> httpx.Response:
        """Send a change as somebody who has read the thing a moment before; who cannot read it guesses its tag."""
        return await self.call(method, path, token, body, If_Match=await self.tag(path, token) or '"1"')

    async def register(self, token: str, roles: Sequence[str], anbieter: Sequence[str], **kunde: object) -> httpx.Response:
        """Register the caller's organisation."""
        person = {"capacity": "BEVOLLMAECHTIGT", "confirmed": True}
        body = {"organisation": token.split("/")[1], "person": person, "roles": roles, "anbieter": anbieter, "kunde": kunde}
        return await self.call("POST", "/organisations", token, body)

    async def decide(
        self, organisation: str, channel: Channel, command: str, body: object = None, role: str = "KUNDE"
    ) -> httpx.Response:
        """Let the Anbieter of the channel act on an accreditation."""
        path = f"/organisations/{organisation}/accreditations/{channel.value}/{role}/{command}"
        return await self.call("POST", path, STAFF[channel], body)

    async def state_relation(self, token: str = ANNA, path: list[str] | None = None, **fields: object) -> httpx.Response:
        """State Husum's relation to the ITVSH, or another."""
        body = {"path": path or PATH, "type": "TRAEGER", "valid_from": "2012-01-01", "evidence": [SATZUNG], **fields}
        return await self.call("POST", f"/organisations/{token.split('/')[1]}/relations", token, body)

    async def accredit_provider(self, token: str, *channels: Channel) -> None:
        """Register a Bereitsteller at the Anbieter of these channels and have it accredited."""
        organisation = token.split("/")[1]
        anbieter = [channel.value for channel in channels]
        assert (await self.register(token, ["BEREITSTELLER"], anbieter)).status_code == 201
        for channel in channels:
            for command in ("review", "grant"):
                assert (await self.decide(organisation, channel, command, role="BEREITSTELLER")).status_code == 200

    async def accredit_husum(self) -> None:
        """Register Husum at govdigital, state its relation and have it accredited and examined."""
        assert (await self.register(ANNA, ["KUNDE"], ["govdigital"])).status_code == 201
        assert (await self.state_relation()).status_code == 200
        assert (await self.decide(HUSUM, Channel.GOVDIGITAL, "review")).status_code == 200
        assert (await self.decide(HUSUM, Channel.GOVDIGITAL, "grant")).status_code == 200
        examined = await self.call("POST", f"/facts/{HUSUM_ITVSH}/examination", STAFF[Channel.GOVDIGITAL], EXAMINATION)
        assert examined.status_code == 200

    async def accredit_sachsen(self) -> None:
        """Register Sachsen at FITKO and have it accredited."""
        assert (await self.register(SACHSEN, ["KUNDE"], ["fitko"])).status_code == 201
        assert (await self.decide("DE-SN", Channel.FITKO, "review")).status_code == 200
        assert (await self.decide("DE-SN", Channel.FITKO, "grant")).status_code == 200

    async def open_the_way(self) -> None:
        """Accredit Husum, and Komm.ONE as its Bereitsteller in both channels."""
        await self.accredit_provider(KOMM_ONE, *STAFF)
        await self.accredit_husum()


@pytest.fixture(scope="session")
async def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store with the reference data and the facts that the demo assumes, made once: every store is a copy."""
    path = tmp_path_factory.mktemp("template") / "eligibility.db"
    store = await opened(path)
    await load_reference(store, DATA, lambda *_: None)
    await Facts(store).record(file_decision(read_fact_file(ASSUMED_FACTS), START.date(), "demo"))
    await store.close()
    return path


async def opened(path: Path) -> SqliteStore:
    """Return a store in a file, ready for use."""
    store = SqliteStore(path)
    await store.prepare((*COLLECTIONS, idempotency.COLLECTION))
    return store


@pytest.fixture(scope="session")
async def store(template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SqliteStore]:
    """The store of the tests that leave the reference data as they are."""
    store = await opened(Path(shutil.copy(template, tmp_path_factory.mktemp("store"))))
    yield store
    await store.close()


@pytest.fixture(scope="session")
async def loaded(store: SqliteStore) -> State:
    """The facts of the reference data, read once for all tests."""
    state = await Facts(store).current()
    state.world.view(None)
    return state


@pytest.fixture
async def own_store(template: Path, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store for a test that changes the reference data."""
    store = await opened(Path(shutil.copy(template, tmp_path)))
    yield store
    await store.close()


@pytest.fixture
async def world(store: SqliteStore, loaded: State) -> AsyncIterator[World]:
    """The service under its standard rule set."""
    world = World(store, Settings(_env_file=None), loaded)
    yield world
    await world.clear()


@pytest.fixture
async def strict(store: SqliteStore, loaded: State) -> AsyncIterator[World]:
    """The service with the disputed question answered strictly."""
    world = World(store, Settings(_env_file=None, indirect_joint=IndirectJoint.STRICT), loaded)
    yield world
    await world.clear()
