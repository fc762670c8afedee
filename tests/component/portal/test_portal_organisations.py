"""Registration, statements and accreditation by forms, on a real eligibility service, by a municipality and its Anbieter."""

from __future__ import annotations

import pytest

from services.portal.pages.registration import draft_of
from services.portal.pages.relation_form import stated
from tests.component.portal.conftest import BODY, Desks
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import HUSUM
from tests.support.showcase import ORIGIN

PDF = b"%PDF-1.7\nSatzung"
PATH = f"/organisations/{BODY}"


async def registered(desks: Desks) -> Person:
    """Register Husum as Kunde at govdigital."""
    kunde = await desks.kunde.open("/registration?q=Husum")
    await kunde.follow("Weiter mit Husum, Stadt")
    await kunde.send(
        200, "", capacity="VERTRETUNGSBERECHTIGT", roles=["KUNDE"], accreditations=["govdigital/KUNDE"], confirmed="true"
    )
    assert "Ihre Organisation ist registriert" in kunde.text
    return kunde


async def over_itvsh(kunde: Person) -> None:
    """Open the form of a relation, and look for the bodies on the way: the last one that was chosen comes with the form."""
    await kunde.follow("Inhouse-Beziehung angeben")
    await kunde.send(200, "Suchen", next__q="ITVSH", title="Organisationssatzung")
    assert "IT-Verbund Schleswig-Holstein (ITVSH)" in kunde.text
    assert kunde.value("title") == "Organisationssatzung"
    await kunde.send(200, "Suchen", next__q="Dataport", next="itvsh")
    assert kunde.value("via") == "itvsh"


async def test_a_municipality_registers_states_its_relation_and_is_accredited(desks: Desks) -> None:
    kunde, anbieter = await registered(desks), desks.anbieter
    await over_itvsh(kunde)
    evidence = {"kind": "SATZUNG", "title": "Organisationssatzung", "reference": "https://example.org/satzung.pdf"}
    await kunde.send(200, "", next="dataport", channel="govdigital", type="TRAEGER", **evidence)
    assert "Husum, Stadt → " in kunde.text
    assert " → Dataport → govdigital" in kunde.text
    await kunde.follow("Datei : Organisationssatzung")
    assert "Es ist noch keine Datei beigefügt" in kunde.text
    await kunde.send(422)
    assert "Es ist keine Datei gewählt" in kunde.text
    await kunde.send(422, "", file=b"MZ")
    await kunde.send(file=PDF)
    assert "Die Datei ist beigefügt" in kunde.text
    await anbieter.open("/tasks")
    assert "Akkreditierungen prüfen 1 wartet" in anbieter.text
    assert "gerade nicht abrufbar" in anbieter.text
    await anbieter.follow("Akkreditierungen prüfen")
    await anbieter.follow("Husum, Stadt")
    await anbieter.follow("Datei : Organisationssatzung")
    assert not anbieter.page.one("main").inside_all("form"), "whoever examines a document does not replace it"
    (saved,) = [it.attributes["href"] for it in anbieter.page.one("main").inside_all("a") if it.text == "Organisationssatzung"]
    answer = await anbieter.visitor.get(saved)
    assert (answer.content, answer.headers["content-disposition"]) == (PDF, 'attachment; filename="Organisationssatzung.pdf"')
    await anbieter.open(PATH)
    await anbieter.follow("Prüfung aufnehmen : Kunde (Nachnutzer), govdigital eG")
    await anbieter.send()
    await anbieter.follow("Rückfrage stellen : Kunde (Nachnutzer), govdigital eG")
    await anbieter.send(422)
    await anbieter.send(question="Seit wann besteht die Trägerschaft?")
    await kunde.open(PATH)
    await kunde.follow("Rückfrage beantworten : Kunde (Nachnutzer), govdigital eG")
    await kunde.send(answer="Seit 2012.")
    await anbieter.open(f"{PATH}/accreditations/govdigital/KUNDE/grant")
    await anbieter.send(200, "", valid_to__day="31", valid_to__month="12", valid_to__year="2028")
    assert "Erteilt" in anbieter.text
    await anbieter.open("/tasks/accreditations?q=husum&ends_before=2029-01-01")
    assert "Akkreditierungen bei Ihnen in diesem Stand." in anbieter.text
    links = {it.text: it.attributes["href"] for it in anbieter.page.one("main").inside_all("a")}
    assert "Husum, Stadt" in links
    table = await anbieter.visitor.get(links["Als Tabelle (CSV)"])
    assert table.headers["content-disposition"] == 'attachment; filename="akkreditierungen.csv"'
    assert [row.split(";")[0] for row in table.text.removeprefix("\ufeff").splitlines()] == ['"Organisation"', '"Husum, Stadt"']
    await anbieter.open("/tasks/accreditations?q=husum")
    assert "Zu dieser Auswahl gibt es nichts." in anbieter.text
    await kunde.open(PATH)
    assert "Vom Anbieter bestätigt" in kunde.text


