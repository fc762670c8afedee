"""An offer from an empty form to the Schaufenster by pages alone, on a real catalog, by Bereitsteller and Anbieter."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.catalog.schemas.offering import FormRequest
from services.portal.apis.catalog import FORM
from services.portal.pages.offer_form import copied
from shared.http import limits
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, HUSUM, KOMM_ONE, OURS, ActingAs, World, token_of
from tests.support.html import Element
from tests.support.showcase import AT, MUSTS, Showcase, rules_api
from tests.support.showcase import GOVDIGITAL as GINA
from tests.support.showcase import KOMM_ONE as ANNA

PDF = b"%PDF-1.7\nGeb\xc3\xbchren"
PNG = b"\x89PNG\r\n\x1a\nStartseite"
TOKENS = {KOMM_ONE: ANNA, GOVDIGITAL: GINA, HUSUM: "kai/010540056056/KUNDE"}


@dataclass
class Desks:
    """Those who make and examine an offer, and the catalog that they work in."""

    bereitsteller: Person
    anbieter: Person
    showcase: Showcase
    catalog: ActingAs
    world: World

    async def draft(self, title: str = "Bewohnerparkausweis online") -> str:
        """Begin an offer by its form and return the path of its sections."""
        await self.bereitsteller.open("/my/offerings")
        await self.bereitsteller.follow("Neue Leistung anbieten")
        await self.bereitsteller.send(title=title)
        return self.bereitsteller.path.partition("?")[0]

    async def send_too_late(self, **filled: str) -> Person:
        """Fill in the form of the Bereitsteller's page when the login is over, log in again, and go back to the form."""
        person = self.bereitsteller
        action = person.form().attributes["action"]
        hidden = {it.attributes["name"]: it.attributes["value"] for it in person.form().inside_all("input") if is_hidden(it)}
        self.world.pass_by(minutes=31)
        content = {**hidden, "form": token_of(person.page, action), **filled}
        answer = await person.visitor.post(action, data=content, headers=OURS)
        done = await self.world.log_in(person.visitor, KOMM_ONE, answer.headers["Location"])
        return await person.open(done.headers["Location"])


def is_hidden(element: Element) -> bool:
    return element.attributes.get("type") == "hidden"


@pytest.fixture(name="desks")
async def _desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path) -> AsyncIterator[Desks]:
    monkeypatch.setenv("CATALOG_DOCUMENTS_FOLDER", str(tmp_path / "documents"))
    world, showcase = World(tmp_path), await Showcase.open(data)
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    world.now = AT
    catalog = ActingAs(showcase.app, TOKENS)
    world.further = {"catalog": catalog, "eligibility": httpx.ASGITransport(app=rules_api())}
    await world.open()
    bereitsteller, anbieter = [await somebody(world, it) for it in (KOMM_ONE, GOVDIGITAL)]
    yield Desks(bereitsteller, anbieter, showcase, catalog, world)
    for person in (bereitsteller, anbieter):
        await person.visitor.aclose()
    await world.store.close()
    await showcase.store.close()


async def filled(desks: Desks) -> str:
    """Fill in the whole form and return the path of its sections."""
    here = await desks.draft()
    person = desks.bereitsteller
    await person.open(f"{here}/about")
    await person.send(summary="Antrag auf einen Bewohnerparkausweis.", topic_id="mobilitaet_reisen")
    assert "Gespeichert" in person.text
    await person.open(f"{here}/keys")
    await person.send(200, "Suchen", q="Führerschein")
    found = [it.attributes["value"] for it in person.page.all("input", name="ozg_ids")]
    await person.send(ozg_ids=found[:1])
    await person.open(f"{here}/reuse")
    await person.send(nachnutzung="Gebühren pflegen.", technical_concept="Container.", reifegrad="3")
    await person.open(f"{here}/connection")
    await person.send(anbindungsarten=["FIT_CONNECT", "API"])
    await person.open(f"{here}/connection/new")
    await person.send(label="Parkzonen", name="parkzonen")
    await person.open(f"{here}/costs/new")
    price = {"label": "Betrieb", "kind": "BETRIEB_ONLINEDIENST", "amount": "2.400,00", "period": "JAHR", "key": "FEST"}
    await person.send(200, "", **price, valid_from__day="1", valid_from__month="1", valid_from__year="2027")
    assert "Betrieb: 2.400,00 € je Jahr" in person.text
    await person.open(f"{here}/checklist")
    await person.send(**{f"fulfilment.{must}": "ERFUELLT" for must in MUSTS})
    await person.open(f"{here}/documents/new")
    await person.send(title="Leistungsbeschreibung", url="https://www.example.org/lb.pdf")
    await person.open(f"{here}/documents/new")
    await person.send(title="Übersicht der Gebühren", file=PDF)
    await person.open(f"{here}/ways")
    await person.send(channels=["govdigital"], licence_free_for_states=["DE-BW"])
    return here


