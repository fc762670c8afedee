"""The catalog over SQLite in memory with the real reference data, its API in process; its Bereitsteller are accredited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.catalog.app import build
from services.catalog.reference import load_reference
from services.catalog.rows import Level, Requirement
from shared.csv_rows import read_csv
from shared.http import idempotency
from shared.http.app import create_app
from shared.messages.eligibility_rights import RoleTerm
from shared.messages.values import Channel, Role
from shared.process.service import Resources, Service
from shared.store.port import Store
from shared.store.sqlite.store import SqliteStore
from tests.support.builders.offerings import CATALOGUE, form_body
from tests.support.builders.provisions import Contracts
from tests.support.http import FakeAuthenticator, client
from tests.support.publisher import RecordingPublisher
from tests.support.reference_excerpt import write_excerpt
from tests.support.rights import ReadRights, rights_of

DATA = Path(__file__).parents[3] / "data"
MUSTS = tuple(row.id for row in read_csv(DATA / "requirements.csv", Requirement) if row.level is Level.MUSS)
LEIKA_ENTRIES = 100

KOMM_ONE = "anna/komm_one/BEREITSTELLER"
DATAPORT = "bert/dataport/BEREITSTELLER"
KUNDE = "kim/010010000000/KUNDE"
FITKO = "fred/fitko/ANBIETER"
GOVDIGITAL = "gina/govdigital/ANBIETER"
BETREIBER = "otto/marktplatz/BETREIBER"


class Clock:
    """A clock that the test moves; each reading is a millisecond later."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time


class Healthy:
    """A process in which all is well."""

    def live(self) -> bool:
        return True

    def ready(self) -> dict[str, bool]:
        return {"store": True}


@dataclass
class World:
    """Everything a test of the catalog touches."""

    store: Store
    publisher: RecordingPublisher
    clock: Clock
    read: ReadRights
    service: Service
    app: FastAPI
    count: int = field(default=0)
    contracts: Contracts = field(default_factory=Contracts)

    @property
    def resources(self) -> Resources:
        """What another process of the catalog is built from."""
        return Resources(self.store, self.publisher, DATA, self.clock, rights=self.read.rights)

    def accredit(self, organisation: str, *accredited: Channel | RoleTerm) -> None:
        """Take the rights of a registered Bereitsteller from the topic: accredited at these Anbieter, and at no other."""
        terms = [RoleTerm(role=Role.BEREITSTELLER, channel=it) if isinstance(it, Channel) else it for it in accredited]
        self.read.put(rights_of(organisation, {}, [Role.BEREITSTELLER, *terms]))

    def as_(self, token: str | None) -> httpx.AsyncClient:
        return client(self.app, token)

    async def draft(self, token: str = KOMM_ONE, **parts: Any) -> dict[str, Any]:
        """Create a draft with a complete form and return the answer, ``etag`` added."""
        self.count += 1
        body = form_body(MUSTS, **parts)
        headers = {"Idempotency-Key": f"draft-{self.count}"}
        answer = await self.as_(token).post("/v1/offerings", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return {**answer.json(), "etag": answer.headers["ETag"]}

    async def do(self, token: str | None, offering_id: str, command: str, **body: Any) -> httpx.Response:
        return await self.as_(token).post(f"/v1/offerings/{offering_id}/{command}", json=body or None)

    async def published(self, token: str = KOMM_ONE, anbieter: str = GOVDIGITAL, **parts: Any) -> str:
        """Bring an offer all the way into the Schaufenster and return its id."""
        offering_id: str = (await self.draft(token, **parts))["id"]
        for actor, command in ((token, "submit"), (anbieter, "accept")):
            answer = await self.do(actor, offering_id, command)
            assert answer.status_code == 200, answer.text
        await self.contracts_answer()
        return offering_id

    async def contracts_answer(self) -> None:
        """Have the Bereitstellungsverträge concluded that were asked for."""
        await self.contracts.answer(self.service, self.publisher.events)

    async def search(self, **query: Any) -> dict[str, Any]:
        answer = await self.as_(None).get("/v1/offerings", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(name="make_world")
def _make_world() -> Callable[[], Any]:
    async def make() -> World:
        store = SqliteStore(None)
        publisher = RecordingPublisher()
        clock = Clock()
        read = ReadRights(clock)
        resources = Resources(store=store, publisher=publisher, data_dir=DATA, clock=clock, rights=read.rights)
        service = build(resources)
        await store.prepare([*service.collections, idempotency.COLLECTION])
        app = create_app(
            service.title, service.router, authenticator=FakeAuthenticator(), store=store, health=Healthy(), clock=clock
        )
        world = World(store, publisher, clock, read, service, app)
        for organisation in ("komm_one", "dataport"):
            world.accredit(organisation, *Channel)
        return world

    return make


@pytest.fixture(name="excerpt", scope="session")
def _excerpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference data with those LeiKa entries only that a form names, and the first few: loaded in a tenth of the time."""
    named = CATALOGUE.leika_keys
    return write_excerpt(
        tmp_path_factory.mktemp("data") / "excerpt",
        {"leika_services.csv": lambda number, row: number < LEIKA_ENTRIES or any(f",{key}," in row for key in named)},
    )


@pytest.fixture
def reference_data(excerpt: Path) -> Path:
    """The folder that ``world`` loads; what asks for a file's true content takes the whole."""
    return excerpt


@pytest.fixture(name="world")
async def _world(make_world: Callable[[], Any], reference_data: Path) -> AsyncIterator[World]:
    world: World = await make_world()
    await load_reference(world.store, reference_data, lambda _name, _done, _total: None)
    yield world
    await world.store.close()