async def accredited(desks: Desks) -> Person:
    """Have Husum accredited on its statement, which a file proves, and return it."""
    kunde = await registered(desks)
    await over_itvsh(kunde)
    evidence = {"kind": "SATZUNG", "title": "Organisationssatzung", "reference": "Aktenzeichen 1"}
    await kunde.send(200, "", next="dataport", channel="govdigital", type="TRAEGER", **evidence)
    await kunde.follow("Datei : Organisationssatzung")
    await kunde.send(file=PDF)
    for step in ("review", "grant"):
        await desks.anbieter.open(f"{PATH}/accreditations/govdigital/KUNDE/{step}")
        await desks.anbieter.send()
    return kunde


RELATION = "Husum, Stadt → IT-Verbund Schleswig-Holstein (ITVSH)"
FOUND: dict[str, str | list[str] | bytes] = {
    "organ_seat": "SHARED_DELEGATE",
    "joint_influence": "YES",
    "contrary_interests": "NO",
    "all_fields": "YES",
}


async def test_a_stated_relation_is_examined_by_a_form_and_its_organisation_reads_that_it_is(desks: Desks) -> None:
    kunde, anbieter = await accredited(desks), desks.anbieter
    await kunde.open(PATH)
    assert "Noch nicht geprüft" in kunde.text
    await anbieter.open("/tasks")
    await anbieter.follow("Inhouse-Angaben prüfen")
    assert "Noch nicht geprüft: Einfluss auf alle Tätigkeiten, Vertretung in den Organen" in anbieter.text
    waiting = [it.text for it in anbieter.page.one("main").inside_all("a")]
    await anbieter.follow(RELATION)
    assert "aus der Angabe von Husum, Stadt" in anbieter.text
    assert "Dataport → govdigital" in anbieter.text, "the whole way is shown"
    (saved,) = [it.attributes["href"] for it in anbieter.page.one("main").inside_all("a") if it.text == "Organisationssatzung"]
    assert (await anbieter.visitor.get(saved)).content == PDF
    assert (await anbieter.visitor.get(f"{saved}0")).status_code == 404
    await anbieter.send(422, reason="Anhand der Satzung geprüft.")
    assert anbieter.page.one("p", id="organ_seat-error").text == "Bitte füllen Sie dieses Feld aus."
    assert anbieter.value("reason") == "Anhand der Satzung geprüft."
    await anbieter.send(422, "", **FOUND, reason="")
    assert anbieter.page.one("p", id="reason-error").text
    await anbieter.send(422, "", reason="Anhand der Satzung geprüft.", kind="TRAEGERLISTE")
    assert anbieter.page.one("p", id="title-error").text
    await anbieter.send(200, "", title="Liste der Träger", reference="Aktenzeichen 2")
    assert "Das Ergebnis ist festgehalten" in anbieter.text
    left = [it.text for it in anbieter.page.one("main").inside_all("a")]
    assert {*waiting} - {*left} == {RELATION}
    await kunde.open(PATH)
    assert "Geprüft" in kunde.text
    assert "Noch nicht geprüft" not in kunde.text
    await anbieter.open(PATH)
    await anbieter.follow("Ansehen und prüfen : Organisationssatzung")
    assert "Liste der Träger" in anbieter.text
    assert "festgehalten von govdigital" in anbieter.text
    await anbieter.again()
    assert "Das Ergebnis ist festgehalten" in anbieter.text, "a double click records it once"


