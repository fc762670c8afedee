"""A catalog in process with the real reference data and offers in its Schaufenster, and a portal that reads it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from services.catalog.app import build as build_catalog
from services.catalog.reference import load_reference
from services.catalog.rows import Level, Requirement
from services.eligibility.app import build as build_eligibility
from services.portal.app import portal
from services.portal.settings import Settings
from shared.csv_rows import read_csv
from shared.http import idempotency
from shared.http.app import create_app
from shared.http.site import create_site
from shared.messages.contracts_chain import ChainEvent
from shared.messages.eligibility_rights import RoleTerm
from shared.messages.values import Channel, Role
from shared.process.service import Resources, Service
from shared.store.sqlite.store import SqliteStore
from shared.topics import CATALOG_CONTRACTS
from tests.support.builders.offerings import CATALOGUE, form_body
from tests.support.builders.provisions import Contracts, told
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.publisher import RecordingPublisher
from tests.support.rights import ReadRights, rights_of

DATA = Path(__file__).parents[2] / "data"
MUSTS = tuple(row.id for row in read_csv(DATA / "requirements.csv", Requirement) if row.level is Level.MUSS)
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KOMM_ONE = "anna/komm_one/BEREITSTELLER"
GOVDIGITAL = "gina/govdigital/ANBIETER"
FITKO = "gina/fitko/ANBIETER"
ORIGIN = "https://portal.test"
LEIKA_ENTRIES = 50


def few_services(folder: Path) -> Path:
    """Fill a folder with the reference data, of LeiKa a few entries only: all of them take seconds to load. Returns it."""
    shutil.copytree(DATA / "labels", folder / "labels")
    for path in DATA.glob("*.csv"):
        shutil.copy(path, folder)
    lines = (DATA / "leika_services.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    named = [f",{key}," for key in CATALOGUE.leika_keys]
    chosen = [it for place, it in enumerate(lines) if place < LEIKA_ENTRIES or any(key in it for key in named)]
    (folder / "leika_services.csv").write_text("".join(chosen), encoding="utf-8")
    return folder


@dataclass
class Showcase:
    """The API of a catalog. ``ids`` are those of what was published, by title."""

    app: FastAPI
    store: SqliteStore
    service: Service
    publisher: RecordingPublisher
    contracts: Contracts = field(default_factory=Contracts)
    ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def open(cls, data: Path) -> Showcase:
        """Return a catalog with the reference data of a folder and nothing offered yet."""
        store = SqliteStore(None)
        read = ReadRights(lambda: AT)
        publisher = RecordingPublisher()
        service = build_catalog(Resources(store, publisher, data, rights=read.rights))
        await store.prepare([*service.collections, idempotency.COLLECTION])
        await load_reference(store, data, lambda _name, _done, _total: None)
        read.put(
            rights_of("komm_one", {}, [Role.BEREITSTELLER, *(RoleTerm(role=Role.BEREITSTELLER, channel=it) for it in Channel)])
        )
        names = {"komm_one": "Komm.ONE"}
        app = create_app(service.name, service.router, authenticator=FakeAuthenticator(names), store=store, health=FixedHealth())
        return cls(app, store, service, publisher)

    async def run(self, task: str) -> None:
        """Do once what a worker repeats."""
        (found,) = [it for it in self.service.periodic if it.name == task]
        await found.run()

    async def publish(self, title: str, **parts: Any) -> str:
        """Bring an offer all the way into the Schaufenster and return its id."""
        async with client(self.app, KOMM_ONE) as provider, client(self.app, GOVDIGITAL) as anbieter:
            body = form_body(MUSTS, title=title, **parts)
            draft = await provider.post("/v1/offerings", json=body, headers={"Idempotency-Key": f"draft-{len(self.ids)}"})
            assert draft.status_code == 201, draft.text
            offering_id: str = draft.json()["id"]
            for actor, command, content in (
                (provider, "submit", None),
                (anbieter, "accept", None),
            ):
                answer = await actor.post(f"/v1/offerings/{offering_id}/{command}", json=content)
                assert answer.status_code == 200, answer.text
        await self.contracts_answer()
        self.ids[title] = offering_id
        return offering_id

    async def contracts_answer(self) -> None:
        """Have the Bereitstellungsverträge concluded that were asked for."""
        await self.contracts.answer(self.service, self.publisher.events)

    async def hear(self, message: ChainEvent) -> None:
        """Have the catalog follow what contracts tells."""
        (consumer,) = (it for it in self.service.consumers if it.group == CATALOG_CONTRACTS)
        assert list(await consumer.handle([told(message, 2)])) == []

    async def suspend(self, offering_id: str, reason: str) -> None:
        """Suspend an offer."""
        await self.move(offering_id, "suspend", {"reason": reason})

    async def move(self, offering_id: str, command: str, body: dict[str, Any] | None = None, *, token: str = KOMM_ONE) -> None:
        """Give a command, that of the Bereitsteller unless another token is given."""
        async with client(self.app, token) as actor:
            answer = await actor.post(f"/v1/offerings/{offering_id}/{command}", json=body)
            assert answer.status_code == 200, answer.text


def rules_api() -> FastAPI:
    """Return the API of an eligibility that knows nobody: the rules of the channels are public."""
    store = SqliteStore(None)
    service = build_eligibility(Resources(store, RecordingPublisher(), DATA, clock=lambda: AT))
    return create_app(service.name, service.router, authenticator=FakeAuthenticator(), store=store, health=FixedHealth())


def portal_over(
    transports: Mapping[str, httpx.AsyncBaseTransport],
    store: SqliteStore | None = None,
    clock: Callable[[], datetime] = lambda: AT,
    **settings: Any,
) -> FastAPI:
    """Return the portal whose APIs and identity provider are reached by these transports, by name."""
    resources = Resources(store or SqliteStore(None), RecordingPublisher(), DATA, clock=clock)
    found = Settings(**{"public_url": ORIGIN, **settings})
    service = portal(resources, found, transports)
    assert service.site is not None
    return create_site(service.name, service.router, service.site, title=service.title, health=FixedHealth())


def browser(app: FastAPI, **options: Any) -> httpx.AsyncClient:
    """Return what a browser without scripts is: a client that keeps cookies and follows nothing by itself."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN, **options)
