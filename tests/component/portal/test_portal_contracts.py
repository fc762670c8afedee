"""Contracts as their parties read them, and as two persons of the Anbieter sign them, on a real contracts service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contracts.accessions.repository import ACCESSIONS
from services.contracts.contacts.repository import CONTACTS
from services.contracts.repository import CONTRACTS, REGISTERS
from shared.http import idempotency
from tests.component.contracts.test_contracts_countersigning import ANNA, ANTON, SACHSEN, key
from tests.component.contracts.test_contracts_countersigning import World as ContractsWorld
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, KOMM_ONE, ActingAs, World
from tests.support.contract_costs import item
from tests.support.contract_requests import request

SVEN = "ozg.sn"
FITKO = "fit-store.fitko"
TOKENS = {SVEN: SACHSEN, GOVDIGITAL: ANNA, KOMM_ONE: ANTON, FITKO: ANNA}
AGB: dict[str, Any] = {
    "name": "SaaS-Nachnutzungs-AGB",
    "version": "EfA-Marktplatz 2022",
    "valid_from": "2022-12-01",
    "url": None,
    "text": "§ 1 Geltung. Diese Bedingungen gelten für die Nachnutzung.",
}
COSTS = {
    "needs_uses": False,
    "first_year": {"participants": 3, "lines": [], "invoiced_cents": 10_000, "financed_cents": 0},
    "full_year": {
        "participants": 3,
        "lines": [
            {"label": "Betrieb", "cents": 120_000, "total_cents": 360_000, "text": {"de": "Ein Drittel.", "en": "One third."}}
        ],
        "invoiced_cents": 120_000,
        "financed_cents": 0,
    },
}


LICENCE = {
    "channels": [
        {
            "channel": "fitko",
            "status": "LICENSED_ACT_MISSING",
            "licensed_by": {"id": "DE-SH", "name": "Schleswig-Holstein"},
            "plan": [{"link": "NACHNUTZUNG", "id": "5a0c8d0e-9f0c-5a53-8f0b-0d6c1f5b7f12"}, {"link": "BEITRITT", "id": None}],
            "open": [{"actor": {"id": "010540056056", "name": "Husum, Stadt"}, "action": "ACCEDE"}],
        }
    ]
}
COST_INFORMATION = {
    "versions": [
        {"version": 1, "issued_on": "2027-01-01", "effective_from": "2027-01-01", "published": True, "items": [item("001")]}
    ],
    "allowed_moves": ["cost-information"],
}
LINE = {"label": "Betrieb", "key": "KOENIGSTEIN", "share": "1/3", "cents": 120_000}
STATEMENT: dict[str, Any] = {
    "statement_id": "5a0c8d0e-9f0c-5a53-8f0b-0d6c1f5b7f11",
    "offering_title": "Digitaler Einbürgerungsantrag",
    "year": 2026,
    "number": 2,
    "issued_at": "2027-02-01T08:00:00Z",
    "lines": [LINE],
    "financed": [],
    "contract_cents": 120_000,
    "budget_cents": 0,
    "correction": {"contract_cents": -500},
}


NOT_MADE = {"statement_id": None, "unchanged": False, "rule": None}
JOB: dict[str, Any] = {
    "id": "5a0c8d0e-9f0c-5a53-8f0b-0d6c1f5b7f13",
    "year": 2025,
    "state": "DONE",
    "offerings": 4,
    "offerings_total": 4,
    "outcomes": [
        {**NOT_MADE, "offering_id": "a", "statement_id": "s1", "code": None},
        {**NOT_MADE, "offering_id": "b", "statement_id": "s2", "unchanged": True, "code": None},
        {**NOT_MADE, "offering_id": "c", "code": "nobody_takes_part"},
        {**NOT_MADE, "offering_id": "d", "code": "statement_refused", "rule": "KEY_NOT_ALLOWED"},
    ],
    "created_at": "2026-11-24T09:00:00Z",
    "code": None,
}


@dataclass
class Desks:
    """The Kunde, two persons of the Anbieter, and the service with its processor."""

    kunde: Person
    first: Person
    second: Person
    contracts: ContractsWorld
    world: World


class Contracts(ActingAs):
    """The service, with what lies beside it: documents, computed costs, and jobs that make statements."""

    jobs: Sequence[dict[str, Any]] = ()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/statement-jobs" and request.method == "POST":
            year = json.loads(request.content)["year"]
            if year >= 2026:
                return httpx.Response(422, json={"code": "year_not_over", "detail": "The year is not over."})
            self.jobs = [*self.jobs, JOB | {"year": year}]
            return httpx.Response(201, json=JOB)
        if path.endswith(".pdf"):
            return httpx.Response(200, content=b"%PDF-1.7")
        name = "abrechnung" if path.startswith("/v1/statements/") else "vertrag"
        beside: dict[str, Any] = {
            "statements": {"items": [STATEMENT]},
            "documents": {"items": [{"name": f"{name}.pdf", "title": name.title(), "size": 54_797}]},
            "costs": COSTS,
            "cost-information": COST_INFORMATION,
            "licence": LICENCE,
            "statement-jobs": {"items": self.jobs, "next": None},
        }
        found = beside.get(path.rpartition("/")[2])
        if found is not None:
            return httpx.Response(200, json=found)
        return await super().handle_async_request(request)


@pytest.fixture(name="desks")
async def _desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desks]:
    world, contracts = World(tmp_path), ContractsWorld()
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    await contracts.store.prepare([CONTRACTS, REGISTERS, ACCESSIONS, CONTACTS, idempotency.COLLECTION])
    await contracts.order(request("a"))
    world.now = contracts.now
    world.further = {"contracts": Contracts(contracts.app, TOKENS)}
    await world.open()
    kunde, first, second = [await somebody(world, it) for it in (SVEN, GOVDIGITAL, KOMM_ONE)]
    yield Desks(kunde, first, second, contracts, world)
    for person in (kunde, first, second):
        await person.visitor.aclose()
    await world.store.close()
    await contracts.store.close()


async def test_two_persons_sign_and_the_kunde_reads_the_contract(desks: Desks) -> None:
    path = f"/contracts/{key('a')}"
    first = await desks.first.open("/contracts?state=ANGEBOTEN")
    assert "Wartet auf die erste Unterschrift" in first.text
    await first.open(path)
    await first.follow("Unterschreiben")
    await first.send()
    assert "Der Vertrag ist unterschrieben" in first.text
    await first.open(f"{path}/release")
    await first.send(409)
    assert "freigeben muss eine zweite Person" in first.text
    second = await desks.second.open(f"{path}/release")
    await second.send()
    assert "Der Vertrag ist freigegeben" in second.text
    await desks.contracts.conclude()
    kunde = await desks.kunde.open("/contracts")
    assert "Geschlossen 1" in kunde.text
    await kunde.open(f"/en{path}")
    for expected in ("FITST/2026/0001", "Concluded", "Chain of contracts", "Give notice"):
        assert expected in kunde.text


async def test_an_anbieter_sees_that_no_number_is_missing(desks: Desks) -> None:
    fitko = await somebody(desks.world, FITKO)
    await fitko.open("/tasks")
    await fitko.follow("Nummernkreis 2026")
    assert "Keine Nummer fehlt" in fitko.text
    assert not [it for it in fitko.page.one("main").inside_all("a") if "2027" in it.text]
    await desks.kunde.open("/tasks/register/2026", 403)
    await fitko.visitor.aclose()


async def test_the_chain_shows_where_a_contract_stands(desks: Desks) -> None:
    path = f"/contracts/{key('a')}"
    kunde = await desks.kunde.open(path)
    await kunde.follow("Ganze Kette anzeigen")
    assert "(dieser Vertrag)" in kunde.text
    (here,) = [it.text for it in kunde.page.all("li") if "aria-current" in it.attributes and it.inside_all("strong")]
    assert "FITKO" in here
    await desks.kunde.open("/contracts/00000000-0000-4000-8000-000000000000/chain", 404)


async def test_a_document_comes_as_a_download(desks: Desks) -> None:
    path = f"/contracts/{key('a')}/documents"
    answer = await desks.kunde.visitor.get(f"{path}/vertrag.pdf")
    assert answer.content == b"%PDF-1.7"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="vertrag.pdf"'
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("application/pdf", "no-store")
    assert (await desks.kunde.visitor.get(f"{path}/..%2Fvertrag.pdf")).status_code in {400, 404}


async def test_an_anbieter_declines_with_a_reason(desks: Desks) -> None:
    first = await desks.first.open(f"/contracts/{key('a')}/decline")
    await first.send(422)
    assert first.page.one("p", id="reason-error").text == "Bitte füllen Sie dieses Feld aus."
    await first.send(reason="Die Preise sind überholt.")
    assert "Abgelehnt" in first.text
    assert "hat den Vertrag abgelehnt (Die Preise sind überholt.)" in first.text
    english = await desks.first.open(f"/en/contracts/{key('a')}")
    assert "has declined the contract (Die Preise sind überholt.)" in english.text
    assert "hat den Vertrag abgelehnt" not in english.text


async def test_the_contract_of_others_is_not_there(desks: Desks) -> None:
    await desks.kunde.open("/contracts/00000000-0000-4000-8000-000000000000", 404)
    await desks.kunde.open(f"/contracts/{key('a')}/nothing", 404)


async def test_what_the_kunde_will_pay_is_derived_line_by_line_for_the_kunde_alone(desks: Desks) -> None:
    path = f"/contracts/{key('a')}"
    await desks.kunde.open(path)
    for expected in ("Ihre Kosten", "in einem vollen Jahr 1.200,00", "Gerechnet mit 3 Nachnutzern.", "Ein Drittel."):
        assert expected in desks.kunde.text
    await desks.first.open(path)
    assert "Ihre Kosten" not in desks.first.text


async def test_the_kunde_reads_its_statements_and_saves_their_documents(desks: Desks) -> None:
    path = f"/contracts/{key('a')}"
    kunde = await desks.kunde.open(path)
    await kunde.follow("Abrechnung 2026")
    for expected in ("Berichtigung Nr. 2", "1.200,00", "-5,00", "Königsteiner Schlüssel", "1/3"):
        assert expected in kunde.text
    (saved,) = [it.attributes["href"] for it in kunde.page.one("main").inside_all("a") if it.text == "Abrechnung"]
    answer = await kunde.visitor.get(saved)
    assert (answer.content, answer.headers["Content-Disposition"]) == (b"%PDF-1.7", 'attachment; filename="abrechnung.pdf"')
    await kunde.open(f"{path}/statements/other", 404)
    await desks.first.open(path)
    assert "Abrechnung" not in desks.first.text


async def test_a_party_names_its_contact_persons_and_the_others_read_them(desks: Desks) -> None:
    path = f"/contracts/{key('a')}"
    kunde = await desks.kunde.open(path)
    assert "Noch ist niemand benannt." in kunde.text
    await kunde.follow("Eigene Ansprechpersonen nennen")
    await kunde.send(422, "", contacts__1__kind="RECHNUNG", contacts__1__name="Kasse", contacts__1__email="keine Adresse")
    assert kunde.page.one("p", id="contacts.1.email-error").text
    await kunde.send(200, "", contacts__1__email="kasse@sachsen.example", contacts__1__phone="0351 (56)/40")
    assert "Die Ansprechpersonen sind gespeichert" in kunde.text
    first = await desks.first.open(f"/en{path}")
    for expected in ("Kasse", "Invoices", "kasse@sachsen.example", "0351 (56)/40"):
        assert expected in first.text
    assert first.page.one("a", href="tel:+49-351-56-40").text == "0351 (56)/40"
    await kunde.open(f"{path}/contacts")
    assert (kunde.value("contacts.0.name"), kunde.value("contacts.0.kind")) == ("Kasse", "RECHNUNG")
    await kunde.send(422, "", contacts__1__kind="TECHNISCH")
    assert kunde.page.one("p", id="contacts.1.name-error").text, "who is named anew has a name"
    await kunde.send(200, "", contacts__1__kind="", **{f"contacts__0__{it}": "" for it in ("name", "email", "phone")})
    assert "Noch ist niemand benannt." in kunde.text


async def test_the_general_terms_are_listed_in_all_versions_and_read_as_the_contract_names_them(desks: Desks) -> None:
    kunde = await desks.kunde.open(f"/contracts/{key('a')}")
    (named,) = [it for it in kunde.page.one("main").inside_all("a") if "/agb?" in it.attributes["href"]]
    await kunde.open(named.attributes["href"])
    assert "Alle Fassungen, die neuesten zuerst." in kunde.text
    assert "Diese Fassung ist hier nicht hinterlegt" not in kunde.text
    assert kunde.page.one("table").inside_all("tbody")
    await kunde.open("/en/channels/fitko/agb?version=1848&leg=NACHNUTZUNG")
    assert "This version is not filed here" in kunde.text
    assert "1848" not in kunde.text


async def test_an_anbieter_has_the_statements_of_a_year_made_and_sees_what_became_of_each(desks: Desks) -> None:
    first = await desks.first.open("/tasks")
    await first.follow("Jahresabrechnungen erstellen")
    assert "Es wurden noch keine Abrechnungen erstellt." in first.text
    await first.send(422, "", year="2026")
    assert "Dieses Jahr ist noch nicht vorbei." in first.page.one("p", id="year-error").text
    await first.send(200, "", year="2025")
    for expected in (
        "Die Abrechnungen werden erstellt",
        "Abrechnung 2025",
        "4 von 4 Leistungen",
        "1 erstellt, 1 unverändert, 2 ohne Abrechnung",
        "In diesem Jahr hat niemand teilgenommen.",
        "nicht möglich (Kennung: KEY_NOT_ALLOWED)",
    ):
        assert expected in first.text