async def test_one_finding_against_a_relation_settles_it_and_shows_wherever_it_is_named(desks: Desks) -> None:
    kunde, anbieter = await accredited(desks), desks.anbieter
    await anbieter.open(PATH)
    await anbieter.follow("Ansehen und prüfen : Organisationssatzung")
    await anbieter.send(200, "", organ_seat="NONE", reason="Kein Sitz in den Organen.")
    assert "Das Ergebnis ist festgehalten" in anbieter.text
    assert RELATION not in anbieter.text, "what else an examination would find changes nothing"
    for person in (kunde, anbieter):
        await person.open(PATH)
        assert "Geprüft: reicht nicht aus" in person.text
        assert "Vom Anbieter bestätigt" not in person.text
    await anbieter.follow("Ansehen und prüfen : Organisationssatzung")
    assert "Geprüft: reicht nicht aus" in anbieter.text
    await anbieter.send(200, "", organ_seat="OWN", reason="Seit dem Beschluss vom Mai.")
    assert RELATION in anbieter.text, "what was found may be corrected, and the rest waits again"


async def test_only_an_anbieter_examines_a_relation_and_others_read_why(desks: Desks) -> None:
    kunde, anbieter = await accredited(desks), desks.anbieter
    await anbieter.open(PATH)
    await anbieter.follow("Ansehen und prüfen : Organisationssatzung")
    path = anbieter.path
    await kunde.open(path)
    assert "Prüfen können nur ein Anbieter, an den sich die Stelle gewandt hat, und der Betreiber." in kunde.text
    assert not kunde.page.one("main").inside_all("form")
    await kunde.open(f"{path}/withdrawal", 404)
    await kunde.open("/tasks/examinations", 403)
    await anbieter.open(f"/tasks/examinations/{BODY}", 404)


async def test_a_relation_that_never_existed_is_rejected_with_a_reason(desks: Desks) -> None:
    await accredited(desks)
    anbieter = await desks.anbieter.open(PATH)
    await anbieter.follow("Ansehen und prüfen : Organisationssatzung")
    path = anbieter.path
    await anbieter.follow("Angabe verwerfen")
    await anbieter.send(422)
    assert anbieter.page.one("p", id="reason-error").text
    await anbieter.send(reason="Husum war nie Träger.")
    assert "Die Angabe ist verworfen" in anbieter.text
    assert RELATION not in anbieter.text
    for person in (anbieter, await desks.kunde.open(PATH)):
        await person.open(PATH)
        assert "Verworfen: besteht nicht" in person.text
        assert "Vom Anbieter bestätigt" not in person.text
    await anbieter.open(path)
    assert "Diese Beziehung ist zurückgezogen" in anbieter.text
    assert "Husum war nie Träger." in anbieter.text
    assert not anbieter.page.one("main").inside_all("form")


async def test_what_is_only_stated_is_examined_once_the_accreditation_rests_on_it(desks: Desks) -> None:
    kunde = await registered(desks)
    await over_itvsh(kunde)
    evidence = {"kind": "SATZUNG", "title": "Organisationssatzung", "reference": "Aktenzeichen 1"}
    await kunde.send(200, "", next="dataport", channel="govdigital", type="TRAEGER", **evidence)
    assert "Geprüft wird diese Angabe" not in kunde.text
    await desks.anbieter.open(PATH)
    assert "Geprüft wird diese Angabe, sobald Sie die Akkreditierung auf sie erteilt haben." in desks.anbieter.text


async def test_all_faults_of_a_registration_are_named_at_their_fields(desks: Desks) -> None:
    kunde = await desks.kunde.open(f"/registration/{BODY}")
    await kunde.send(422, "", leitweg_id="falsch")
    assert "Bitte bestätigen Sie" in kunde.page.one("p", id="confirmed-error").text
    assert "mindestens eine Rolle" in kunde.page.one("p", id="roles-error").text
    assert kunde.page.one("p", id="capacity-error").text == "Bitte füllen Sie dieses Feld aus."
    assert kunde.page.one("p", id="leitweg_id-error").text == (
        "Leitweg-ID und Rechnungsadresse sind nur für Organisationen, die als Kunde oder gebündelt bestellen."
    )
    assert kunde.value("leitweg_id") == "falsch"
    await kunde.open("/registration?q=xyzzy")
    assert "Dazu gibt es keinen Eintrag im Verzeichnis" in kunde.text


