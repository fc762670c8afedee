"""A catalog with offers and the portal that shows it, once for all tests of the visitors' pages: they change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.eligibility.reference import load_reference
from services.eligibility.repository import COLLECTIONS
from services.eligibility.settings import Settings
from shared.http import idempotency
from shared.messages.values import Channel
from shared.store.sqlite.store import SqliteStore
from tests.component.eligibility import conftest as eligibility
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, HUSUM, ActingAs, World
from tests.component.portal.sampled import Sampled
from tests.support.builders.provisions import ending
from tests.support.builders.reuse import passed_on
from tests.support.reference_excerpt import is_kreis, write_excerpt
from tests.support.showcase import Showcase, few_services, portal_over, rules_api

TOKENS = {HUSUM: eligibility.ANNA, GOVDIGITAL: "gerd/govdigital/ANBIETER"}
BODY = eligibility.HUSUM
FORMER, SUCCESSOR = "160615012097", "160615051119"
"""Keys of Uder: the one that a reform has given up, and the one that has followed."""
MARKUP = '<script>alert("x")</script> & "Wohngeld"'


@pytest.fixture(scope="session", name="data")
def _data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return few_services(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session", name="showcase")
def _showcase(data: Path) -> Showcase:
    async def fill() -> Showcase:
        found = await Showcase.open(data)
        await found.publish(
            "Digitale Baugenehmigung",
            documents=[
                {"title": "Leistungsbeschreibung", "media_type": "application/pdf", "url": "https://www.example.org/lb.pdf"},
                {"title": "Ohne Verschlüsselung", "media_type": "application/pdf", "url": "http://www.example.org/lb.pdf"},
            ],
        )
        await found.hear(ending(found.ids["Digitale Baugenehmigung"], Channel.GOVDIGITAL, date(2029, 12, 31)))
        await found.hear(passed_on("146120000000", found.ids["Digitale Baugenehmigung"], by="DE-SN"))
        await found.publish(MARKUP, summary=MARKUP, nachnutzung=MARKUP, topic_id="bildung")
        suspended = await found.publish("Ausgesetzte Leistung", known_listing="E015")
        await found.suspend(suspended, "Umstellung bis Ende März.")
        return found

    return asyncio.run(fill())


@pytest.fixture(scope="session", name="portal")
def _portal(showcase: Showcase) -> FastAPI:
    return portal_over(
        {"catalog": httpx.ASGITransport(app=showcase.app), "eligibility": httpx.ASGITransport(app=rules_api())},
        operator="Stadt Beispiel",
        operator_address="Rathausplatz 1\n12345 Beispiel",
        feedback_address="barrierefrei@example.org",
    )


@pytest.fixture(name="world")
async def _world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    world = World(tmp_path)
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    await world.open()
    yield world
    await world.store.close()


@dataclass
class Desks:
    """Who registers, and who decides on it."""

    kunde: Person
    anbieter: Person
    world: World


def few_bodies(folder: Path) -> Path:
    """Write the reference data with Husum and Uder alone of all municipalities in a Kreis and few LeiKa entries.

    Returns the folder.
    """

    def needed(_: int, row: str) -> bool:
        return row.startswith((BODY, SUCCESSOR)) or is_kreis(row) or "Baugenehm" in row

    files = ("municipalities", "municipal_associations", "unincorporated_areas", "leika_services")
    return write_excerpt(folder, {f"{name}.csv": needed for name in files})


@pytest.fixture(scope="session", name="register")
def _register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return few_bodies(tmp_path_factory.mktemp("register") / "data")


@pytest.fixture(name="desks")
async def _desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, register: Path) -> AsyncIterator[Desks]:
    store = SqliteStore(None)
    await store.prepare((*COLLECTIONS, idempotency.COLLECTION))
    await load_reference(store, register, lambda *_: None)
    world, there = World(tmp_path), eligibility.World(store, Settings(_env_file=None))
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    world.now = there.now
    world.further = {
        "eligibility": ActingAs(there.app, TOKENS),
        "contracts": httpx.MockTransport(lambda _: httpx.Response(200, json={"items": [], "next": None})),
    }
    await world.open()
    kunde, anbieter = [await somebody(world, it) for it in (HUSUM, GOVDIGITAL)]
    yield Desks(kunde, anbieter, world)
    for person in (kunde, anbieter):
        await person.visitor.aclose()
    await world.store.close()
    await store.close()


@pytest.fixture(name="orders")
async def _orders() -> AsyncIterator[OrderingWorld]:
    orders = OrderingWorld()
    await orders.start()
    yield orders
    await orders.store.close()


@pytest.fixture(name="sampled")
async def _sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apis: list[Sampled]) -> AsyncIterator[World]:
    """The portal over APIs that answer with samples; ``apis`` is the module's own fixture."""
    world = World(tmp_path)
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    world.further = {it.service.value: it for it in apis}
    yield await world.open()
    await world.store.close()
