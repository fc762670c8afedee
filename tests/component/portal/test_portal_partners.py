"""Partner systems by pages, over a real registry: the operator states them, their keys and state, others see what is for them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import OKPKey

from marktplatz.people import OPERATOR
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.ordering.test_ordering_partners_api import KEY, PUBLIC, rotation
from tests.component.ordering.test_ordering_partners_api import PARTNER as STATED
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, HUSUM, KOMM_ONE, ActingAs, World
from tests.component.portal.register import Register

KID = KEY.thumbprint()
NAMES = {"dataport": "Dataport AöR", "010540056056": "Husum, Stadt", "010020000000": "Kiel", "160615051119": "Uder"}
TOKENS = {
    OPERATOR.subject: "otto/marktplatz/BETREIBER",
    GOVDIGITAL: "petra/dataport/",
    HUSUM: "kai/010540056056/KUNDE",
    KOMM_ONE: "sam/komm-one/BEREITSTELLER",
}
FORMER = {"160615012097": ("Uder", "160615051119")}
FIRST = {"id": "nord", "name": "Beschaffungsportal Nord", "mailbox": "schnittstellen@dataport.example"}
CHOSEN: dict[str, str | list[str]] = {"run_by": "dataport", "organisations": ["010540056056"]}


@dataclass
class Desks:
    """The operator, and whoever else comes."""

    operator: Person
    world: World
    ordering: OrderingWorld

    async def registered(self) -> Person:
        """Register a partner system and give it its key."""
        await self.operator.open("/operations/partners/new")
        await self.operator.send(200, "Suchen", run_by__q="dataport", organisations__q="Husum", **FIRST)
        await self.operator.send(200, "", **CHOSEN, roles=["KUNDE"])
        await self.operator.follow("Schlüssel hinzufügen")
        return await self.operator.send(200, "", jwk=json.dumps(PUBLIC))


@pytest.fixture(name="desks")
async def _desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desks]:
    ordering, world = OrderingWorld(), World(tmp_path)
    await ordering.start()
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    world.ordering = ActingAs(ordering.app, TOKENS)
    world.further = {"eligibility": httpx.MockTransport(Register(NAMES, FORMER))}
    await world.open()
    ordering.now = world.now
    operator = await somebody(world, OPERATOR.subject)
    yield Desks(operator, world, ordering)
    await operator.visitor.aclose()
    await world.store.close()
    await ordering.store.close()


async def test_the_operator_registers_a_system_with_names_from_the_register_and_adds_its_key(desks: Desks) -> None:
    operator = await desks.operator.open("/operations/partners")
    assert "Es ist noch kein Partnersystem registriert." in operator.text
    await operator.follow("Partnersystem registrieren")
    assert operator.value("bytes_per_second") == "262144"
    await operator.send(200, "Suchen", run_by__q="dataprot", organisations__q="husum", **FIRST, roles=["KUNDE"])
    assert "gibt es keinen Eintrag" in operator.page.one("p", id="run_by-note").text
    assert not operator.page.all("p", id="organisations-note")
    assert operator.value("name") == FIRST["name"]
    await operator.send(200, "Suchen", run_by__q="Dataport", organisations=["010540056056"], organisations__q="kiel")
    assert ticked(operator, "organisations") == {"010540056056": True, "010020000000": False}
    await operator.send(422, "", run_by="dataport", burst_seconds="viele", id="Nord")
    assert operator.page.one("p", id="id-error").text
    assert operator.page.one("p", id="burst_seconds-error").text
    await operator.send(200, "", id="nord", burst_seconds="20")
    assert "Das Partnersystem ist registriert" in operator.text
    for expected in ("Dataport AöR", "20 Ereignisse und 256 KiB je Sekunde, Vorrat für 20 Sekunden", "partner.nord.orders.v1"):
        assert expected in operator.text
    assert "Ohne gültigen Schlüssel wird kein Ereignis angenommen." in operator.text
    await operator.open("/operations/partners")
    assert "betrieben von Dataport AöR" in operator.text


def ticked(person: Person, name: str) -> dict[str, bool]:
    """Return the bodies that a field offers, and whether each is chosen."""
    boxes = [it for it in person.form().inside_all("input") if it.attributes["name"] == name]
    return {it.attributes["value"]: "checked" in it.attributes for it in boxes}


async def test_a_body_that_is_no_more_or_never_was_is_not_named_and_its_successor_is_offered(desks: Desks) -> None:
    operator = await desks.operator.open("/operations/partners/new")
    await operator.send(200, "Suchen", run_by__q="dataport", organisations__q="160615012097", **FIRST)
    assert "Nachfolger ist: Uder." in operator.page.one("p", id="organisations-note").text
    forged = ["160615012097", "010540056056", "nirgends"]
    await operator.send(422, "", run_by="dataport", organisations=forged, organisations__q="", roles=["KUNDE"])
    error = operator.page.one("p", id="organisations-error").text
    assert "Nachfolger ist: Uder." in error
    assert "gibt es nicht: nirgends" in error
    assert ticked(operator, "organisations") == {"160615051119": False, "010540056056": True}
    assert operator.value("mailbox") == FIRST["mailbox"]
    await operator.send(200, "", organisations=["160615051119", "010540056056"])
    assert "Uder" in operator.text


async def test_who_runs_a_system_stays_until_another_is_found(desks: Desks) -> None:
    operator = await desks.registered()
    await operator.open("/operations/partners/nord/change")
    assert ticked(operator, "run_by") == {"dataport": True}
    etag = operator.value("etag")
    await operator.send(200, "Suchen", run_by__q="Kiel", name="Portal Nord")
    assert ticked(operator, "run_by") == {"dataport": True, "010020000000": False}
    assert (operator.value("name"), operator.value("etag")) == ("Portal Nord", etag)
    await operator.send(200, "", run_by="010020000000")
    assert "Kiel" in operator.text
    assert operator.title == "Portal Nord"


async def test_a_private_key_is_refused_and_not_shown_once_more(desks: Desks) -> None:
    operator = await desks.registered()
    await operator.follow("Schlüssel hinzufügen")
    await operator.send(422, "", jwk="kein JSON")
    assert operator.value("jwk") == "kein JSON"
    private = json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))
    await operator.send(422, "", jwk=private)
    assert "Das ist ein privater Schlüssel." in operator.page.one("p", id="jwk-error").text
    assert operator.value("jwk") == ""


async def test_a_key_is_given_an_end_and_another_one_begins_later(desks: Desks) -> None:
    operator = await desks.registered()
    assert f"{KID} gültig EdDSA" in operator.text
    await operator.follow("Schlüssel hinzufügen")
    later = {"valid_from__day": "1", "valid_from__month": "2", "valid_from__year": "2099"}
    other = OKPKey.generate_key("Ed25519").as_dict(private=False)
    await operator.send(200, "", jwk=json.dumps(other), kid="k2", **later)
    assert "gilt noch nicht" in operator.text
    assert "1. Februar 2099, 00:00 Uhr" in operator.text
    await operator.follow(f"Schlüssel beenden : {KID}")
    await operator.send(422, "", time="14:30")
    assert operator.page.one("p", id="until-error").text
    ends = {"until__day": "3", "until__month": "5", "until__year": "2098"}
    await operator.send(422, "", time="halb drei", **ends)
    assert operator.page.one("p", id="until-error").text
    await operator.send(200, "", time="14:30")
    assert "bis 3. Mai 2098, 14:30 Uhr" in operator.text
    await operator.follow(f"Schlüssel beenden : {KID}")
    await operator.send(200, "", **dict.fromkeys(("until__day", "until__month", "until__year", "time"), ""))
    assert "beendet" in operator.text
    assert "Ende eines Schlüssels gesetzt" in operator.text
    await operator.open("/operations/partners/nord/keys/nirgends", 404)


async def test_organisations_are_added_restated_and_ended_one_by_one(desks: Desks) -> None:
    operator = await desks.registered()
    await operator.follow("Organisationen hinzufügen")
    await operator.send(422)
    await operator.send(200, "Suchen", organisations__q="Kiel", roles=["KUNDE"])
    await operator.send(200, "", organisations=["010020000000"])
    assert "Kiel" in operator.text
    await operator.follow("Ändern : Kiel")
    await operator.send(200, "", roles=["KUNDE", "BEREITSTELLER"])
    assert "Kunde (Nachnutzer), Bereitsteller" in operator.text
    await operator.follow("Ändern : Husum, Stadt")
    await operator.send(200, "Handelt nicht mehr für sie")
    assert "Husum" not in operator.page.one("ul", class_="tasks").text
    await operator.follow("Angaben ändern")
    await operator.send(200, "", name="Portal Nord", records_per_second="5")
    assert operator.title == "Portal Nord"
    assert "5 Ereignisse" in operator.text
    assert "Kiel" in operator.text, "organisations stay as they are"


async def test_a_system_is_suspended_resumed_and_removed_with_a_reason(desks: Desks) -> None:
    operator = await desks.registered()
    await operator.follow("Sperren")
    await operator.send(422)
    assert operator.page.one("p", id="reason-error").text
    await operator.send(200, "", reason="Schlüssel entwendet.")
    assert "Das Partnersystem ist gesperrt" in operator.text
    assert "Schlüssel entwendet." in operator.text
    await operator.follow("Wieder zulassen")
    await operator.send()
    stale = await desks.operator.open("/operations/partners/nord/state/remove")
    page = stale.page
    await operator.open("/operations/partners/nord/state/suspend")
    await operator.send(200, "", reason="Noch einmal.")
    operator.page = page
    await operator.send(412, "", reason="Nicht mehr nötig.")
    await operator.open("/operations/partners/nord/state/remove")
    await operator.send(200, "", reason="Nicht mehr nötig.")
    assert "entfernt" in operator.text
    assert not [it for it in operator.page.one("main").inside_all("a") if it.text in {"Angaben ändern", "Sperren"}]
    await operator.open("/operations/partners/nord/state/explode", 404)


async def test_who_runs_a_system_sees_all_of_it_and_replaces_its_key_by_a_signed_request(desks: Desks) -> None:
    await desks.registered()
    person = await somebody(desks.world, GOVDIGITAL)
    await person.open("/partners/nord")
    assert f"{KID} gültig" in person.text
    assert "schnittstellen@dataport.example" in person.text
    assert "Angaben ändern" not in person.text
    await person.follow("Schlüssel wechseln")
    await person.send(422, "", event="kein.JWS")
    assert "kompaktes JWS" in person.text
    new = OKPKey.generate_key("Ed25519")
    await person.send(200, "", event=rotation(desks.ordering, new)["event"])
    assert "Der neue Schlüssel gilt" in person.text
    assert f"{new.thumbprint()} gültig" in person.text
    assert "Schlüssel gewechselt" in person.text
    await person.visitor.aclose()


async def test_whom_a_system_acts_for_sees_that_alone_and_strangers_nothing(desks: Desks) -> None:
    await desks.ordering.post("/v1/partners", TOKENS[OPERATOR.subject], STATED)
    person, stranger = [await somebody(desks.world, it) for it in (HUSUM, KOMM_ONE)]
    await person.open("/partners/nord")
    assert "Dieses System darf für Ihre Organisation handeln." in person.text
    assert "Husum, Stadt" in person.text
    for hidden in ("Kiel", "schnittstellen@dataport.example", "Kontingent", "Verlauf"):
        assert hidden not in person.text
    await person.open("/partners/nord/rotation", 404)
    await stranger.open("/partners/nord", 404)
    await stranger.open("/operations/partners", 404)
    await person.open("/operations/partners/new")
    await person.send(200, "Suchen", run_by__q="dataport", organisations__q="Husum", **{**FIRST, "id": "sued"})
    await person.send(403, "", **CHOSEN, roles=["KUNDE"])
    assert "Ihre Organisation hat die Rolle nicht" in person.text
    for it in (person, stranger):
        await it.visitor.aclose()