async def test_what_is_wrong_with_a_statement_stands_at_its_field(desks: Desks) -> None:
    kunde = await registered(desks)
    await kunde.open(f"/en{PATH}/relations")
    await kunde.send(422, "", channel="govdigital", type="TRAEGER", reference="Aktenzeichen 1")
    assert "Please fill in this field." in kunde.page.one("p", id="title-error").text
    await kunde.send(200, "Search", next__q="xyzzy")
    assert "There is no such entry in the register" in kunde.text
    await kunde.send(200, "Search", next__q="ITVSH")
    await kunde.send(200, "Search", next__q="ITVSH", next="itvsh")
    await kunde.send(422, "", next="itvsh", kind="SATZUNG", title="Satzung")
    assert kunde.page.one("p", id="next-error").text


async def test_a_body_leaves_the_way_again_and_the_others_stay(desks: Desks) -> None:
    kunde = await registered(desks)
    await over_itvsh(kunde)
    await kunde.send(200, "Suchen", next__q="govdigital", next="dataport")
    assert [it.attributes["value"] for it in kunde.page.one("main").inside_all("input") if it.attributes["name"] == "via"] == [
        "itvsh",
        "dataport",
    ]
    await kunde.send(200, "Suchen", next__q="", via=["dataport"])
    assert kunde.value("via") == "dataport"
    assert not kunde.page.all("input", name="next"), "there is nothing to choose without a search"


async def test_a_known_way_to_an_anbieter_is_chosen_instead_of_typed(desks: Desks) -> None:
    kunde = await accredited(desks)
    await kunde.open(f"{PATH}/relations")
    assert "Bekannte Wege zu einem Anbieter" in kunde.text
    assert "IT-Verbund Schleswig-Holstein (ITVSH) → Dataport → govdigital" in kunde.text
    way = "itvsh dataport govdigital"
    evidence = {"kind": "GESETZ", "title": "Errichtungsgesetz", "reference": "Aktenzeichen 3"}
    await kunde.send(422, "", way=way, type="TRAEGER", title="Errichtungsgesetz")
    assert kunde.value("way") == way
    await kunde.send(200, "", way=way, type="TRAEGER", **evidence)
    stated = [it.text for it in kunde.page.one("main").inside_all("li") if "Errichtungsgesetz" in it.text]
    assert any("Husum, Stadt → " in it and "Dataport → govdigital" in it for it in stated)


async def test_a_statement_is_taken_back_and_roles_and_leitweg_id_are_added(desks: Desks) -> None:
    kunde = await registered(desks)
    await over_itvsh(kunde)
    evidence = {"kind": "SATZUNG", "title": "Organisationssatzung", "reference": "Aktenzeichen 1"}
    await kunde.send(200, "", next="dataport", channel="govdigital", type="TRAEGER", **evidence)
    await kunde.follow("Angabe zurücknehmen : Organisationssatzung")
    await kunde.send(reason="Doppelt angegeben.")
    assert "Die Angabe ist zurückgenommen" in kunde.text
    assert "Organisationssatzung" not in kunde.text
    await kunde.follow("Rollen und Leitweg-ID ändern")
    await kunde.send(422, leitweg_id="falsch")
    assert kunde.page.one("p", id="leitweg_id-error").text
    await kunde.send(leitweg_id="04011000-900X999-08", add_roles=["BUENDELNDE_ORGANISATION"])
    assert "04011000-900X999-08" in kunde.text
    assert "Kunde (Nachnutzer), Bündelnde Organisation" in kunde.text
    await kunde.follow("Rollen und Leitweg-ID ändern")
    assert kunde.value("leitweg_id") == "04011000-900X999-08"
    await kunde.send(leitweg_id="")
    assert "Die Angaben sind gespeichert" in kunde.text
    assert "04011000-900X999-08" not in kunde.text
    assert "Bündelnde Organisation" in kunde.text, "the roles stay"
    await desks.anbieter.open(f"{PATH}/details", 404)


