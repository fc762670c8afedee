"""A Kommune uses what its Land has licensed: the offer says so, one form does what is missing, and the accession can be ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from services.contracts.app import build
from services.contracts.domain.agreed import PassingOn
from services.contracts.domain.offer import ChannelOffer, offer_id
from services.contracts.offers.follow import OFFERS, ChannelOffers
from shared.aggregate.change import Cause, Change
from shared.http import idempotency
from shared.http.app import create_app
from shared.messages.base import Message
from shared.messages.values import OfferingState
from tests.component.contracts.test_contracts_amending import SACHSEN
from tests.component.contracts.test_contracts_notice import FITKO as CHANNEL
from tests.component.contracts.test_contracts_notice import World as ContractsWorld
from tests.component.contracts.test_contracts_passing_on import LAND
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import ActingAs, World
from tests.component.portal.test_portal_contracts import SVEN
from tests.component.portal.test_portal_steps import OFFERING as SHOWN
from tests.support.contract_requests import NRW, request
from tests.support.http import FakeAuthenticator, FixedHealth

OFFER: Final = request().order.offering_id
PATH: Final = f"/offerings/{OFFER}"
GOERLITZ, BODY = "digitales.goerlitz", "146260110110"


@dataclass
class Desks:
    """A Kommune, its Land, and the contracts."""

    kommune: Person
    land: Person
    contracts: ContractsWorld

    async def passed_on_by(self, act: Any) -> None:
        """Have the contract of the Land pass the use on by an act."""

        def decide(contract: Any) -> tuple[Any, list[Message]]:
            return contract.model_copy(update={"passing_on": PassingOn(allowed=True, act=act)}), []

        await self.contracts.contracts.ledger.apply_one(Change(SACHSEN, decide, Cause(f"{SACHSEN}/9", "test", "test", 9)))


@pytest.fixture(name="desks")
async def _desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desks]:
    world, contracts = World(tmp_path), ContractsWorld()
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    await contracts.prepare()
    await contracts.store.prepare([OFFERS, idempotency.COLLECTION])
    offer = ChannelOffer(
        id=offer_id(CHANNEL, OFFER),
        offering_id=OFFER,
        channel=CHANNEL,
        title="Digitaler Einbürgerungsantrag",
        version=3,
        state=OfferingState.VEROEFFENTLICHT,
        provider=NRW,
        channels=(CHANNEL,),
        sheets=(),
    )
    offers = ChannelOffers(contracts.resources).ledger
    await offers.apply([Change(offer.id, lambda _: (offer, []), Cause("o", "test", "test", 1))])
    names = FakeAuthenticator({"DE-SN": "Freistaat Sachsen", BODY: "Görlitz, Stadt"})
    app = create_app(
        "contracts", build(contracts.resources).router, authenticator=names, store=contracts.store, health=FixedHealth()
    )
    world.now = contracts.now
    shown = SHOWN | {"id": OFFER, "title": "Digitaler Einbürgerungsantrag"}
    world.further = {
        "contracts": ActingAs(app, {GOERLITZ: f"g/{BODY}/KUNDE", SVEN: LAND}),
        "catalog": httpx.MockTransport(
            lambda it: httpx.Response(200, json=shown) if it.url.path == f"/v1/offerings/{OFFER}" else httpx.Response(503)
        ),
    }
    await world.open()
    kommune, land = [await somebody(world, it) for it in (GOERLITZ, SVEN)]
    yield Desks(kommune, land, contracts)
    for person in (kommune, land):
        await person.visitor.aclose()
    await world.store.close()
    await contracts.store.close()


async def test_a_kommune_accedes_to_the_contract_of_its_land_and_ends_that(desks: Desks) -> None:
    await desks.passed_on_by("BEITRITT")
    kommune = await desks.kommune.open(PATH)
    # Contracts name parties by the names that they had when they were concluded.
    assert "hat diese Leistung über FITKO" in kommune.text
    await kommune.follow("Beitritt erklären")
    await kommune.send(422, "", valid_from__day="1", valid_from__month="1", valid_from__year="2020")
    assert "Dieser Tag ist vergangen." in kommune.page.one("p", id="valid_from-error").text
    await kommune.send(200, "", **{f"valid_from__{it}": "" for it in ("day", "month", "year")})
    assert "Der Beitritt ist erklärt" in kommune.text
    assert "Digitaler Einbürgerungsantrag" in kommune.text
    await kommune.open(PATH)
    assert "darf Ihre Organisation diese Leistung schon nutzen" in kommune.text
    land = await desks.land.open("/contracts")
    await land.follow("Beitritte")
    assert "Anderer zu Ihren Verträgen 1" in land.text
    assert not [it for it in land.page.one("main").inside_all("a") if "beenden" in it.text], "only who has acceded ends it"
    await kommune.open("/en/accessions")
    await kommune.follow("End the accession : Digitaler Einbürgerungsantrag")
    await kommune.send(200, "", last_day__day="31", last_day__month="12", last_day__year="2026")
    assert "The accession is ended" in kommune.text
    assert "31 December 2026" in kommune.text


async def test_a_kommune_asks_for_a_contract_where_its_land_passes_on_by_one(desks: Desks) -> None:
    await desks.passed_on_by("SUB_VERTRAG")
    kommune = await desks.kommune.open(PATH)
    await kommune.follow("Vertrag anfragen")
    await kommune.send(200, "", order_reference="Az. 9")
    assert "Der Vertrag ist angeboten" in kommune.text
    land = await desks.land.open(kommune.path)
    assert "Vertrag annehmen" in [it.text for it in land.page.one("main").inside_all("a")]
    # While that waits, nothing more is asked of the Kommune.
    await kommune.open(f"{PATH}/licence/fitko")
    assert kommune.path.endswith(PATH)


async def test_who_is_not_licensed_by_anybody_is_told_nothing_of_it(desks: Desks) -> None:
    land = await desks.land.open(PATH)
    assert "darf Ihre Organisation diese Leistung schon nutzen" in land.text
    await desks.passed_on_by("BEITRITT")
    await land.open(f"{PATH}/licence/fitko")
    assert land.path.endswith(PATH), "whose contract it is has nothing left to do"
