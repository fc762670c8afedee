"""Binding cost information by pages, over a real contracts service: read, issued anew, refused line by line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from marktplatz.assembly import ServiceName
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import HUSUM, KOMM_ONE, ActingAs, World
from tests.component.portal.sampled import thing
from tests.support.contract_costs import HUSUM_TOKEN, OFFERING, PROVIDER_TOKEN, CostWorld, item
from tests.support.contract_requests import price

HERE = f"/offerings/{OFFERING}/costs/govdigital"
DAY = {"effective_from__day": "1", "effective_from__month": "7", "effective_from__year": "2026"}


@dataclass
class Desks:
    """The Bereitsteller, somebody else, and contracts."""

    bereitsteller: Person
    other: Person
    contracts: CostWorld

    async def versions(self) -> list[dict[str, Any]]:
        """Return the versions as the API has them."""
        answer = await self.contracts.get(f"/v1/offers/{OFFERING}/cost-information?channel=govdigital")
        found: list[dict[str, Any]] = answer.json()["versions"]
        return found


@pytest.fixture(name="desks")
async def _desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desks]:
    world, contracts = World(tmp_path), CostWorld()
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    await contracts.prepare()
    await contracts.publish(price())
    offering = thing(ServiceName.CATALOG, "/v1/offerings/{offering_id}") | {"id": OFFERING}
    world.further = {
        "catalog": httpx.MockTransport(lambda _: httpx.Response(200, json=offering)),
        "contracts": ActingAs(contracts.app, {KOMM_ONE: PROVIDER_TOKEN, HUSUM: HUSUM_TOKEN}),
    }
    await world.open()
    bereitsteller, other = [await somebody(world, it) for it in (KOMM_ONE, HUSUM)]
    yield Desks(bereitsteller, other, contracts)
    for person in (bereitsteller, other):
        await person.visitor.aclose()
    await world.store.close()
    await contracts.store.close()


async def test_a_new_version_begins_with_the_last_one_and_takes_further_lines(desks: Desks) -> None:
    person = await desks.bereitsteller.open(HERE)
    assert "Preisblatt des Angebots" in person.text
    await person.follow("Neue Fassung ausgeben")
    assert (person.value("items.0.label"), person.value("items.0.amount_cents")) == ("Betrieb und Support", "12.500,00")
    await person.send(200, "Zeile hinzufügen", items__0__amount_cents="13.000,00")
    assert person.value("items.0.amount_cents") == "13.000,00", "nothing that was typed is lost"
    line = {"label": "Anbindung", "kind": "ANBINDUNG_EINMALIG", "amount_cents": "500,50", "period": "EINMALIG", "key": "FEST"}
    first = {"first__day": "1", "first__month": "7", "first__year": "2026"}
    await person.send(200, "", **DAY, **{f"items__1__{name}": value for name, value in (line | first).items()})
    assert "Die neue Fassung ist ausgegeben" in person.text
    before, after = await desks.versions()
    assert (after["effective_from"], [it["amount_cents"] for it in after["items"]]) == ("2026-07-01", [1_300_000, 50_050])
    assert after["items"][0] == before["items"][0] | {"amount_cents": 1_300_000}, "all else is as it was"
    assert (after["items"][1]["id"], after["items"][1]["valid_from"]) == ("002", "2026-07-01")


async def test_what_is_wrong_stands_at_the_line_that_it_is_about(desks: Desks) -> None:
    person = await desks.bereitsteller.open(f"/en{HERE}/new")
    await person.send(
        422, "", items__0__amount_cents="much", items__0__kind="", items__0__first__day="31", items__0__first__month="2"
    )
    for name, text in (
        ("effective_from", "a day"),
        ("items.0.amount_cents", "Please state an amount"),
        ("items.0.kind", "Please fill in"),
        ("items.0.first", ""),
    ):
        assert text in person.page.one("p", id=f"{name}-error").text, name
    good = {"items__0__amount_cents": "1,000.00", "items__0__kind": "BETRIEB_ONLINEDIENST"}
    good |= {"items__0__first__day": "1", "items__0__first__month": "1"}
    await person.send(422, "", **good, **(DAY | {"effective_from__day": "2", "effective_from__month": "3"}))
    assert "after that of the last version" in person.page.one("p", id="effective_from-error").text
    await person.send(422, "", **DAY, items__0__key="KOENIGSTEIN", items__0__table="KS1950")
    assert "no such table" in person.page.one("p", id="items.0.table-error").text
    assert len(await desks.versions()) == 1
    await person.send(200, "", items__0__table="KS2019")
    assert (await desks.versions())[-1]["items"][0]["key"] == {"type": "KOENIGSTEIN", "table": "KS2019"}


async def test_a_line_is_dropped_and_a_fault_below_it_stays_with_its_line(desks: Desks) -> None:
    body = {"channel": "govdigital", "effective_from": "2026-04-01", "items": [item("001"), item("002", label="Zweite Zeile")]}
    answer = await desks.contracts.post(f"/v1/offers/{OFFERING}/cost-information", body, key="first")
    assert answer.status_code == 201, answer.text
    person = await desks.bereitsteller.open(f"{HERE}/new")
    await person.send(422, "", **DAY, items__0__dropped="true", items__1__amount_cents="", items__1__label="")
    assert [it.attributes["id"] for it in person.page.all("p", class_="kern-error")] == [
        "items.1.label-error",
        "items.1.amount_cents-error",
    ]
    await person.send(200, "", items__1__amount_cents="100.000,00", items__1__label="Zweite Zeile")
    assert [it["id"] for it in (await desks.versions())[-1]["items"]] == ["002"]


async def test_a_version_is_issued_by_the_bereitsteller_and_on_the_state_that_was_read(desks: Desks) -> None:
    other = await desks.other.open(HERE)
    assert not [it for it in other.page.one("main").inside_all("a") if it.text == "Neue Fassung ausgeben"]
    await other.open(f"{HERE}/new")
    assert "Eine neue Fassung gibt die bereitstellende Stelle aus" in other.text
    body = {"channel": "govdigital", "effective_from": "2026-04-01", "items": [item()]}
    path = f"/v1/offers/{OFFERING}/cost-information"
    assert (await desks.contracts.post(path, body, key="first")).status_code == 201
    person = await desks.bereitsteller.open(f"{HERE}/new")
    assert (await desks.contracts.post(path, body | {"effective_from": "2026-05-01"}, key="second")).status_code == 201
    await person.send(412, "", **DAY)
    assert len(await desks.versions()) == 3
    await person.send(200, "", **DAY)
    assert len(await desks.versions()) == 4
