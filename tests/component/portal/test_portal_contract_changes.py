"""Changes of a running contract by pages, over a real contracts service: proposed, agreed by both sides, refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.contracts.app import build
from shared.http import idempotency
from shared.http.app import create_app
from tests.component.contracts.test_contracts_amending import ANNA, BERT, LAND, SACHSEN, SHORTER, propose
from tests.component.contracts.test_contracts_notice import World as ContractsWorld
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, ActingAs, World
from tests.component.portal.test_portal_contracts import FITKO, SVEN
from tests.support.http import FakeAuthenticator, FixedHealth

PATH = f"/contracts/{SACHSEN}"


@dataclass
class Desks:
    """The Kunde, two persons of the Anbieter, and the contracts."""

    kunde: Person
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
    app = create_app("contracts", routes, authenticator=FakeAuthenticator(), store=contracts.store, health=FixedHealth())
    world.now = contracts.now
    world.further = {"contracts": ActingAs(app, {SVEN: LAND, FITKO: ANNA, GOVDIGITAL: BERT})}
    await world.open()
    kunde, first, second = [await somebody(world, it) for it in (SVEN, FITKO, GOVDIGITAL)]
    yield Desks(kunde, first, second, contracts)
    for person in (kunde, first, second):
        await person.visitor.aclose()
    await world.store.close()
    await contracts.store.close()


async def test_a_change_is_agreed_by_both_sides_and_makes_a_version(desks: Desks) -> None:
    change = await propose(desks.contracts, LAND, notice=SHORTER, territory=["14", "140000000009"], reason="Neuer Beschluss")
    first = await desks.first.open(PATH)
    assert "Wartet auf die Zustimmung von" in first.text
    await first.follow("Vorgeschlagene Änderung ansehen")
    for expected in ("Neuer Beschluss", "Kündigungsfrist", "3 Monate zum Quartalsende", "140000000009"):
        assert expected in first.text
    await first.follow("Zustimmen")
    await first.send()
    assert "Wartet auf die zweite Unterschrift bei" in first.text
    await first.follow("Freigeben")
    await first.send(409)
    assert "freigeben muss eine zweite Person" in first.text
    second = await desks.second.open(f"{PATH}/changes/{change}/release")
    await second.send()
    assert "Die Änderung ist freigegeben" in second.text
    kunde = await desks.kunde.open(f"/en{PATH}/changes")
    assert "Version 2" in kunde.text
    assert "No change is proposed." in kunde.text


async def test_a_change_is_withdrawn_by_who_has_proposed_it(desks: Desks) -> None:
    change = await propose(desks.contracts, LAND, notice=SHORTER)
    kunde = await desks.kunde.open(f"{PATH}/changes")
    assert not [it for it in kunde.page.one("main").inside_all("a") if it.text == "Zustimmen"]
    await kunde.follow("Ablehnen oder zurücknehmen")
    await kunde.send(reason="Doch nicht.")
    assert "Die Änderung ist beendet" in kunde.text
    assert "Es ist keine Änderung vorgeschlagen." in kunde.text
    await kunde.open(f"{PATH}/changes/{change}/explode", 404)
