"""Changes of a running contract by pages, over a real contracts service: proposed, agreed by both sides, refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from services.contracts.app import build
from services.contracts.domain.transitions import ContractState
from shared.http import idempotency
from shared.http.app import create_app
from tests.component.contracts.test_contracts_amending import ANNA, BERT, LAND, SACHSEN, SHORTER, judged, propose, stored
from tests.component.contracts.test_contracts_notice import END_OF_2027, sub
from tests.component.contracts.test_contracts_notice import World as ContractsWorld
from tests.component.contracts.test_contracts_succession import conclude, ending
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, ActingAs, World
from tests.component.portal.test_portal_contracts import FITKO, SVEN
from tests.support.contract_requests import order_id
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


async def test_what_waits_for_an_answer_stands_on_top_of_the_list_which_can_be_narrowed(desks: Desks) -> None:
    await propose(desks.contracts, LAND, notice=SHORTER)
    first = await desks.first.open("/contracts")
    assert next(it.text for it in first.page.all("h2")) == "Wartet auf Sie 1"
    await first.open("/tasks")
    await first.follow("Vertragsänderungen, die auf Sie warten")
    assert len(first.page.all("li", class_="card")) == 1
    await desks.kunde.open("/contracts")
    assert "Wartet auf Sie" not in desks.kunde.text
    await desks.kunde.open("/contracts?leg=SUB_NACHNUTZUNG")
    assert len(desks.kunde.page.all("li", class_="card")) == 2
    await desks.kunde.open("/contracts?q=v-2026&leg=NACHNUTZUNG&ends_before=2999-01-01&party=KUNDE")
    chips = [it.text.removesuffix(" ✕") for it in desks.kunde.page.all("a", class_="chip")]
    assert chips == ["v-2026", "Kunde", "Nachnutzungsvertrag", "Endet vor dem 1. Januar 2999"]
    assert not desks.kunde.page.all("li", class_="card"), "the contract has no last day"
    links = {it.attributes.get("aria-label", it.text): it.attributes["href"] for it in desks.kunde.page.all("a")}
    await desks.kunde.open(links["Filter entfernen: Endet vor dem 1. Januar 2999"])
    assert [it.text for it in desks.kunde.page.all("h3")] == ["Digitaler Einbürgerungsantrag"]
    table = {it.text: it.attributes["href"] for it in desks.kunde.page.all("a")}["Als Tabelle (CSV)"]
    saved = await desks.kunde.visitor.get(table)
    assert saved.headers["content-disposition"] == 'attachment; filename="vertraege.csv"'
    assert [row.split(";")[1].strip('"') for row in saved.text.splitlines()][1:] == [SACHSEN]
    await desks.kunde.open(PATH)
    await desks.kunde.follow("Alle Verträge dazu")
    assert len(desks.kunde.page.all("li", class_="card")) == 3
    await desks.kunde.open("/en/contracts?state=NICHTIG&ends_before=nonsense")
    assert not desks.kunde.page.all("li", class_="card")
    assert "There is nothing for this choice." in desks.kunde.text


async def test_a_change_is_withdrawn_by_who_has_proposed_it(desks: Desks) -> None:
    change = await propose(desks.contracts, LAND, notice=SHORTER)
    kunde = await desks.kunde.open(f"{PATH}/changes")
    assert not [it for it in kunde.page.one("main").inside_all("a") if it.text == "Zustimmen"]
    await kunde.follow("Ablehnen oder zurücknehmen")
    await kunde.send(reason="Doch nicht.")
    assert "Die Änderung ist beendet" in kunde.text
    assert "Es ist keine Änderung vorgeschlagen." in kunde.text
    await kunde.open(f"{PATH}/changes/{change}/explode", 404)


async def all_end(contracts: ContractsWorld) -> None:
    """Agree a last day of the contract and of those below it."""
    for it in (SACHSEN, *(sub("DE-SN", number).id for number in (1, 2))):
        await ending(contracts, it, END_OF_2027)


def titles(person: Person) -> set[str]:
    """Return what the page offers to propose."""
    return {it.text for it in person.page.one("main").inside_all("a")} & {
        "Änderung vorschlagen",
        "Neue Preise ankündigen",
        "Folgevertrag vorschlagen",
    }


async def test_a_change_is_proposed_by_a_form_that_holds_what_is_agreed(desks: Desks) -> None:
    kunde = await desks.kunde.open(f"{PATH}/changes")
    assert titles(kunde) == {"Änderung vorschlagen"}
    await kunde.follow("Änderung vorschlagen")
    assert kunde.value("territory") == "14"
    chosen = kunde.page.one("input", id="services-1").attributes
    assert (chosen["value"], "checked" in chosen) == (sub("DE-SN", 1).offering_id, True)
    assert kunde.page.one("label", **{"for": "services-1"}).text == "Digitaler Einbürgerungsantrag"
    assert kunde.value("annexes").split() == ["Abstimmungsschreiben", "Leistungsbeschreibung"]
    await kunde.send(422)
    assert "Das ist schon so vereinbart." in kunde.page.one("div", id="faults").text
    filled = {"notice_months": "3", "notice_to": "QUARTER_END", "reason": "Neuer Beschluss"}
    await kunde.send(200, "", **filled, territory=["14", "140000000009"])
    assert "Die Änderung ist vorgeschlagen" in kunde.text
    proposal = (await stored(desks.contracts)).proposal
    assert proposal is not None
    assert [it.value for it in proposal.parts] == ["TERRITORY", "NOTICE"], "all else goes back as it came"
    assert (proposal.text.territory, proposal.reason) == (("14", "140000000009"), "Neuer Beschluss")
    # While one is open nobody proposes another: neither page offers it, and its address leads back.
    assert titles(kunde) == set()
    first = await desks.first.open(f"/en{PATH}/amendments")
    assert "That cannot be proposed now" in first.text
    assert "3 months, to the end of a quarter" in first.text


async def test_what_is_wrong_with_a_proposed_change_stands_at_its_field(desks: Desks) -> None:
    kunde = await desks.kunde.open(f"{PATH}/amendments")
    day = {"valid_to__day": "31", "valid_to__month": "2", "valid_to__year": "2027"}
    await kunde.send(422, "", **day, territory=[], notice_months="bald", price_months="", further_services="Wohngeld")
    for name, text in (
        ("valid_to", "einen Tag an, den es gibt"),
        ("territory", "mindestens einen Eintrag"),
        ("notice_months", "eine ganze Zahl"),
        ("price_months", "eine ganze Zahl"),
        ("services", "nicht die erwartete Form"),
    ):
        assert text in kunde.page.one("p", id=f"{name}-error").text, name
    assert (kunde.value("notice_months"), kunde.value("valid_to.day")) == ("bald", "31")
    assert kunde.page.one("textarea", id="further_services").text == "Wohngeld"
    contract = await stored(desks.contracts)
    await kunde.open(f"{PATH}/amendments")
    await kunde.send(409, "", territory=["09"])
    assert "Gebiet: Dieses Gebiet reicht über das des Vertrags darüber hinaus" in kunde.page.one("div", id="faults").text
    await kunde.send(422, "", territory=["14"], **(day | {"valid_to__day": "1", "valid_to__year": "2020"}))
    assert "liegt in der Vergangenheit" in kunde.page.one("p", id="valid_to-error").text
    assert await stored(desks.contracts) == contract


async def test_a_change_is_not_proposed_of_a_contract_that_has_changed_since_it_was_read(desks: Desks) -> None:
    kunde = await desks.kunde.open(f"{PATH}/amendments")
    await desks.contracts.notice(SACHSEN, END_OF_2027)
    await kunde.send(412, "", notice_months="")
    assert "Inzwischen hat jemand etwas geändert" in kunde.text
    assert (await stored(desks.contracts)).proposal is None
    await kunde.send(200, "", notice_months="")
    assert "keine ordentliche Kündigung" in kunde.text


async def test_new_prices_are_announced_by_whoever_passes_the_use_on(desks: Desks) -> None:
    kunde = await desks.kunde.open(f"{PATH}/price-changes")
    assert "Das lässt sich jetzt nicht vorschlagen" in kunde.text
    first = await desks.first.open(f"{PATH}/changes")
    await first.follow("Neue Preise ankündigen")
    assert first.value("price_items.0") == "12.500,00"
    await first.send(422, "", price_items__0="viel")
    assert "Bitte geben Sie einen Tag an." in first.page.one("p", id="effective_from-error").text
    assert "geben Sie einen Betrag an" in first.page.one("p", id="price_items.0-error").text
    day = {"effective_from__day": "1", "effective_from__month": "7", "effective_from__year": "2027"}
    await first.send(422, "", **(day | {"effective_from__year": "2026"}), price_items__0="13.000,00")
    assert "nie für vergangene Tage" in first.page.one("p", id="effective_from-error").text
    await first.send(200, "", **day, price_items__0="13.000,00")
    for expected in ("Die neuen Preise sind angekündigt", "Gilt ab 1. Januar 2028", "Betrieb und Support: 13.000,00"):
        assert expected in first.text
    assert "FITKO" in first.text.partition("Bis dahin trägt")[2][:80]
    kunde = await desks.kunde.open(f"/en{PATH}/changes")
    assert "Counts from 1 January 2028" in kunde.text
    await first.open(f"{PATH}/price-changes")
    assert first.value("price_items.0") == "13.000,00", "the next ones take the place of those announced last"


async def test_a_successor_is_asked_for_and_accepted_by_the_other_side(desks: Desks) -> None:
    await all_end(desks.contracts)
    first = await desks.first.open(f"{PATH}/changes")
    await first.follow("Folgevertrag vorschlagen")
    await first.send(422, "", valid_from__day="1", valid_from__month="1", valid_from__year="2020")
    assert "liegt in der Vergangenheit" in first.page.one("p", id="valid_from-error").text
    empty = {f"valid_from__{it}": "" for it in ("day", "month", "year")}
    last = {"valid_to__day": "31", "valid_to__month": "12", "valid_to__year": "2030"}
    await first.send(200, "", **empty, **last, order_reference="Az. 7")
    assert "Der Folgevertrag ist vorgeschlagen" in first.text
    here = first.path.partition("?")[0]
    assert here != PATH
    await judged(desks.contracts)
    # At the Anbieter nobody has released it yet.
    kunde = await desks.kunde.open(here, 404)
    second = await desks.second.open(f"{here}/release")
    await second.send()
    await kunde.open(here)
    links = {it.text: it.attributes["href"] for it in kunde.page.one("main").inside_all("a")}
    assert (links["Zum Vorgang"], links["Zum früheren Vertrag"]) == (f"/orders/{order_id('DE-SN')}", PATH)
    await kunde.open("/contracts")
    assert next(it.text for it in kunde.page.all("h2")) == "Wartet auf Sie 1", "the Kunde has still to accept it"
    await kunde.open(here)
    await kunde.follow("Vertrag annehmen")
    await kunde.send()
    assert "Sie haben den Vertrag angenommen" in kunde.text
    await conclude(desks.contracts)
    made = await stored(desks.contracts, here.rpartition("/")[2])
    assert (made.state, made.continues, made.valid_from) == (ContractState.GESCHLOSSEN, SACHSEN, date(2028, 1, 1))
    assert (made.valid_to, made.order_reference, made.price_items != ()) == (date(2030, 12, 31), "Az. 7", True)


async def test_a_successor_is_taken_back_by_who_has_asked_for_it(desks: Desks) -> None:
    await all_end(desks.contracts)
    kunde = await desks.kunde.open(f"/en{PATH}/successor")
    await kunde.send(200, "", charge="ENTGELTFREI")
    await kunde.follow("Refuse or withdraw")
    await kunde.send(200, "", reason="Doch nicht.")
    assert "The contract does not come about" in kunde.text
    again = await desks.kunde.open(f"{PATH}/successor")
    await again.send(200)
    assert "Der Folgevertrag ist vorgeschlagen" in again.text
    twice = await desks.kunde.open(f"{PATH}/successor")
    await twice.send(409)
    assert "Es ist schon ein Folgevertrag vorgeschlagen" in twice.page.one("div", id="faults").text
