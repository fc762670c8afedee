"""A contract is passed on by pages, over a real contracts service: preview, offer, acceptance; and each sees only its buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from services.contracts.app import build
from services.contracts.domain.transitions import ContractState
from services.portal.pages.contracts import SHOWN
from services.portal.texts import read_texts
from shared.http import idempotency
from shared.http.app import create_app
from tests.component.contracts.test_contracts_amending import ANNA, BERT, LAND, SACHSEN, judged, propose, stored
from tests.component.contracts.test_contracts_notice import END_OF_2027
from tests.component.contracts.test_contracts_notice import World as ContractsWorld
from tests.component.contracts.test_contracts_passing_on import KOMMUNE, ME
from tests.component.contracts.test_contracts_succession import conclude, ending, follow
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, HUSUM, ActingAs, World
from tests.component.portal.register import Register
from tests.component.portal.test_portal_contracts import FITKO, SVEN
from tests.support.http import FakeAuthenticator, FixedHealth

PATH: Final = f"/contracts/{SACHSEN}"
REGISTER: Final = Register(
    {ME["id"]: ME["name"], "DE-MV": "Mecklenburg-Vorpommern"},
    {"130715163017": ("Groß Miltzow", ME["id"])},
    {"DE-MV": "13"},
)


@dataclass
class Desks:
    """Land, Kommune and two persons of the Anbieter, and the contracts."""

    land: Person
    kommune: Person
    first: Person
    second: Person
    contracts: ContractsWorld


@pytest.fixture(name="desks")
async def _desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desks]:
    world, contracts = World(tmp_path), ContractsWorld()
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    await contracts.prepare()
    await contracts.store.prepare([idempotency.COLLECTION])
    routes = build(contracts.resources).router
    names = FakeAuthenticator({"DE-SN": "Freistaat Sachsen", ME["id"]: ME["name"]})
    app = create_app("contracts", routes, authenticator=names, store=contracts.store, health=FixedHealth())
    world.now = contracts.now
    world.further = {
        "contracts": ActingAs(app, {SVEN: LAND, HUSUM: KOMMUNE, FITKO: ANNA, GOVDIGITAL: BERT}),
        "eligibility": httpx.MockTransport(REGISTER),
    }
    await world.open()
    people = [await somebody(world, it) for it in (SVEN, HUSUM, FITKO, GOVDIGITAL)]
    land, kommune, first, second = people
    yield Desks(land, kommune, first, second, contracts)
    for person in people:
        await person.visitor.aclose()
    await world.store.close()
    await contracts.store.close()


def steps(person: Person) -> set[str]:
    """Return the steps with the contract that the page offers."""
    words = read_texts()
    titles = {words[it](f"contract.{step}.title"): step for it in words for step in SHOWN}
    return {titles[it.text] for it in person.page.one("main").inside_all("a") if it.text in titles}


async def test_a_contract_is_seen_before_it_is_passed_on_and_the_other_body_accepts_it(desks: Desks) -> None:
    before = len(await desks.contracts.all())
    land = await desks.land.open(PATH)
    await land.follow("Vertrag weitergeben")
    assert "Angemeldet bis" in land.text, "a long form says until when one can save"
    await land.send(422)
    assert "Bitte füllen Sie dieses Feld aus." in land.page.one("p", id="grantee-error").text
    await land.send(200, "Suchen", grantee__q="Nirgends")
    assert "Dazu gibt es keinen Eintrag" in land.page.one("p", id="grantee-note").text
    await land.send(200, "Suchen", grantee__q="130715163017", order_reference="Az. 2")
    assert f"Nachfolger ist: {ME['name']}." in land.page.one("p", id="grantee-note").text
    assert land.value("order_reference") == "Az. 2"
    await land.send(200, "Suchen", grantee__q="Neun")
    await land.send(200, "", grantee=ME["id"], valid_to__day="31", valid_to__month="12", valid_to__year="2027")
    assert land.title == "Bitte prüfen Sie, was Sie weitergeben"
    for expected in ("Kommune Neun (140000000009)", "31. Dezember 2027", "entgeltfrei", "140000000009"):
        assert expected in land.text
    assert len(await desks.contracts.all()) == before, "a preview makes nothing"
    await land.send(200, "Angaben ändern")
    assert (land.value("grantee"), land.value("valid_to.day")) == (ME["id"], "31")
    await land.send(200, "", order_reference="Az. 3")
    await land.send(200, "Verbindlich anbieten")
    assert "Der Vertrag ist angeboten" in land.text
    here = land.path.partition("?")[0]
    await land.again()
    assert (land.path.partition("?")[0], len(await desks.contracts.all())) == (here, before + 1), "a double click acts once"
    assert steps(land) == {"give-up"}
    assert steps(await desks.first.open(here)) == set(), "at the Anbieter nobody signs what two others agree"
    kommune = await desks.kommune.open(f"/en{here}")
    assert steps(kommune) == {"accept", "give-up"}
    await kommune.follow("Accept the contract")
    await kommune.send()
    assert "You have accepted the contract" in kommune.text
    await conclude(desks.contracts)
    made = await stored(desks.contracts, here.rpartition("/")[2])
    assert (made.state, made.valid_to, made.order_reference) == (ContractState.GESCHLOSSEN, END_OF_2027, "Az. 3")
    assert steps(await desks.land.open(here)) == {"notice"}


async def test_what_stands_in_the_way_of_passing_on_stands_at_its_field(desks: Desks) -> None:
    land = await desks.land.open(f"{PATH}/sub-contracts")
    await land.send(200, "Suchen", grantee__q="Neun", territory__q="Mecklenburg")
    filled: dict[str, Any] = {"grantee": ME["id"], "territory": ["13"], "charge": "ENTGELTFREI"}
    await land.send(409, "", **filled)
    assert "reicht über das des Vertrags darüber hinaus" in land.page.one("p", id="territory-error").text
    assert (land.value("grantee"), land.value("territory")) == (ME["id"], "13")
    assert "Mecklenburg-Vorpommern" in land.text
    await land.send(422, "", territory=[], price_items__0="viel")
    assert "Betrag" in land.page.one("p", id="price_items.0-error").text
    await land.send(422, "", price_items__0="12,50")
    assert "entgeltfrei" in land.page.one("p", id="charge-error").text
    await land.send(422, "", price_items__0="", valid_from__day="1", valid_from__month="1", valid_from__year="2020")
    assert "Vergangenheit" in land.page.one("p", id="valid_from-error").text


async def test_the_anbieter_declines_what_it_has_offered_and_released_itself(desks: Desks) -> None:
    await ending(desks.contracts, SACHSEN, END_OF_2027)
    made = (await follow(desks.contracts, ANNA, text={"charge": "ENTGELTFREI"})).json()["id"]
    here = f"/contracts/{made}"
    first, second = await desks.first.open(here), await desks.second.open(here)
    assert (steps(first), steps(second)) == ({"decline"}, {"decline"}), "nobody signs before the check has a result"
    assert "Wird geprüft" in first.text
    assert "beauftragt Land Nordrhein-Westfalen" in first.text
    await judged(desks.contracts)
    assert steps(await desks.first.open(here)) == {"decline"}, "another person releases what one has signed"
    await second.open(here)
    assert steps(second) == {"release", "decline"}
    await second.follow("Freigeben")
    await second.send()
    assert "Vergabefrei möglich" in second.text
    assert steps(await desks.land.open(here)) == {"accept", "give-up"}
    await second.open(here)
    await second.follow("Vertrag ablehnen")
    await second.send(200, "", reason="Der Preis ist überholt.")
    assert "Der Vertrag ist abgelehnt" in second.text
    assert (await stored(desks.contracts, made)).state is ContractState.ABGELEHNT


async def test_a_change_shows_which_awards_are_judged_and_what_was_found(desks: Desks) -> None:
    await propose(desks.contracts, LAND, territory=["14", "13"])
    first = await desks.first.open(f"{PATH}/changes")
    assert "Inhouse-Prüfung der Aufträge" in first.text
    assert "Wird geprüft" in first.text
    await judged(desks.contracts)
    await first.open(f"/en{PATH}/changes")
    assert "Being checked" not in first.text
    assert "As of" in first.text
    assert " awards Land Nordrhein-Westfalen" in first.text