async def test_an_offer_goes_from_an_empty_form_to_the_schaufenster(desks: Desks) -> None:
    here = await filled(desks)
    person, anbieter = await desks.bereitsteller.open(here), desks.anbieter
    states = [it.text.rsplit(" ", 1)[-1] for it in person.page.all("li", class_="task")]
    assert set(states) == {"Vollständig", "Freiwillig"}
    await person.send()
    assert "Das Formular ist eingereicht" in person.text
    await anbieter.open("/tasks/offerings")
    await anbieter.follow("Bewohnerparkausweis online")
    await anbieter.follow("Formular annehmen")
    await anbieter.send()
    assert "Bereitstellungsvertrag angefragt" in anbieter.text
    await desks.showcase.contracts_answer()
    await anbieter.open(here.removesuffix("/edit"))
    assert "Bereitstellungsvertrag BV/govdigital/" in anbieter.text
    async with desks.world.browser() as visitor:
        shown = (await visitor.get(here.removesuffix("/edit"))).text
        saved = await visitor.get(f"{here.removesuffix('/edit')}/documents/{hashlib.sha256(PDF).hexdigest()}")
    assert (saved.content, saved.headers["content-type"], saved.headers["x-content-type-options"]) == (
        PDF,
        "application/pdf",
        "nosniff",
    )
    assert saved.headers["content-disposition"] == 'attachment; filename="Uebersicht-der-Gebuehren.pdf"'
    assert saved.headers["content-security-policy"] == "sandbox; default-src 'none'"
    for expected in ("Bestellbar", "Parkzonen", "2.400,00", "Leistungsbeschreibung", "DE-BW"):
        assert expected in shown
    await person.open("/my/offerings")
    assert "Veröffentlicht 1" in person.text
    await person.open("/my/offerings?q=nichts&state=")
    assert "Zu dieser Auswahl gibt es nichts." in person.text
    await anbieter.open("/tasks/offerings?q=PARKAUSWEIS&state=VEROEFFENTLICHT")
    assert "Veröffentlicht 1" in anbieter.text
    links = {it.text: it.attributes["href"] for it in anbieter.page.one("main").inside_all("a")}
    table = await anbieter.visitor.get(links["Als Tabelle (CSV)"])
    assert (table.headers["content-type"], table.headers["cache-control"]) == ("text/csv; charset=utf-8", "no-store")
    assert table.headers["content-disposition"] == 'attachment; filename="angebote.csv"'
    assert [row.split(";")[0] for row in table.text.removeprefix("\ufeff").splitlines()] == [
        '"Leistung"',
        '"Bewohnerparkausweis online"',
    ]


