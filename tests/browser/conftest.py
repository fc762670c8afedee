"""A portal on a port of this machine, and Chromium in front of it. Screenshots go to build/screens."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser, async_playwright

from marktplatz.infrastructure.idp import EmbeddedProvider
from marktplatz.people import PEOPLE
from services.portal.app import portal as build_portal
from services.portal.sealing import ensure_session_keys
from services.portal.sessions import PENDING, SESSIONS
from services.portal.settings import Settings
from shared.http.issuer import EmbeddedIssuer
from shared.http.site import create_site
from shared.process.service import Resources
from shared.process.serving import Server, listen
from shared.store.sqlite.store import SqliteStore
from tests.component.ordering.ordering_world import BEREITSTELLER, KUNDE
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.portal.login import Acting, Notified
from tests.component.portal.test_portal_login import notification
from tests.support.http import FixedHealth
from tests.support.publisher import RecordingPublisher
from tests.support.showcase import DATA, Showcase, rules_api

SCREENS = Path(__file__).parents[2] / "build" / "screens"
MARKUP = '<script>document.title="broken"</script><img src=x onerror=alert(1)>'


@dataclass(frozen=True, slots=True)
class Site:
    """A running portal: where it is, and what can be looked at in it."""

    url: str
    offering: str
    suspended: str
    markup: str
    order: str


@pytest.fixture(scope="session", name="chromium")
async def _chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "The browser tests need Chromium: apt-get install --no-install-recommends chromium"
    async with async_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=program, args=sandbox)
        yield browser
        await browser.close()


@pytest.fixture(scope="session", name="site")
async def _site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("portal")
    socket = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    issuer = EmbeddedIssuer(folder / "issuer")
    showcase = await Showcase.open(DATA)
    document = {"title": "Leistungsbeschreibung", "media_type": "application/pdf", "url": "https://www.example.org/lb.pdf"}
    offering = await showcase.publish("Digitale Baugenehmigung", documents=[document], contact_mailbox="efa@example.org")
    markup = await showcase.publish(MARKUP, summary=MARKUP)
    suspended = await showcase.publish("Wohngeld online", topic_id="bildung")
    await showcase.suspend(suspended, "Umstellung bis Ende März.")
    orders = OrderingWorld()
    await orders.start()
    order = await orders.declare(message="Wir möchten zum 1. Januar starten.")
    await orders.judge(order)
    await orders.step(order["id"], "clarification", BEREITSTELLER)
    ensure_session_keys(folder / "session-keys")
    store = SqliteStore(None)
    await store.prepare([SESSIONS, PENDING])
    transports: dict[str, httpx.AsyncBaseTransport] = {
        "catalog": httpx.ASGITransport(app=showcase.app),
        "eligibility": httpx.ASGITransport(app=rules_api()),
        "ordering": Acting(orders.app, KUNDE),
        "notify": httpx.MockTransport(Notified(items=[notification(subject="Angebot liegt vor", body="Bitte prüfen.")])),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in issuer.environment().items():
            patch.setenv(name, value)
        async with EmbeddedProvider(issuer, PEOPLE, url) as provider:
            settings = Settings(public_url=url, oidc_issuer=provider.url, session_keys=folder / "session-keys", run="browser")
            resources = Resources(store, RecordingPublisher(), DATA)
            service = build_portal(resources, settings, transports)
            assert service.site is not None
            app = create_site(service.name, service.router, service.site, title=service.title, health=FixedHealth())
            server = Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
            serving = asyncio.create_task(server.serve(sockets=[socket]))
            yield Site(url, offering, suspended, markup, order["id"])
            server.should_exit = True
            await serving
    for opened in (store, showcase.store, orders.store):
        await opened.close()
