"""One engine and one set of containers for the session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import cast

import httpx
import pytest

from marktplatz.demo import flow
from marktplatz.demo.cast import Cast
from marktplatz.demo.cast import cast as cast_of
from marktplatz.demo.people import Json
from marktplatz.embedded import Embedded
from tests.deploy.images.stack import ASSUME, Stack
from tests.support.docker import KAFKA, PRODUCT, built, docker_engine


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    with docker_engine():
        yield


@pytest.fixture(scope="session")
def product(engine: None) -> str:  # noqa: ARG001 - images are there while the engine runs
    return built(PRODUCT)


@pytest.fixture(scope="session")
async def stack(product: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with Stack(tmp_path_factory.mktemp("stack"), product, built(KAFKA)) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Market:
    """A marketplace in which Husum may order Komm.ONE's offers through govdigital."""

    stack: Stack
    people: Cast
    checklist: Json

    async def publish(self, title: str) -> Json:
        """Publish an offer of Komm.ONE."""
        form = flow.form(
            self.checklist,
            title=title,
            summary="Antrag auf Erteilung und Verlängerung der Fahrerlaubnis zur Fahrgastbeförderung, mit Bezahlung.",
            topic_id="mobilitaet_reisen",
            ozg_ids=["10424"],
            leika_keys=["99084003001000"],
            anbindungsarten=["FIT_CONNECT"],
            channels=["govdigital"],
        )
        return await flow.publish(self.people.komm_one, self.people.govdigital, form)

    async def ready_to_order(self, title: str) -> str:
        """Publish an offer, bring a Vorgang up to the Anbieter's offer and return its id."""
        people = self.people
        offer = await self.publish(title)
        return await flow.ready_to_order(people.husum, people.komm_one, people.govdigital, offer["id"])


@pytest.fixture(scope="session")
async def market(stack: Stack) -> AsyncIterator[Market]:
    async with httpx.AsyncClient(timeout=30) as client:
        people = cast_of(cast("Embedded", stack), client)
        await asyncio.to_thread(stack.once, ASSUME)
        checklist = await people.komm_one.get("catalog", "/v1/reference/requirements")
        relation = {
            "path": ["010540056056", "itvsh", "dataport", "govdigital"],
            "type": "TRAEGER",
            "valid_from": "2012-01-01",
            "evidence": [{"type": "SATZUNG", "title": "Organisationssatzung des ITVSH", "reference": "Az. 10.24/2012"}],
        }
        await flow.register(people.husum, people.govdigital, "KUNDE", relation, kunde={"ars": "010540056056"})
        yield Market(stack, people, checklist)
