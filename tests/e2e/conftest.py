"""One embedded marketplace for the end-to-end tests, with its people and two published offers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from marktplatz.demo import flow
from marktplatz.demo.cast import Cast, cast
from marktplatz.demo.people import LIMITS, Json
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded
from marktplatz.loading import load_assumed_facts, load_reference_data
from shared.process.settings import ProcessSettings
from tests.support.mongodb import mongodb_server
from tests.support.reference_excerpt import write_few_municipalities

ON_MONGODB = ("ordering", "contracts")
HUSUM = {
    "path": ["010540056056", "itvsh", "dataport", "govdigital"],
    "type": "TRAEGER",
    "valid_from": "2012-01-01",
    "evidence": [{"type": "SATZUNG", "title": "Organisationssatzung", "reference": "Az. 1"}],
}


@dataclass(frozen=True, slots=True)
class Marketplace:
    """A running marketplace: ordering and contracts keep their data on a MongoDB server, the others in SQLite."""

    run: Embedded
    cast: Cast
    tap: Tap
    checklist: Json
    mongodb: str

    async def offer(self, title: str, channel: str = "govdigital") -> str:
        """Publish an offer and return its id."""
        provider, anbieter = (
            (self.cast.komm_one, self.cast.govdigital)
            if channel == "govdigital"
            else (self.cast.nordrhein_westfalen, self.cast.fitko)
        )
        draft = flow.form(
            self.checklist,
            title=title,
            summary=title,
            topic_id="mobilitaet_reisen",
            ozg_ids=["10424"],
            anbindungsarten=["FIT_CONNECT"],
            channels=[channel],
        )
        published = await flow.publish(provider, anbieter, draft)
        offering_id: str = published["id"]
        return offering_id

    async def ready_to_order(self, title: str) -> str:
        """Publish an offer and bring Husum's Vorgang on it up to the offer of govdigital; return its id."""
        people = self.cast
        return await flow.ready_to_order(people.husum, people.komm_one, people.govdigital, await self.offer(title))


@pytest.fixture(scope="package")
async def marketplace(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Marketplace]:
    """Start it once, with Husum and Sachsen registered and accredited."""
    var: Path = tmp_path_factory.mktemp("marketplace")
    with mongodb_server() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("ELIGIBILITY_RECHECK_EVERY", "PT1S")
        urls = {service: f"{server}/marktplatz_{service}" for service in ON_MONGODB}
        settings = ProcessSettings(var=var, store_urls=urls)
        async with Embedded(settings) as run, httpx.AsyncClient(timeout=30, limits=LIMITS) as client:
            data = write_few_municipalities(var / "data")
            await load_reference_data(settings.model_copy(update={"data": data}), lambda _kind, _done, _total: None)
            await load_assumed_facts(settings)
            people = cast(run, client)
            checklist = await people.komm_one.get("catalog", "/v1/reference/requirements")
            await flow.register(people.husum, people.govdigital, "KUNDE", HUSUM)
            await flow.register(people.sachsen, people.fitko, "KUNDE", None)
            await flow.admit(people.komm_one, people.govdigital)
            yield Marketplace(run, people, Tap(run.bootstrap), checklist, server)
