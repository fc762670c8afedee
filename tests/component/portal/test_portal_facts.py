"""Facts of the in-house check by pages, on a real eligibility service: found, read, recorded, corrected, ended, withdrawn."""

from __future__ import annotations

import pytest

from services.portal.language import Language
from services.portal.pages.fact_shapes import SHAPES, content_of, shape_of
from services.portal.texts import read_texts
from tests.component.portal.conftest import BODY, FORMER, SUCCESSOR, Desks
from tests.component.portal.filling import Person

OF = f"/facts/of/{BODY}"
DAY = {"valid_from__day": "1", "valid_from__month": "1", "valid_from__year": "2026"}
DISSOLVED = "130715163017"
REASON = "Gesellschafterliste vom 2. März."


async def recorded(person: Person) -> Person:
    """Record that Husum is a Träger of Dataport."""
    await person.open(f"{OF}/new")
    await person.follow("Beteiligung gemeinsam mit anderen")
    document = {"document__type": "TRAEGERLISTE", "document__title": "Liste der Träger", "document__reference": "AZ 4711"}
    await person.send(200, "Suchen", to__q="Dataport", type="TRAEGER", share="12,5", reason=REASON, **document, **DAY)
    return await person.send(200, "", to="dataport")


async def test_a_body_is_looked_for_and_what_is_public_about_it_is_read_with_its_source(desks: Desks) -> None:
    person = await desks.kunde.open("/facts?q=Dataport")
    await person.follow("Dataport")
    assert "Beziehungen" in person.text
    assert "Öffentlicher Auftraggeber" in person.text
    await person.open("/facts/of/dataport?kind=relation")
    assert "Öffentlicher Auftraggeber" not in [it.text for it in person.page.all("h2")]
    links = [it.text for it in person.page.one("main").inside_all("a") if " → " in it.text]
    await person.follow(links[0])
    assert "aus den Referenzdaten" in person.text
    assert not [it for it in person.page.one("main").inside_all("a") if it.text == "Berichtigen"], "nothing that is one's own"
    await person.open("/facts/of/dataport/new")
    assert "Über diese Stelle können Sie nichts festhalten." in person.text
    await person.open("/facts/of/dataport/new/joint", 404)
    await person.open("/facts/gibt-es-nicht", 404)


async def test_an_organisation_records_corrects_and_ends_a_fact_of_its_own(desks: Desks) -> None:
    person = await recorded(desks.kunde)
    assert "Die Tatsache ist festgehalten" in person.text
    assert person.title == "Husum, Stadt → Dataport"
    for expected in ("Träger", "12,5 %", "seit 1. Januar 2026", "Noch nicht geprüft", "Liste der Träger", "AZ 4711", REASON):
        assert expected in person.text, expected
    page = person.path.partition("?")[0]
    await person.follow("Berichtigen")
    assert "Vertretung" not in person.text, "what an examination finds is not asked of who states it"
    assert person.value("share") == "12,5"
    await person.send(200, "", share="20", reason="Verlesen.")
    assert "Die Tatsache ist berichtigt" in person.text
    assert "20 %" in person.text
    assert "Geändert: Anteil in Prozent" in person.text
    assert "Liste der Träger" in person.text, "documents stay"
    await person.follow("Ende nennen")
    await person.send(422)
    await person.send(200, "", valid_to__day="1", valid_to__month="1", valid_to__year="2028", reason="Austritt.")
    assert "endet vor dem 1. Januar 2028" in person.text
    await person.open(f"{page}/end")
    stale = person.page
    await person.open(f"{page}/correct")
    await person.send(200, "", share="21", reason="Nachgezählt.")
    person.page = stale
    await person.send(412, "", valid_to__year="2030", reason="Zu spät.")


async def test_what_is_wrong_with_a_fact_stands_at_its_field_and_nothing_typed_is_lost(desks: Desks) -> None:
    person = await desks.kunde.open(f"{OF}/new/activity")
    await person.send(
        422, "", year="zweitausend", basis="COST", scope="SOLO", status="ACTUAL", total="viel", entrusted="1", reason="x"
    )
    assert person.page.one("p", id="year-error").text
    assert person.page.one("p", id="total-error").text
    assert person.value("total") == "viel"
    await person.send(422, "", year="2025", total="1.000,50", entrusted="2.000,00")
    assert "Die Teile sind größer als das Ganze." in person.page.one("p", id="entrusted-error").text
    await person.send(422, "", entrusted="900,00", reason="")
    assert person.page.one("p", id="reason-error").text
    await person.send(200, "", reason="Testat.")
    assert "1.000,50 €" in person.text
    await person.open(f"{OF}/new/joint")
    await person.send(200, "Suchen", to__q="niemand", type="MEMBER", reason="x")
    assert "Steht nicht im Verzeichnis" in person.text, "facts may be about a body that the register lacks"
    await person.send(422, "", to="niemand")
    assert "Halten Sie zuerst die Stelle selbst fest." in person.page.one("p", id="to-error").text
    await person.send(200, "Suchen", to__q="Dataport")
    await person.send(422, "", to="dataport", document__title="Ohne Art")
    assert person.page.one("p", id="document.type-error").text


