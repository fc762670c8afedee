"""A catalog with offers and the portal that shows it, once for all tests of the visitors' pages: they change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shared.messages.values import Channel
from tests.component.portal.login import World
from tests.support.builders.provisions import ending
from tests.support.builders.reuse import passed_on
from tests.support.showcase import Showcase, few_services, portal_over, rules_api

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
