"""A marketplace at home with offers of every kind, what it has published in a store of the portal kit, and the showcase over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from efa_portal.following import Following
from efa_portal.record import CatalogRecord
from efa_portal.store.writer import Store
from efa_portal.topics import CATALOG
from marktplatz.showcase.followed import Followed
from marktplatz.showcase.site import FollowedReference, catalog_app, showcase_over
from services.portal.settings import Settings
from shared.aggregate.outgoing import OutgoingEvent
from shared.http.site import create_site
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.http import FixedHealth
from tests.support.publisher import RecordingPublisher
from tests.support.showcase import FITKO, GOVDIGITAL, ORIGIN, Showcase, browser, few_services

OFFERS: dict[str, dict[str, Any]] = {
    "Digitale Baugenehmigung": {"contact_mailbox": "efa@example.org"},
    "Wohngeld online": {"topic_id": "bildung", "known_listing": "E008"},
    "Anwohnerparken": {"reifegrad": 4},
    "Ausgesetzte Leistung": {},
    "Zurückgezogene Leistung": {},
    "An einem Weg ausgesetzt": {"channels": ["govdigital", "fitko"]},
    "Am einzigen Weg ausgesetzt": {},
}


@dataclass
class Follower:
    """The kit's store, filled with what the marketplace has published, as its follower fills it from the topics."""

    path: Path
    taken: int = 0
    positions: dict[str, int] = field(default_factory=lambda: {topic.name: 0 for topic in CATALOG})

    def open(self) -> None:
        """Begin with nothing; a catalog is whole once it was followed to the end."""
        self.store = Store(self.path)
        self.followings = {topic.name: Following(self.store, topic) for topic in CATALOG}
        for following in self.followings.values():
            following.resume({0: 0}, {0: 0})

    def take(self, events: list[OutgoingEvent]) -> None:
        """Follow the events that are new, and show what is whole."""
        new, self.taken = events[self.taken :], len(events)
        for name, following in self.followings.items():
            records = []
            for event in (it for it in new if it.topic == name):
                value = None if event.data is None else event.data.encode()
                time = event.time.isoformat().replace("+00:00", "Z")
                records.append(CatalogRecord(0, self.positions[name], event.key.encode(), value, event.type, time))
                self.positions[name] += 1
            following.apply(records, {0: self.positions[name]})
            following.note_ends({0: self.positions[name]})

    async def judge(self) -> None:
        """Show what was built, as the follower does once it has read to the ends."""
        for following in self.followings.values():
            assert await following.check() is None


@dataclass
class Shown:
    """Home and showcase side by side."""

    home: Showcase
    follower: Follower
    followed: Followed
    api: FastAPI
    site: FastAPI

    async def catch_up(self) -> None:
        """Let the showcase see what home has published."""
        await self.home.run("catalog.known-services")
        self.follower.take(self.home.publisher.events)
        await self.follower.judge()
        self.followed._looked_at = float("-inf")

    async def both(self, path: str, **parameters: Any) -> tuple[httpx.Response, httpx.Response]:
        """Ask home and showcase the same."""
        answers = []
        for app in (self.home.app, self.api):
            async with browser(app) as visitor:
                answers.append(await visitor.get(path, params=parameters))
        return answers[0], answers[1]


def site_over(followed: Followed, data: Path) -> FastAPI:
    """Return the pages of the showcase."""
    resources = Resources(SqliteStore(None), RecordingPublisher(), data)
    service = showcase_over(followed, resources, Settings(public_url=ORIGIN, home_url="https://marktplatz.example"))
    assert service.site is not None
    return create_site(service.name, service.router, service.site, title=service.title, health=FixedHealth())


async def page(app: FastAPI, path: str) -> httpx.Response:
    """Ask for a page."""
    async with browser(app) as visitor:
        return await visitor.get(path)


@pytest.fixture(name="shown", scope="module")
async def _shown(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shown]:
    folder = tmp_path_factory.mktemp("showcase")
    data = few_services(folder)
    home = await Showcase.open(data)
    for title, parts in OFFERS.items():
        await home.publish(title, **parts)
    await home.suspend(home.ids["Ausgesetzte Leistung"], "Umstellung bis Ende März.")
    await home.move(home.ids["An einem Weg ausgesetzt"], "bereitstellungsvertrag", token=FITKO)
    await home.contracts_answer()
    for title, token in (("An einem Weg ausgesetzt", FITKO), ("Am einzigen Weg ausgesetzt", GOVDIGITAL)):
        await home.move(home.ids[title], "suspend", {"reason": "Die Anbindung wird umgestellt."}, token=token)
    follower = Follower(folder / "catalog.sqlite")
    follower.open()
    followed = Followed(follower.path)
    resources = Resources(SqliteStore(None), RecordingPublisher(), data)
    api = catalog_app(followed, FollowedReference(followed, data), resources)
    shown = Shown(home, follower, followed, api, site_over(followed, data))
    await shown.catch_up()
    await home.move(home.ids["Zurückgezogene Leistung"], "withdraw", {"reason": "Eingestellt."})
    await shown.catch_up()
    yield shown
    await home.store.close()