async def test_the_anbieter_records_what_an_examination_found_of_whoever_turned_to_it(desks: Desks) -> None:
    await recorded(desks.kunde)
    person = await desks.anbieter.open(OF)
    assert "Husum, Stadt → Dataport" not in person.text, "nobody has turned to it yet"
    await desks.kunde.open(OF)
    await desks.kunde.follow("Husum, Stadt → Dataport")
    await desks.kunde.follow("Zurückziehen")
    await desks.kunde.send(422)
    await desks.kunde.send(200, "", reason="Das war eine andere Stelle.")
    assert "Die Tatsache ist zurückgezogen" in desks.kunde.text
    assert "Husum, Stadt → Dataport" not in desks.kunde.page.one("main").text
    await person.open("/facts/of/govdigital/new/joint")
    findings = {"organ_seat": "OWN", "joint_influence": "YES", "contrary_interests": "NO", "all_fields": "YES"}
    await person.send(200, "Suchen", to__q="dataport", type="MEMBER", reason="Satzung.", **findings)
    await person.send(200, "", to="dataport")
    assert "Noch nicht geprüft" not in person.text
    assert "Mit eigenem Sitz" in person.text
    await person.open(f"{OF}/new/joint")
    await person.send(200, "Suchen", to__q="dataport", type="MEMBER", reason="Nicht unsere Sache.")
    await person.send(403, "", to="dataport")
    assert "es betrifft eine andere Stelle" in person.text


async def test_bodies_that_work_together_are_found_one_after_the_other(desks: Desks) -> None:
    person = await desks.kunde.open(f"{OF}/new/cooperation")
    assert offers(person, "parties") == {BODY: True}, "whom it is about is there already"
    await person.send(200, "Suchen", parties__q="Dataport", reason="Vertrag vom 2. März.", covered_total="1.000,00")
    await person.send(200, "Suchen", parties=[BODY, "dataport"], parties__q="", contributors__q=FORMER)
    assert offers(person, "parties") == {BODY: True, "dataport": True}
    assert "Nachfolger ist: Uder." in person.page.one("p", id="contributors-note").text
    await person.send(200, "", contributors=[SUCCESSOR], covered_market="0,00")
    assert "Die Tatsache ist festgehalten" in person.text
    assert "Uder" in person.text
    await person.follow("Berichtigen")
    assert offers(person, "contributors") == {SUCCESSOR: True}
    assert "Dataport" in person.text, "bodies that were named are shown by name"


@pytest.mark.parametrize("page", ["facts", "registration", "acting"])
async def test_a_search_for_a_key_that_a_reform_has_given_up_names_the_successor(desks: Desks, page: str) -> None:
    person = await desks.kunde.open(f"/{page}?q={FORMER}")
    assert "Der Schlüssel, unter dem Uder geführt wurde" in person.text
    assert SUCCESSOR in person.text
    await person.open(f"/en/{page}?q={DISSOLVED}")
    assert "The Kreis knows who has followed" in person.text


@pytest.mark.parametrize("path", ["/facts/of/", "/registration/"])
async def test_the_page_of_a_body_that_is_no_more_leads_to_its_successor(desks: Desks, path: str) -> None:
    person = await desks.kunde.open(f"{path}{FORMER}")
    assert person.path.endswith(f"?q={FORMER}")
    assert "Nachfolger ist: Uder." in person.text


async def test_a_fact_about_a_key_that_was_given_up_meanwhile_loses_nothing(desks: Desks) -> None:
    person = await desks.kunde.open(f"{OF}/new/joint")
    await person.send(200, "Suchen", to__q="Dataport", type="MEMBER", reason="Satzung.", share="3")
    await person.send(422, "", to=FORMER)
    assert "Nachfolger ist: Uder." in person.page.one("p", id="to-error").text
    assert (person.value("reason"), person.value("share")) == ("Satzung.", "3")
    assert offers(person, "to") == {SUCCESSOR: False, "dataport": False}


def offers(person: Person, name: str) -> dict[str, bool]:
    """Return the bodies that a field offers, and whether each is chosen."""
    boxes = [it for it in person.form().inside_all("input") if it.attributes["name"] == name]
    return {it.attributes["value"]: "checked" in it.attributes for it in boxes}


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_filled_in_becomes_a_fact_that_reads_back_as_its_shape(name: str) -> None:
    shape = SHAPES[name]
    values = {it.name: it.values[0] for it in shape.members if it.sort.value in {"choice", "finding"}}
    fact = content_of(shape, values, Language.DE, None, BODY)
    assert shape_of(fact) is shape
    assert {"kind", "valid_from", "valid_to", "evidence"} <= fact.keys()
    open_findings = [it.name for it in shape.members if it.sort.value == "finding"]
    assert [content_of(shape, {}, Language.DE, None, BODY)[it] for it in open_findings] == [None] * len(open_findings)
    assert read_texts()[Language.EN].has(f"facts.shape.{name}")