async def test_an_invoice_address_is_stated_changed_and_removed_and_its_anbieter_reads_it(desks: Desks) -> None:
    kunde, anbieter = await registered(desks), desks.anbieter
    await kunde.follow("Rechnungsanschrift angeben")
    assert "Anschrift entfernen" not in kunde.text, "there is none yet"
    given = {"care_of": "Amt für Finanzen\r\nRechnungseingang", "street": "Zingel 10", "city": "Husum"}
    await kunde.send(422, **given, postcode="2581", email="rechnung")
    assert "fünf Ziffern" in kunde.page.one("p", id="postcode-error").text
    assert kunde.value("street") == "Zingel 10"
    await kunde.send(422, postcode="25813")
    assert kunde.page.one("p", id="email-error").text == "Das ist keine E-Mail-Adresse."
    await kunde.send(email="rechnung@husum.example")
    assert "Die Rechnungsanschrift ist gespeichert" in kunde.text
    shown = "Amt für Finanzen Rechnungseingang Zingel 10 25813 Husum rechnung@husum.example"
    assert shown in " ".join(kunde.text.split())
    await anbieter.open(PATH)
    assert shown in " ".join(anbieter.text.split())
    assert "Rechnungsanschrift ändern" not in anbieter.text
    await anbieter.open(f"{PATH}/invoice-address", 404)
    await kunde.follow("Rechnungsanschrift ändern")
    assert kunde.value("care_of").splitlines() == ["Amt für Finanzen", "Rechnungseingang"]
    assert kunde.value("country") == "DE"
    await kunde.send(care_of="", street="", country="")
    assert "Zingel 10" not in kunde.text
    await kunde.follow("Rechnungsanschrift ändern")
    await kunde.send(200, "Anschrift entfernen")
    assert "Die Rechnungsanschrift ist entfernt" in kunde.text
    assert "25813" not in kunde.text


async def test_what_is_wrong_with_an_invoice_address_stands_at_its_field(desks: Desks) -> None:
    kunde = await registered(desks)
    await kunde.open(f"/en{PATH}/invoice-address")
    right = {"postcode": "25813", "city": "Husum", "street": "", "country": "", "care_of": ""}
    for field, value, error in (
        ("postcode", "", "Please fill in this field."),
        ("city", "", "Please fill in this field."),
        ("city", "H" * 201, "The text may have at most 200 characters."),
        ("street", "Zingel\x1b10", "This does not have the form that is expected."),
        ("country", "XX", "There is no such country. Name two letters, such as DE."),
        ("care_of", "a\r\nb\r\nc", "At most 2 entries are possible."),
    ):
        await kunde.send(422, **(right | {field: value}))
        assert kunde.page.one("p", id=f"{field}-error").text == error


async def test_an_invoice_address_is_changed_only_as_it_was_read(desks: Desks) -> None:
    kunde = await registered(desks)
    await kunde.follow("Rechnungsanschrift angeben")
    await kunde.send(postcode="25813", city="Husum")
    await kunde.again(412)
    assert "Inzwischen hat jemand etwas geändert" in kunde.text


async def test_the_next_accreditation_is_asked_for_by_a_form(desks: Desks) -> None:
    kunde = await registered(desks)
    await kunde.follow("Akkreditierung beantragen")
    await kunde.send(channel="fitko", role="KUNDE")
    assert "Die Akkreditierung ist beantragt" in kunde.text
    await kunde.open(f"{PATH}/accreditations/fitko/KUNDE/nothing", 404)


