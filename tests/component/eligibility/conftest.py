"""The service over SQLite with the real reference data, a clock that tests set, tokens that say who calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from services.eligibility.app import build
from services.eligibility.reference import load_reference
from services.eligibility.repository import COLLECTIONS
from services.eligibility.rules import IndirectJoint
from services.eligibility.settings import Settings
from shared.http import idempotency
from shared.http.app import create_app
from shared.messages.values import Channel
from shared.process.service import Resources, Service
from shared.store.sqlite.store import SqliteStore
from tests.support.http import FakeAuthenticator, client
from tests.support.publisher import RecordingPublisher

DATA = Path(__file__).parents[3] / "data"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HUSUM = "010540056056"
ANNA = f"anna/{HUSUM}/KUNDE"
BERT = f"bert/{HUSUM}/KUNDE"
SACHSEN = "sven/DE-SN/KUNDE"
KOMM_ONE = "karla/komm_one/BEREITSTELLER"
STAFF = {Channel.GOVDIGITAL: "gerd/govdigital/ANBIETER", Channel.FITKO: "fred/fitko/ANBIETER"}
PATH = [HUSUM, "itvsh", "dataport", "govdigital"]
SATZUNG = {"type": "SATZUNG", "title": "Organisationssatzung des ITVSH", "reference": "https://example.org/satzung.pdf"}


class Alive:
    """A process in good health."""

    def live(self) -> bool:
        return True

    def ready(self) -> dict[str, bool]:
        return {}


class World:
    """The built service with its store, its events and a clock."""

    def __init__(self, store: SqliteStore, settings: Settings) -> None:
        self.store = store
        self.publisher = RecordingPublisher()
        self.now = START
        self.service: Service = build(Resources(store, self.publisher, DATA, self.clock), settings)
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

    def clock(self) -> datetime:
        """Return the time that the test has set."""
        return self.now

    async def call(self, method: str, path: str, token: str | None, body: object = None, **headers: str) -> httpx.Response:
        """Send one request with this token."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        async with client(self.app, token) as caller:
            return await caller.request(method, f"/v1{path}", json=body, headers=names)

    async def register(self, token: str, roles: list[str], anbieter: list[str], **kunde: str) -> httpx.Response:
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

    async def accredit_husum(self) -> None:
        """Register Husum at govdigital, state its relation and have it accredited."""
        assert (await self.register(ANNA, ["KUNDE"], ["govdigital"])).status_code == 201
        assert (await self.state_relation()).status_code == 200
        assert (await self.decide(HUSUM, Channel.GOVDIGITAL, "review")).status_code == 200
        assert (await self.decide(HUSUM, Channel.GOVDIGITAL, "grant")).status_code == 200

    async def accredit_sachsen(self) -> None:
        """Register Sachsen at FITKO and have it accredited."""
        assert (await self.register(SACHSEN, ["KUNDE"], ["fitko"])).status_code == 201
        assert (await self.decide("DE-SN", Channel.FITKO, "review")).status_code == 200
        assert (await self.decide("DE-SN", Channel.FITKO, "grant")).status_code == 200


async def loaded_store() -> SqliteStore:
    """Return a store in memory with the reference data and nothing else."""
    store = SqliteStore(None)
    await store.prepare((*COLLECTIONS, idempotency.COLLECTION))
    await load_reference(store, DATA, lambda *_: None)
    return store


@pytest.fixture(scope="session")
async def store() -> AsyncIterator[SqliteStore]:
    """The store of the tests that leave the reference data as they are."""
    store = await loaded_store()
    yield store
    await store.close()


@pytest.fixture
async def own_store() -> AsyncIterator[SqliteStore]:
    """A store for a test that changes the reference data."""
    store = await loaded_store()
    yield store
    await store.close()


@pytest.fixture
async def world(store: SqliteStore) -> AsyncIterator[World]:
    """The service under its standard rule set."""
    world = World(store, Settings(_env_file=None))
    yield world
    await world.clear()


@pytest.fixture
async def strict(store: SqliteStore) -> AsyncIterator[World]:
    """The service with the disputed question answered strictly."""
    world = World(store, Settings(_env_file=None, indirect_joint=IndirectJoint.STRICT))
    yield world
    await world.clear()
