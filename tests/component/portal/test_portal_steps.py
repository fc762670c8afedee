"""A Vorgang taken through all its steps by forms, by its three sides, on a real ordering service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from services.portal.fields import day_value
from shared.messages.values import Verdict
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE
from tests.component.ordering.ordering_world import World as OrderingWorld
from tests.component.ordering.test_ordering_klienten import find_later, judge
from tests.component.ordering.test_ordering_placements import ready
from tests.component.ordering.test_ordering_steps_back import both_channels
from tests.component.portal.filling import Person, somebody
from tests.component.portal.login import GOVDIGITAL, HUSUM, KOMM_ONE, OURS, SESSION, ActingAs, World
from tests.component.portal.register import Register
from tests.component.portal.test_portal_contracts import AGB, COSTS
from tests.support.builders.orders import OFFERING_ID, PRICE, concluded, offering

BUENDLER = KUNDE.replace("/KUNDE", "/BUENDELNDE_ORGANISATION")
TOKENS = {HUSUM: KUNDE, KOMM_ONE: BEREITSTELLER, GOVDIGITAL: ANBIETER}
OFFERING = {
    "kind": "offering",
    "id": OFFERING_ID,
    "version": 1,
    "state": "VEROEFFENTLICHT",
    "orderable": True,
    "orderable_channels": ["govdigital", "fitko"],
    "provider": {"id": "komm-one", "name": "Komm.ONE"},
    "title": "Digitale Baugenehmigung",
    "anbindungsarten": ["FIT_CONNECT", "OSCI_XTA"],
    "reifegrad": 3,
    "changed_at": "2026-11-24T09:00:00Z",
    **dict.fromkeys(("summary", "technical_concept", "nachnutzung", "topic_id", "funding", "contact_mailbox", "suspension")),
    **dict.fromkeys(("withdrawal_reason", "published_at")),
    **dict.fromkeys(("ozg_ids", "leika_keys", "channels", "parameters", "price_items", "documents", "requirements"), ()),
    **dict.fromkeys(("licence_free_for_states", "history"), ()),
}
KLIENTEN = {"010540056056": "Husum, Stadt", "160615051119": "Uder", "010020000000": "Kiel, Landeshauptstadt"}
FORMER = {"160615012097": ("Uder", "160615051119"), "130715163017": ("Groß Miltzow", None)}
ADVICE = {
    "assessments": [],
    "allowed_channels": [],
    "channels": [
        {"channel": "govdigital", "may": True, "verdict": "EXEMPT", "lacking": []},
        {
            "channel": "fitko",
            "may": False,
            "verdict": "NOT_EXEMPT",
            "lacking": [{"reason": "Kommunen bestellen hier nicht.", "remedy": "Ihr Land fragen.", "who": "KUNDE"}],
        },
    ],
}


@dataclass
class Desks:
    """The three people of a Vorgang, and the ordering service that they work in."""

    kunde: Person
    bereitsteller: Person
    anbieter: Person
    orders: OrderingWorld
    ordering: ActingAs
    register: Register
    world: World

    async def declare(self) -> str:
        """Declare interest by its form, have it judged, and return the path of the Vorgang."""
        await self.kunde.open(f"/offerings/{OFFERING_ID}/interest")
        await self.kunde.send(message="Wir möchten zum 1. April starten.")
        path = self.kunde.path.partition("?")[0]
        await self.orders.judge(await self.read(path))
        return path

    async def read(self, path: str) -> dict[str, object]:
        """Return a Vorgang as ordering gives it to the Kunde."""
        return await self.orders.read(path.removeprefix("/orders/"))


@pytest.fixture(name="desks")
async def _desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desks]:
    world, orders, register = World(tmp_path), OrderingWorld(), Register({**KLIENTEN}, FORMER)
    for name, value in world.issuer.environment().items():
        monkeypatch.setenv(name, value)
    await orders.start()
    world.now = orders.now
    world.ordering = ordering = ActingAs(orders.app, TOKENS)
    world.further = {
        "catalog": httpx.MockTransport(lambda _: httpx.Response(200, json=OFFERING)),
        "eligibility": httpx.MockTransport(
            lambda it: register(it) if it.url.path.startswith("/v1/bodies") else httpx.Response(200, json=ADVICE)
        ),
        "contracts": httpx.MockTransport(lambda it: httpx.Response(200, json=AGB if "/v1/agb/" in it.url.path else COSTS)),
    }
    await world.open()
    kunde, bereitsteller, anbieter = [await somebody(world, it) for it in (HUSUM, KOMM_ONE, GOVDIGITAL)]
    yield Desks(kunde, bereitsteller, anbieter, orders, ordering, register, world)
    for person in (kunde, bereitsteller, anbieter):
        await person.visitor.aclose()
    await world.store.close()
    await orders.store.close()


async def test_interest_is_declared_where_the_way_is_open_and_what_is_missing_is_said(desks: Desks) -> None:
    kunde = await desks.kunde.open(f"/offerings/{OFFERING_ID}")
    assert "govdigital eG: Möglich" in kunde.page.one("ul", class_="ways").text
    await kunde.follow("Interesse bekunden")
    assert "Kommunen bestellen hier nicht. Ihr Land fragen. (zu tun: Kunde)" in kunde.text
    assert kunde.value("channel") == "govdigital"
    await kunde.send()
    assert "Ihr Interesse ist bekundet" in kunde.text
    number = next(it.text for it in kunde.page.all("span") if it.text.startswith("V-"))
    await kunde.open(f"/offerings/{OFFERING_ID}")
    assert number in kunde.page.one("section", aria_labelledby="own").text
    bereitsteller = await desks.bereitsteller.open(f"/offerings/{OFFERING_ID}")
    assert "Unsere Vorgänge dazu" not in bereitsteller.text, "nothing was forwarded yet"
    await kunde.open(f"/en/offerings/{OFFERING_ID}/interest")
    await kunde.send(409, message="Noch einmal.")
    assert "Your organisation has an open case for this service already." in kunde.text
    assert kunde.value("message") == "Noch einmal."


async def test_a_vorgang_goes_from_interest_to_productive_use_by_forms_alone(desks: Desks) -> None:
    path = await desks.declare()
    kunde, bereitsteller, anbieter = desks.kunde, desks.bereitsteller, desks.anbieter
    await bereitsteller.open(path)
    await bereitsteller.follow("Abstimmung aufnehmen")
    await bereitsteller.send(anbindungsart="FIT_CONNECT")
    assert "Die Abstimmung hat begonnen" in bereitsteller.text
    assert "Konditionen bestätigen: noch nicht möglich. Erst müssen alle nötigen Punkte" in bereitsteller.text
    await bereitsteller.follow("Frage stellen")
    await bereitsteller.send(text="Wie viele Fälle\r\nim Jahr?")
    await kunde.open(path)
    await kunde.follow("Beantworten : Wie viele Fälle im Jahr?")
    assert "Wie viele Fälle im Jahr?" in kunde.text
    await kunde.send(text="Etwa 400.")
    for person in (kunde, bereitsteller):
        await settle_all(desks, person, path)
    await bereitsteller.open(path)
    assert "noch nicht möglich" not in bereitsteller.text
    await bereitsteller.open(f"{path}/conditions")
    await bereitsteller.send(conditions="1st-Level-Support beim Kunden\r\n\r\nStart im April")
    await anbieter.open("/tasks")
    assert "Vorgänge, die auf Sie warten 1 wartet" in anbieter.text
    await anbieter.follow("Vorgänge, die auf Sie warten")
    await anbieter.follow("Digitale Baugenehmigung")
    await anbieter.follow("Angebot machen")
    await anbieter.send(valid_until__day="31", valid_until__month="12", valid_until__year="2026")
    await step_back(desks, path)
    await kunde.open(path)
    await kunde.follow("Bestellen")
    assert "1st-Level-Support beim Kunden" in kunde.text
    assert "in einem vollen Jahr 1.200,00" in kunde.text
    assert "§ 1 Geltung. Diese Bedingungen gelten" in kunde.page.one("div", class_="wording").text
    await kunde.send(order_reference="HH-1", accepts_agb="true")
    assert "Sie haben bestellt" in kunde.text
    order = await desks.read(path)
    assert (order["order_reference"], order["agb_version"]) == ("HH-1", AGB["version"])
    assert [it["text"] for it in order["conditions"]] == ["1st-Level-Support beim Kunden", "Start im April"]  # type: ignore[attr-defined]
    await desks.orders.judge(order)
    await desks.orders.feed(desks.orders.received(concluded(str(order["id"])), "contract"))
    await bereitsteller.open(path)
    await bereitsteller.follow("Anbindung beginnen")
    await bereitsteller.send()
    await reach_all(desks, path)
    await bereitsteller.open(f"{path}/go-live")
    await bereitsteller.send()
    assert "Der Dienst ist produktiv" in bereitsteller.text
    await kunde.open(path)
    await kunde.follow("Nutzungen melden")
    await kunde.send(422, period="2026-11", count="viele")
    assert kunde.page.one("title").text.startswith("Fehler: ")
    await kunde.send(count="12")
    assert "Die Nutzungen sind gemeldet" in kunde.text


async def test_an_offering_that_names_no_price_is_offered_for_nothing_where_the_anbieter_says_so(desks: Desks) -> None:
    orders, anbieter = desks.orders, desks.anbieter
    await orders.offer(offering(version=4, price_items=(), funding="EfA-finanziert"))
    order = await orders.declare()
    await orders.judge(order)
    order = await orders.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    await orders.settle(order)
    await orders.step(order["id"], "conditions", BEREITSTELLER, {"conditions": []})
    await anbieter.open(f"/orders/{order['id']}/offer")
    day = {"valid_until__day": "31", "valid_until__month": "12", "valid_until__year": "2026"}
    await anbieter.send(422, "", **day)
    assert "Keine Preiszeile des Angebots gilt heute" in anbieter.page.one("p", id="free-error").text
    await anbieter.send(200, "", free="true")
    assert "Das Angebot ist gemacht" in anbieter.text
    (price,) = (await orders.read(order["id"]))["price_items"]
    assert (price["amount"]["cents"], price["valid_from"], price["valid_to"]) == (0, orders.now.date().isoformat(), None)
    await desks.kunde.open(f"/orders/{order['id']}/place")
    assert "Nutzung ohne Entgelt" in desks.kunde.text


async def test_prices_that_hold_no_more_are_mended_with_the_offer_and_others_are_changed(desks: Desks) -> None:
    orders, anbieter = desks.orders, desks.anbieter
    ended = PRICE.model_copy(update={"label": "Einrichtung", "valid_to": orders.now.date() - timedelta(days=1)})
    await orders.offer(offering(version=4, price_items=(PRICE, ended)))
    order = await orders.declare()
    await orders.judge(order)
    order = await orders.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    await orders.settle(order)
    await orders.step(order["id"], "conditions", BEREITSTELLER, {"conditions": []})
    path = f"/orders/{order['id']}"
    await anbieter.open(f"{path}/offer")
    assert "Diese Zeile gilt heute nicht." in anbieter.text
    day = {"valid_until__day": "31", "valid_until__month": "12", "valid_until__year": "2026"}
    await anbieter.send(422, "", price_items__1="viel", **day)
    assert "zum Beispiel 2.400,00" in anbieter.page.one("p", id="price_items.1-error").text
    await anbieter.send(200, "", price_items__1="90,50")
    today = orders.now.date().isoformat()
    lines = (await orders.read(order["id"]))["price_items"]
    assert [(it["label"], it["amount"]["cents"]) for it in lines] == [(PRICE.label, PRICE.amount.cents), ("Einrichtung", 9050)]
    assert (lines[0]["valid_from"], lines[1]["valid_from"], lines[1]["valid_to"]) == (PRICE.valid_from.isoformat(), today, None)
    await anbieter.open(f"{path}/amend-offer")
    await anbieter.send(200, "", price_items__0="", **day)
    assert [it["label"] for it in (await orders.read(order["id"]))["price_items"]] == ["Einrichtung"]


async def step_back(desks: Desks, path: str) -> None:
    """Go back to the Abstimmung from an offer and come to another one, which is amended."""
    bereitsteller, anbieter = desks.bereitsteller, desks.anbieter
    await anbieter.follow("Angebot zurücknehmen")
    await anbieter.send(reason="Die Frist war zu lang.")
    assert "Das Angebot ist zurückgenommen" in anbieter.text
    await bereitsteller.open(path)
    await bereitsteller.follow("Zurück zur Abstimmung")
    await bereitsteller.send(reason="Der Start hat sich verschoben.")
    assert "Die Abstimmung ist wieder aufgenommen" in bereitsteller.text
    await bereitsteller.open(f"{path}/conditions")
    await bereitsteller.send(conditions="1st-Level-Support beim Kunden\r\n\r\nStart im April")
    await anbieter.open(f"{path}/offer")
    await anbieter.send(valid_until__day="30", valid_until__month="12", valid_until__year="2026")
    await anbieter.follow("Angebot ändern")
    await anbieter.send(valid_until__day="31", valid_until__month="12", valid_until__year="2026")
    assert "Das Angebot ist geändert" in anbieter.text


async def settle_all(desks: Desks, person: Person, path: str) -> None:
    """Settle what lies with a person, each point by its link and its example."""
    side = "KUNDE" if person is desks.kunde else "BEREITSTELLER"
    points = (await desks.read(path))["points"]
    for point in points:  # type: ignore[attr-defined]
        if point["owner"] == side and point["mandatory"]:
            await person.open(path)
            await person.follow(f"Punkt klären : {point['label']}")
            assert point["example"] in person.text
            await person.send(value=point["example"])


async def plan(desks: Desks, person: Person, path: str, label: str) -> None:
    """Set the planned day of a milestone, and move it with a reason."""
    await person.follow(f"Zieltermin setzen : {label}")
    await person.send(day__day="29", day__month="1", day__year="2027")
    assert "geplant bis 29. Januar 2027" in person.text
    await person.follow(f"Zieltermin setzen : {label}")
    await person.send(422, day__day="26", day__month="2", day__year="2027")
    assert "Begründen Sie, warum Sie den Termin verschieben." in person.text
    await person.send(day__day="26", day__month="2", day__year="2027", reason="Das Fachverfahren kommt später.")
    milestones = (await desks.read(path))["milestones"]
    assert [it["planned_on"] for it in milestones if it["label"] == label] == ["2027-02-26"]  # type: ignore[attr-defined]


async def reach_all(desks: Desks, path: str) -> None:
    """Report every milestone by its owner."""
    for milestone in (await desks.read(path))["milestones"]:  # type: ignore[attr-defined]
        person = desks.kunde if milestone["owner"] == "KUNDE" else desks.bereitsteller
        await person.open(path)
        if milestone["code"] == "acceptance":
            await plan(desks, person, path, milestone["label"])
        await person.follow(f"Als erreicht melden : {milestone['label']}")
        await person.send()


async def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(desks: Desks) -> None:
    path = await desks.declare()
    await desks.bereitsteller.open(f"{path}/clarification")
    await desks.bereitsteller.send(anbindungsart="FIT_CONNECT")
    points = (await desks.read(path))["points"]
    point = next(it for it in points if it["owner"] == "KUNDE" and it["format"] == "ip_ranges")  # type: ignore[attr-defined]
    kunde = await desks.kunde.open(f"{path}/points/{point['id']}")
    await kunde.send(422, value="überall", note="Bitte prüfen.")
    assert kunde.page.one("textarea", id="value").attributes["aria-describedby"] == "value-hint value-error"
    assert "nicht die Form" in kunde.page.one("p", id="value-error").text
    assert kunde.page.one("a", href="#value").text.startswith("Angabe: ")
    assert (kunde.value("value"), kunde.value("note")) == ("überall", "Bitte prüfen.")
    await kunde.open(f"{path}/points/{point['id']}")
    await kunde.send(422)
    assert kunde.page.one("p", id="value-error").text == "Bitte füllen Sie dieses Feld aus."
    await kunde.open(f"/en{path}/points")
    await kunde.send(422, label="", owner="")
    assert "Please fill in this field." in kunde.page.one("p", id="label-error").text
    assert "Please choose one of the values." in kunde.text or "Please fill in this field." in kunde.text


async def test_an_order_without_the_terms_is_refused_at_its_box_and_a_double_click_orders_once(desks: Desks) -> None:
    order = await desks.orders.offered()
    kunde = await desks.kunde.open(f"/orders/{order['id']}/place")
    await kunde.send(422)
    assert "Ohne Annahme der Geschäftsbedingungen" in kunde.page.one("p", id="accepts_agb-error").text
    await kunde.send(422, accepts_agb="true", leitweg_id="04011000-900X999-09")
    assert "Die Prüfziffern" in kunde.page.one("p", id="leitweg_id-error").text
    await kunde.send(accepts_agb="true", leitweg_id="")
    before = len(desks.orders.messages())
    await kunde.again()
    assert "Sie haben bestellt" in kunde.text
    assert len(desks.orders.messages()) == before


async def test_an_order_accepts_the_terms_that_were_shown_and_no_others(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await desks.orders.offered()
    kunde = await desks.kunde.open(f"/orders/{order['id']}/place")
    monkeypatch.setitem(AGB, "version", "EfA-Marktplatz 2027")
    await kunde.send(412, accepts_agb="true", order_reference="HH-2")
    assert "EfA-Marktplatz 2027" in kunde.text
    assert kunde.value("order_reference") == "HH-2"
    monkeypatch.setitem(AGB, "version", None)
    await kunde.send(412, accepts_agb="true")
    assert "Ohne sie können Sie nicht bestellen" in kunde.text
    assert not kunde.page.one("main").inside_all("form"), "what cannot be read cannot be accepted"
    assert (await desks.orders.read(order["id"]))["state"] == "ANGEBOT_ERSTELLT"


async def test_the_kunde_changes_the_anbieter_and_the_check_begins_anew(desks: Desks) -> None:
    path = await desks.declare()
    await both_channels(desks.orders)
    kunde = await desks.kunde.open(path)
    await kunde.follow("Anbieter wechseln")
    await kunde.send(422)
    assert kunde.page.one("p", id="channel-error").text
    assert [it.attributes["value"] for it in kunde.form().inside_all("input") if it.attributes["name"] == "channel"] == ["fitko"]
    await kunde.send(200, "", channel="fitko", reason="Dort sind wir akkreditiert.")
    assert "Der Vorgang geht bei dem anderen Anbieter weiter" in kunde.text
    assert kunde.page.all("p", id="checking"), "the result appears by itself"
    order = await desks.read(path)
    assert (order["channel"], order["state"]) == ("fitko", "INTERESSE_BEKUNDET")
    await desks.anbieter.open(path, 404)


async def test_several_are_ordered_together_and_what_was_refused_is_said(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [await ready(desks.orders, number) for number in range(3)]
    kunde = await desks.kunde.open("/orders")
    await kunde.follow("Gemeinsam bestellen")
    await kunde.send(422)
    assert "mindestens einen Eintrag" in kunde.page.one("p", class_="kern-error").text
    chosen = [it["id"] for it in orders[:2]]
    await kunde.send(409, orders=chosen, leitweg_id="04011000-900X999-09", accepts_agb="true")
    assert "Die Prüfziffern" in kunde.page.one("p", id="leitweg_id-error").text
    monkeypatch.setitem(AGB, "version", "EfA-Marktplatz 2027")
    await kunde.send(412, leitweg_id="")
    assert "EfA-Marktplatz 2027" in kunde.text
    # Meanwhile somebody orders one of them alone.
    await desks.orders.step(chosen[1], "place", KUNDE, {"accepts_agb": True})
    await kunde.send()
    assert "Nicht alles wurde bestellt" in kunde.text
    assert "Leistung 1" in kunde.text
    assert "Inzwischen hat jemand den Vorgang geändert." in kunde.text
    shown, before = kunde.path, len(desks.orders.messages())
    await kunde.again()
    assert (kunde.path, len(desks.orders.messages())) == (shown, before), "a double click orders once"
    placed = await desks.orders.read(chosen[0])
    assert (placed["state"], placed["agb_version"]) == ("BESTELLT", "EfA-Marktplatz 2027")
    anbieter = await desks.anbieter.open(f"/orders/{chosen[0]}")
    await anbieter.follow("Was zusammen bestellt wurde")
    assert "Leistung 0" in anbieter.text
    await anbieter.open("/en/orders/together")
    assert "There is no offer of a contract that you can accept just now." in anbieter.text
    await anbieter.open(f"/orders/together/{chosen[1]}", 404)


async def test_who_acts_on_a_stale_page_is_told_and_loses_no_word(desks: Desks) -> None:
    path = await desks.declare()
    await desks.bereitsteller.open(f"{path}/clarification")
    await desks.bereitsteller.send(anbindungsart="FIT_CONNECT")
    bereitsteller = await desks.bereitsteller.open(f"{path}/decline")
    await desks.kunde.open(f"{path}/questions")
    await desks.kunde.send(text="Geht es auch später?")
    await bereitsteller.send(412, reason="Nicht für dieses Land.")
    assert "Inzwischen hat jemand etwas geändert" in bereitsteller.text
    assert bereitsteller.value("reason") == "Nicht für dieses Land."
    await bereitsteller.send()
    assert "Nicht für dieses Land." in bereitsteller.text


async def test_a_step_that_is_not_open_leads_back_to_the_vorgang(desks: Desks) -> None:
    path = await desks.declare()
    await desks.kunde.open(f"{path}/place")
    assert "Dieser Schritt ist jetzt nicht möglich" in desks.kunde.text
    await desks.kunde.open(f"{path}/no-such-step", 404)
    await desks.kunde.open(f"{path}/points/none", 200)
    await desks.anbieter.open(f"{path}/withdraw")
    assert "Dieser Schritt ist jetzt nicht möglich" in desks.anbieter.text


async def test_what_was_filled_in_outlives_a_service_that_is_away(desks: Desks) -> None:
    path = await desks.declare()
    kunde = await desks.kunde.open(f"{path}/withdraw")
    desks.ordering.away = True
    await kunde.send(503, reason="Kein Haushalt.")
    assert "Der Marktplatz antwortet gerade nicht." in kunde.text
    desks.ordering.away = False
    await kunde.send()
    assert "Kein Haushalt." in kunde.text


async def test_a_withdrawal_shows_the_vorgaenge_that_it_touches(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = dict.fromkeys(("returns", "wished_channels", "provisions"), ())
    nothing = dict.fromkeys(("channel", "pending", "remarks"))
    monkeypatch.setitem(OFFERING, "workflow", {**lists, **nothing, "allowed_moves": ["withdraw"]})
    bereitsteller = await desks.bereitsteller.open(f"/offerings/{OFFERING_ID}/withdraw")
    assert "Es gibt keine offenen Vorgänge." in bereitsteller.text
    await desks.orders.contracted()
    await desks.orders.judge(await desks.orders.declare("kim/010540056056/KUNDE"))
    await bereitsteller.open(f"/offerings/{OFFERING_ID}/withdraw")
    shown = bereitsteller.page.one("section", class_="panel").text
    assert "1 Vorgang, in dem noch nichts bestellt ist" in shown
    assert "An den Bereitsteller weitergeleitet: 1" in shown
    assert "1 Vorgang mit Bestellung oder Vertrag" in shown
    assert "Vertrag geschlossen: 1" in shown
    monkeypatch.setattr(desks.ordering, "transport", httpx.MockTransport(lambda _: httpx.Response(503)))
    await bereitsteller.open(f"/offerings/{OFFERING_ID}/withdraw")
    assert "Die Zahl der offenen Vorgänge kann gerade nicht angezeigt werden." in bereitsteller.text
    assert bereitsteller.page.all("textarea", name="reason")


def test_a_day_is_taken_apart_and_put_together() -> None:
    assert day_value("2027-01-09") == ("2027", "1", "9")
    assert day_value(None) == ()


async def sign_off(desks: Desks, order_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find a risk in the chain down to the Klient, and sign it off as the Anbieter."""
    await judge(desks.orders, order_id, Verdict.RISK)
    monkeypatch.setitem(desks.ordering.tokens, GOVDIGITAL, ANBIETER)
    anbieter = await desks.anbieter.open(f"/orders/{order_id}")
    await anbieter.follow("Risiko freigeben : 010540056056")
    await anbieter.send(reason="Das Gutachten liegt vor.")
    assert "Das Risiko ist freigegeben" in anbieter.text
    monkeypatch.setitem(desks.ordering.tokens, GOVDIGITAL, "karin/010540056056/KLIENT")