async def test_who_may_act_for_several_chooses_one_and_every_service_is_told(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registered(desks)
    world = desks.world
    monkeypatch.setenv("AUTH_RIGHTS_FROM", "marketplace")
    world.app = world.portal(oidc_issuer=world.provider.url, session_keys=world.folder / "session-keys")
    kunde = await somebody(world, HUSUM)
    await kunde.open("/inbox")
    assert "X-Organisation" not in world.notified.asked[-1].headers
    await kunde.open("/en/acting?q=dataport")
    await kunde.choose("Act for Dataport")
    assert "You cannot act for this organisation" in kunde.text
    await kunde.open("/acting?q=Husum")
    await kunde.choose("Handeln für Husum, Stadt")
    await kunde.open("/inbox")
    assert world.notified.asked[-1].headers["X-Organisation"] == BODY
    assert kunde.page.one("a", href=PATH).text == "Husum, Stadt"
    await kunde.visitor.aclose()


async def test_who_registers_acts_for_the_organisation_at_once(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    world = desks.world
    monkeypatch.setenv("AUTH_RIGHTS_FROM", "marketplace")
    world.app = world.portal(oidc_issuer=world.provider.url, session_keys=world.folder / "session-keys")
    kunde = await registered(Desks(await somebody(world, HUSUM), desks.anbieter, world))
    assert kunde.page.one("a", href=PATH).text == "Husum, Stadt"
    await kunde.visitor.aclose()


async def test_who_is_authorised_by_a_vollmacht_brings_it_and_the_anbieter_reads_it(desks: Desks) -> None:
    kunde, anbieter = await desks.kunde.open(f"/registration/{BODY}"), desks.anbieter
    await kunde.send(422, "", capacity="BEVOLLMAECHTIGT", vollmacht=b"MZ")
    assert kunde.page.one("p", id="vollmacht-error").text
    await kunde.send(422, "", vollmacht=PDF)
    assert "Ihre Vollmacht liegt schon bei." in kunde.text
    wish: dict[str, str | list[str]] = {"roles": ["KUNDE"], "accreditations": ["govdigital/KUNDE"], "confirmed": "true"}
    await kunde.send(200, "", **wish)
    await kunde.follow("Ansehen oder beifügen")
    await kunde.send(422)
    await kunde.send(file=PDF + b" neu")
    assert "Die Vollmacht ist beigefügt" in kunde.text
    await anbieter.open(f"{PATH}/vollmacht")
    assert not anbieter.page.one("main").inside_all("form")
    saved = await anbieter.visitor.get(f"{PATH}/vollmacht/content")
    assert (saved.content, saved.headers["Content-Disposition"]) == (PDF + b" neu", 'attachment; filename="Vollmacht.pdf"')


def test_what_is_filled_in_becomes_what_is_sent() -> None:
    assert draft_of({"accreditations": ["fitko/KUNDE"], "roles": ["KUNDE"]}) == {
        "person": {"capacity": None, "confirmed": None},
        "roles": ["KUNDE"],
        "kunde": {"leitweg_id": None},
        "accreditations": [{"channel": "fitko", "role": "KUNDE"}],
    }
    assert stated("a", {"way": "b c", "channel": "fitko", "via": ["d"]})["path"] == ["a", "b", "c"]
    assert stated("a", {"via": ["b"], "next": "c", "channel": "fitko"})["path"] == ["a", "b", "c", "fitko"]
    assert stated("a", {"channel": "fitko", "type": "MEMBER"}) == {"type": "MEMBER", "path": ["a", "fitko"], "evidence": [{}]}


async def test_members_are_invited_by_a_link_given_functions_and_removed(desks: Desks) -> None:
    kunde, guest = await registered(desks), desks.anbieter
    await kunde.follow("1 Person")
    await kunde.follow("Jemanden einladen")
    await kunde.send(422, email="keine Adresse")
    assert "email" in {it.attributes.get("id") for it in kunde.page.all("input")}
    await kunde.send(200, "", email="", functions=["BEARBEITUNG"])
    link = kunde.page.one("p", class_="told").text
    assert link.startswith(f"{ORIGIN}/invitations/{BODY}#")
    assert "#" not in kunde.path, "the secret stands in no address"
    await guest.open(f"/invitations/{BODY}")
    await guest.send(404, secret="x" * 43)
    await guest.open(f"/invitations/{BODY}")
    await guest.send(secret=link)
    assert guest.title == "Husum, Stadt"
    await kunde.open(f"{PATH}/members")
    assert "Bearbeitung" in kunde.text
    await kunde.follow("Funktionen ändern oder entfernen : gerd")
    await kunde.send(functions=["BEARBEITUNG", "ZEICHNUNG"])
    assert "Die Mitglieder sind geändert" in kunde.text
    await kunde.follow("Funktionen ändern oder entfernen : gerd")
    await kunde.send(200, "Aus der Organisation entfernen")
    assert "gerd" not in kunde.text
    await kunde.follow("Jemanden einladen")
    await kunde.send()
    await kunde.open(f"{PATH}/members")
    (revoke,) = [it.attributes["href"] for it in kunde.page.one("main").inside_all("a") if "widerrufen" in it.text]
    await kunde.open(revoke)
    await kunde.send()
    assert "Es ist niemand eingeladen" in kunde.text
    async with desks.world.browser() as visitor:
        asked = await visitor.get(f"/invitations/{BODY}")
    assert "Melden Sie sich zuerst an" in asked.text