async def test_a_file_that_is_refused_is_named_at_its_field_and_what_was_typed_stays(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await desks.draft()
    person = await desks.bereitsteller.open(f"{here}/documents/new")
    await person.send(422, "", title="Seite", file=b"<!doctype html><script>alert(1)</script>")
    assert "Diese Art von Datei wird nicht angenommen" in person.page.one("p", id="file-error").text
    assert person.value("title") == "Seite"
    desks.catalog.away = True
    await person.send(503, "", title="Seite", file=PDF)
    assert person.value("title") == "Seite"
    desks.catalog.away = False
    await person.again()
    await person.follow("Ändern : Seite")
    pinned = person.value("url")
    assert pinned.endswith(hashlib.sha256(PDF).hexdigest())
    await person.send(title="Gebühren")
    shown = await person.open(here.removesuffix("/edit"))
    links = {it.text: it.attributes["href"] for it in shown.page.one("main").inside_all("a")}
    assert links["Gebühren"] == f"{here.removesuffix('/edit')}/documents/{hashlib.sha256(PDF).hexdigest()}"
    monkeypatch.setattr(limits, "UPLOAD_FORM_BYTES", 2000)
    await person.open(f"{here}/documents/new")
    await person.send(413, "", title="Zu groß", file=PDF * 200)
    assert person.title == "Das Formular ist zu groß"


async def test_what_is_missing_is_named_with_the_way_to_its_section(desks: Desks) -> None:
    here = await desks.draft()
    person = await desks.bereitsteller.open(here)
    tasks = {it.text for it in person.page.all("li", class_="task")}
    assert {"Leistung Noch 1 Angabe offen", "Leistungsschlüssel Noch nicht begonnen", "Unterlagen Freiwillig"} <= tasks
    await person.send(422)
    assert person.page.one("title").text.startswith("Fehler: ")
    assert "Es fehlt: Kurzbeschreibung." in person.page.one("div", id="faults").text
    links = {it.attributes["href"] for it in person.page.one("div", id="faults").inside_all("a")}
    assert {f"{here}/about", f"{here}/keys", f"{here}/costs", f"{here}/checklist", f"{here}/ways"} <= links
    await person.open(f"/en{here}/costs")
    assert "Binding costs are missing: an item or the funding." in person.text


async def test_a_price_that_is_none_is_refused_at_its_field_and_an_entry_can_be_removed(desks: Desks) -> None:
    here = await desks.draft()
    person = await desks.bereitsteller.open(f"{here}/costs/new")
    await person.send(422, label="Betrieb", kind="BETRIEB_ONLINEDIENST", amount="viel", period="JAHR", key="FEST")
    assert "geben Sie einen Betrag an" in person.page.one("p", id="amount-error").text
    assert "Bitte füllen Sie dieses Feld aus." in person.text
    assert person.value("amount") == "viel"
    await person.send(200, "", amount="1.000", valid_from__day="1", valid_from__month="1", valid_from__year="2027")
    await person.follow("Ändern : Betrieb: 1.000,00 € je Jahr")
    assert (person.value("amount"), person.value("valid_from.year")) == ("1.000,00", "2027")
    await person.send(200, "Eintrag entfernen")
    assert "Noch kein Eintrag." in person.text


async def test_support_service_level_and_go_lives_are_filled_in_and_shown(desks: Desks) -> None:
    here = await desks.draft()
    person = await desks.bereitsteller.open(f"{here}/support/new")
    entry: dict[str, str | list[str]] = {"level": "FIRST_LEVEL", "days": ["MO", "FR"], "opens": "08:00", "closes": "16:30"}
    await person.send(422, telephone="anrufen", **entry)
    assert "nicht die erwartete Form" in person.page.one("p", id="telephone-error").text
    await person.send(telephone="+49 431 1234-0", url="https://hilfe.example.org/efa")
    assert "1st-Level-Support: +49 431 1234-0, https://hilfe.example.org/efa" in person.text
    await person.open(f"{here}/service_level")
    await person.send(422, availability="99,95")
    assert "Bitte füllen Sie dieses Feld aus." in person.page.one("p", id="availability_period-error").text
    await person.send(availability_period="JAHR")
    await person.open(f"{here}/service_level")
    assert (person.value("availability"), person.value("availability_period")) == ("99,95", "JAHR")
    await person.open(f"{here}/service_level/new")
    await person.send(fault="BETRIEBSVERHINDERND", reaction_minutes="30", restoration_minutes="480", around_the_clock=["true"])
    await person.open(f"{here}/go_lives/new")
    await person.send(on__day="2", on__month="3", on__year="2026", land="DE-SH", place="Kreis Nordfriesland")
    assert "Kreis Nordfriesland, Schleswig-Holstein, 2. März 2026" in person.text
    await person.open(here)
    tasks = {it.text for it in person.page.all("li", class_="task")}
    assert {"Support Vollständig", "Servicequalität Vollständig", "Produktivstart Vollständig"} <= tasks
    shown = (await person.open(here.removesuffix("/edit"))).text
    for text in (
        "Verfügbarkeit: mindestens 99,95\u00a0%, gemessen je Jahr",
        "Betriebsverhindernd 30 Minuten 8 Stunden rund um die Uhr",
        "Montag, Freitag: 08:00 bis 16:30 Uhr",
        "2. März 2026: Kreis Nordfriesland , Schleswig-Holstein",
    ):
        assert " ".join(text.split()) in " ".join(shown.split())
    links = [it.attributes["href"] for it in person.page.one("main").inside_all("a")]
    assert {"tel:+49-431-1234-0", "https://hilfe.example.org/efa"} <= set(links)
    await person.open(f"/en{here.removesuffix('/edit')}")
    assert "Availability: at least 99.95%, measured per year" in person.text
    assert "Monday, Friday: 08:00 to 16:30" in person.text


async def test_a_new_offer_is_begun_like_another_one_without_its_files(desks: Desks) -> None:
    here = await filled(desks)
    person = await desks.bereitsteller.open(here.removesuffix("/edit"))
    await person.follow("Als Vorlage für eine neue Leistung verwenden")
    await person.send(422)
    assert "Der neue Entwurf übernimmt alle Angaben der Vorlage" in person.text
    await person.send(title="Parkausweis für Handwerksbetriebe")
    made = person.path.partition("?")[0]
    assert (made != here, person.title) == (True, "Parkausweis für Handwerksbetriebe")
    await person.open(f"{made}/about")
    assert person.value("summary") == "Antrag auf einen Bewohnerparkausweis."
    await person.open(f"{made}/documents")
    assert "Leistungsbeschreibung" in person.text, "what lies elsewhere is named by both"
    assert "Übersicht der Gebühren" not in person.text
    await person.open("/offerings/new?like=<b>")
    assert "Beginnen Sie mit dem Namen." in person.text


async def test_an_offer_is_begun_like_another_one_also_where_the_login_ended_meanwhile(desks: Desks) -> None:
    here, person = await desks.draft(), desks.bereitsteller
    await person.open(f"{here}/about")
    await person.send(summary="Antrag auf einen Bewohnerparkausweis.")
    like = here.split("/")[2]
    await person.open(f"/offerings/new?like={like}")
    await desks.send_too_late(title="Parkausweis für Handwerksbetriebe")
    assert (person.value("title"), person.value("like")) == ("Parkausweis für Handwerksbetriebe", like)
    other = "7f8f0a52-5f2c-5a8e-8d5f-2d6d9d2b8c33"
    await person.open(f"/offerings/new?like={other}")
    assert (person.value("title"), person.value("like")) == ("", other), "that is another form"
    await person.open("/offerings/new")
    await person.send()
    await person.open(f"{person.path.partition('?')[0]}/about")
    assert person.value("summary") == "Antrag auf einen Bewohnerparkausweis."


async def test_keys_that_were_chosen_are_there_after_logging_in_again(desks: Desks) -> None:
    here, person = await desks.draft(), desks.bereitsteller
    await person.open(f"{here}/keys")
    await person.send(200, "Suchen", q="Führerschein")
    chosen = person.page.all("input", name="ozg_ids")[0].attributes["value"]
    await desks.send_too_late(ozg_ids=chosen)
    boxes = {it.attributes["value"]: "checked" in it.attributes for it in person.page.all("input", name="ozg_ids")}
    assert boxes == {chosen: True}


def test_only_what_belongs_to_one_offer_alone_is_not_copied() -> None:
    pinned, linked = {"title": "A", "sha256": "x"}, {"title": "B", "sha256": None}
    form = {"title": "T", "summary": "S", "documents": [pinned, linked], "screenshots": [pinned], "known_listing": "E008"}
    assert copied(form) == {"summary": "S", "documents": [linked]}
    assert copied({"documents": [pinned]}) == {}


async def test_a_screenshot_is_brought_shown_on_the_page_and_renamed(desks: Desks) -> None:
    here = await desks.draft()
    person = await desks.bereitsteller.open(f"{here}/screenshots/new")
    await person.send(422, title="Startseite")
    assert "Bitte füllen Sie dieses Feld aus." in person.page.one("p", id="file-error").text
    await person.send(422, file=PDF)
    assert "nicht die erwartete Form" in person.page.one("p", id="file-error").text
    await person.send(file=PNG)
    await person.follow("Ändern : Startseite")
    await person.send(title="Startseite mit Auswahl")
    offer = here.removesuffix("/edit")
    (picture,) = (await person.open(offer)).page.all("img")
    assert picture.attributes["alt"] == "Startseite mit Auswahl"
    assert picture.attributes["src"] == f"{offer}/documents/{hashlib.sha256(PNG).hexdigest()}"
    answer = await person.visitor.get(picture.attributes["src"])
    assert (answer.content, answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (PNG, "image/png", "no-store")


async def test_two_who_edit_at_once_do_not_overwrite_each_other(desks: Desks) -> None:
    here = await desks.draft()
    first = await desks.bereitsteller.open(f"{here}/about")
    other = await somebody(desks.world, KOMM_ONE)
    await other.open(f"{here}/reuse")
    await other.send(nachnutzung="Gebühren pflegen.")
    await first.send(412, summary="Antrag.")
    assert "Inzwischen hat jemand etwas geändert" in first.text
    await first.send()
    await first.again()
    await first.open(f"{here}/reuse")
    assert first.value("nachnutzung") == "Gebühren pflegen."
    await first.open(f"{here}/about")
    assert first.value("summary") == "Antrag."
    await other.visitor.aclose()


async def test_the_form_comes_back_with_the_remarks_of_the_anbieter(desks: Desks) -> None:
    here = await filled(desks)
    await (await desks.bereitsteller.open(here)).send()
    anbieter = await desks.anbieter.open(f"{here.removesuffix('/edit')}/return")
    await anbieter.send(422)
    await anbieter.send(remarks="Die Zielgruppe fehlt.")
    assert "Das Formular ist zurückgegeben" in anbieter.text
    await desks.bereitsteller.open("/my/offerings")
    await desks.bereitsteller.follow("Bewohnerparkausweis online")
    assert "Die Zielgruppe fehlt." in desks.bereitsteller.text


async def published(desks: Desks) -> str:
    """Bring an offer into the Schaufenster through govdigital and return its path."""
    here = await filled(desks)
    await (await desks.bereitsteller.open(here)).send()
    anbieter = await desks.anbieter.open(f"{here.removesuffix('/edit')}/accept")
    await anbieter.send()
    await desks.showcase.contracts_answer()
    return here.removesuffix("/edit")


async def test_a_change_that_matters_waits_for_the_anbieter_and_a_text_does_not(desks: Desks) -> None:
    offer = await published(desks)
    person, anbieter = desks.bereitsteller, desks.anbieter
    await person.open(f"{offer}/edit/about")
    await person.send(summary="Bewohnerparkausweis für alle.")
    await person.open(f"{offer}/edit/costs/0")
    await person.send(200, "Speichern", amount="9.999,00")
    await person.open(f"{offer}/edit")
    assert "Sie bearbeiten die neue Fassung" in person.text
    async with desks.world.browser() as visitor:
        shown = (await visitor.get(offer)).text
    assert "2.400,00" in shown
    assert "Bewohnerparkausweis für alle." in shown
    assert "Neue Fassung" not in shown

    await anbieter.open("/tasks/offerings")
    assert "Neue Fassungen 1" in anbieter.text
    await anbieter.follow("Bewohnerparkausweis online")
    assert "govdigital eG prüft noch" in anbieter.text
    assert "Kosten" in anbieter.text
    await anbieter.follow("Neue Fassung ansehen")
    assert "9.999,00" in anbieter.text
    await anbieter.open(f"{offer}/return")
    await anbieter.send(remarks="Zu teuer.")
    await person.open("/my/offerings")
    assert "Zurückgegeben: Lesen Sie die Anmerkungen" in person.text
    await person.open(f"{offer}/edit")
    assert "Zu teuer." in person.text
    await person.open(f"{offer}/edit/costs/0")
    assert person.value("amount") == "9.999,00"
    await person.send(200, "Speichern", amount="3.000,00")
    await anbieter.open(f"{offer}/accept")
    assert "Damit ist die neue Fassung für Ihren Bestellweg in Ordnung." in anbieter.text
    await anbieter.send()
    await person.open(offer)
    assert "3.000,00" in person.text
    old = [it.text for it in person.page.one("main").inside_all("a") if it.text.startswith("Version ")]
    await person.follow(old[-1])
    assert "2.400,00" in person.text
    assert "Sie ist nicht mehr in Kraft" in person.text
    assert "Ihr Bestellweg" not in person.text
    await person.follow("Zur Version, die heute gilt")
    assert "3.000,00" in person.text
    await person.open(f"{offer}?version=99", 404)
    assert "Diese Version der Leistung gibt es nicht." in person.text


async def test_a_version_that_waits_is_taken_back(desks: Desks) -> None:
    offer = await published(desks)
    person = desks.bereitsteller
    await person.open(f"{offer}/edit/costs/0")
    await person.send(200, "Speichern", amount="9.999,00")
    await person.open(f"{offer}/edit")
    await person.choose("Neue Fassung zurücknehmen")
    assert "Die neue Fassung ist zurückgenommen" in person.text
    await person.open(f"{offer}/edit/costs/0")
    assert person.value("amount") == "2.400,00"


async def test_the_form_of_others_is_not_there(desks: Desks) -> None:
    here = await desks.draft()
    stranger = await somebody(desks.world, HUSUM)
    for path in (here, f"{here}/about", here.replace("edit", "withdraw")):
        await stranger.open(path, 404)
    await desks.bereitsteller.open(f"{here}/nothing", 404)
    await desks.bereitsteller.open(f"{here}/about/0", 404)
    await desks.bereitsteller.open(f"{here}/costs/9", 404)
    await stranger.visitor.aclose()


def test_the_form_that_is_sent_back_has_every_member_of_the_catalogs() -> None:
    assert {*FORM, "channels"} == set(FormRequest.model_fields)