async def test_a_buendler_names_a_klient_and_the_klient_confirms_by_forms(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(desks.ordering.tokens, HUSUM, BUENDLER)
    kunde, klient = desks.kunde, desks.anbieter
    await kunde.open(f"/offerings/{OFFERING_ID}/interest")
    await kunde.send(bundled="true")
    path = kunde.path.partition("?")[0]
    await kunde.follow("Klienten benennen")
    await kunde.send(200, "Suchen", klient__q="husum")
    await kunde.send(klient="010540056056")
    assert "Husum, Stadt" in kunde.text
    assert "Antwort fehlt" in kunde.text
    monkeypatch.setitem(desks.ordering.tokens, GOVDIGITAL, "karin/010540056056/KLIENT")
    await klient.open("/orders")
    assert "Es gibt noch keinen Vorgang." in klient.text
    await klient.follow("1 Vorgang wartet auf Ihre Antwort als Klient")
    assert [it.text for it in klient.page.all("h2")] == ["Wartet auf Ihre Antwort"]
    assert "Ihre Antwort fehlt" in klient.page.one("li", class_="card").text
    await klient.open(path)
    assert klient.title == "Digitale Baugenehmigung"
    await klient.follow("Ablehnen")
    await klient.send(422, reason="")
    await klient.send(reason="Wir nutzen ein eigenes Verfahren.")
    assert "Sie haben abgelehnt" in klient.text
    assert "Bis zur Bestellung können Sie sich noch anders entscheiden." in klient.text
    await klient.open("/en/participations")
    assert [it.text for it in klient.page.all("h2")] == ["Other cases"]
    await klient.open(path)
    await klient.follow("Bestätigen")
    await klient.send()
    assert "Sie haben bestätigt" in klient.text
    assert "Wird geprüft" in klient.text
    await sign_off(desks, path.removeprefix("/orders/"), monkeypatch)
    await find_later(desks.orders, path.removeprefix("/orders/"))
    await klient.open(path)
    assert "Seither" in klient.text
    assert "Der Weg bis zu Ihnen ist noch nicht frei." in klient.text, "before the order it is the Klient that mends it"
    await kunde.open(path)
    assert "Seither: Nicht vergabefrei" in kunde.text
    await kunde.follow("Streichen : 010540056056")
    await kunde.send(reason="Die Stadt bestellt selbst.")
    assert "Noch ist kein Klient benannt." in kunde.text
    await klient.open(path, 404)


async def naming(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Open the form by which a Bündler names a Klient."""
    monkeypatch.setitem(desks.ordering.tokens, HUSUM, BUENDLER)
    kunde = await desks.kunde.open(f"/offerings/{OFFERING_ID}/interest")
    await kunde.send(bundled="true")
    return await kunde.follow("Klienten benennen")


def keys(person: Person, name: str) -> list[str]:
    """Return the keys of the bodies that a field offers."""
    return [it.attributes["value"] for it in person.form().inside_all("input") if it.attributes["name"] == name]


async def test_a_klient_is_searched_for_and_everything_else_stays_as_it_was_filled_in(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    kunde = await naming(desks, monkeypatch)
    assert not keys(kunde, "klient"), "there is nothing to choose before a search, and no key to type"
    await kunde.send(422)
    assert "Bitte füllen Sie dieses Feld aus." in kunde.page.one("p", id="klient-error").text
    assert kunde.page.one("a", href="#klient.q").text.startswith("Für welche Stelle bestellen Sie: ")
    before = len(desks.orders.messages())
    await kunde.send(200, "Suchen", klient__q="Nirgends", payment=[])
    note = kunde.page.one("p", id="klient-note")
    assert "Versuchen Sie eine andere Schreibweise oder den amtlichen Schlüssel." in note.text
    assert "klient-note" in kunde.page.one("fieldset", id="klient").attributes["aria-describedby"].split()
    await kunde.send(200, "Suchen", klient__q="010020000000")
    assert keys(kunde, "klient") == ["010020000000"], "a key finds its body"
    assert "Kiel, Landeshauptstadt" in kunde.text
    await kunde.send(200, "Suchen", klient="010020000000", klient__q="husum")
    assert keys(kunde, "klient") == ["010020000000", "010540056056"], "what is chosen stays"
    assert kunde.value("klient") == "010020000000"
    assert "checked" not in kunde.page.one("input", id="payment").attributes
    assert len(desks.orders.messages()) == before, "a search sends nothing"
    await kunde.send(klient="010540056056")
    named = (await desks.read(kunde.path.partition("?")[0]))["klienten"][0]  # type: ignore[index]
    assert (named["klient"], named["payment"]) == ({"id": "010540056056", "name": "Husum, Stadt"}, False)
    sent = len(desks.orders.messages())
    await kunde.again()
    assert len(desks.orders.messages()) == sent, "a double click names once"


async def test_the_button_of_a_search_leads_back_to_what_was_found(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    kunde = await naming(desks, monkeypatch)
    button = next(it for it in kunde.form().inside_all("button") if it.attributes.get("value") == "search")
    assert button.attributes["formaction"] == f"{kunde.form().attributes['action']}#klient"
    found = kunde.page.one("fieldset", id="klient")
    assert found.attributes["tabindex"] == "-1", "it takes the focus there, and is no stop of its own"
    await kunde.open(f"/en{kunde.path}")
    assert "For which body do you order?" in kunde.text
    await kunde.send(200, "Search", klient__q="Nirgends")
    assert "Try another spelling, or the official key." in kunde.text


async def test_a_key_that_a_reform_has_given_up_names_its_successor_in_place(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    kunde = await naming(desks, monkeypatch)
    await kunde.send(200, "Suchen", klient__q="160615012097", payment=[])
    assert "Nachfolger ist: Uder." in kunde.page.one("p", id="klient-note").text
    assert keys(kunde, "klient") == ["160615051119"]
    assert kunde.value("klient.q") == "160615012097", "what was typed stays"
    await kunde.send(200, "Suchen", klient__q="130715163017")
    assert "weiß der Kreis" in kunde.page.one("p", id="klient-note").text
    assert keys(kunde, "klient") == []
    await kunde.send(200, "Suchen", klient__q="Kiel")
    desks.register.former = {**FORMER, "010020000000": ("Kiel", "160615051119")}
    desks.register.bodies = {key: name for key, name in KLIENTEN.items() if key != "010020000000"}
    before = len(desks.orders.messages())
    await kunde.send(422, "", klient="010020000000")
    assert "Nachfolger ist: Uder." in kunde.page.one("p", id="klient-error").text
    assert keys(kunde, "klient") == ["160615051119"]
    assert "checked" not in kunde.page.one("input", id="klient-1").attributes, "nobody is named whom no one has chosen"
    assert "checked" not in kunde.page.one("input", id="payment").attributes
    assert len(desks.orders.messages()) == before


async def test_a_register_that_is_away_costs_no_word_and_names_nobody(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    kunde = await naming(desks, monkeypatch)
    await kunde.send(200, "Suchen", klient__q="husum", payment=[])
    desks.register.away = True
    await kunde.send(200, "Suchen", klient__q="kiel")
    assert "Das Verzeichnis der öffentlichen Stellen antwortet gerade nicht." in kunde.text
    desks.register.away = False
    await kunde.send(200, "Suchen", klient__q="husum")
    desks.register.away = True
    await kunde.send(422, "", klient="010540056056")
    assert "Der Marktplatz antwortet gerade nicht." in kunde.page.one("p", id="klient-error").text
    assert (kunde.value("klient"), kunde.value("klient.q")) == ("010540056056", "husum")
    desks.register.away = False
    await kunde.send()
    assert "Der Klient ist benannt" in kunde.text


async def test_what_was_found_is_there_again_after_a_login_in_between(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    kunde = await naming(desks, monkeypatch)
    await kunde.send(200, "Suchen", klient__q="husum")
    path = kunde.path
    form = {name: value for name, value in kunde.sent[1] if name != "action"} | {"klient": "010540056056"}
    kunde.visitor.cookies.delete(SESSION)
    answer = await kunde.visitor.post(path, data=form, headers=OURS)
    assert answer.status_code == 303
    await desks.world.log_in(kunde.visitor, path=answer.headers["Location"])
    await kunde.open(path)
    assert "Ihre Eingaben sind noch da" in kunde.text
    assert (kunde.value("klient"), kunde.value("klient.q")) == ("010540056056", "husum")
