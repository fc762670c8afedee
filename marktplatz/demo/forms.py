"""What people do in the portal from page to page: the links they follow, the fields they fill in, the buttons they press.

The last act of the demo plays these steps over a whole marketplace; the tests of the browser play them over services in process,
by keyboard or without scripts, and judge every page that has a name here. Each step ends on the page that says what came of it,
and raises StepFailedError where a page is not as described here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date

from marktplatz.demo.desk import PAUSE, SECONDS, Desk

PDF = "%PDF-1.7 Unterlage"
EXAMPLE = "So sieht die Angabe aus: "
SETTLE = "Punkt klären"
REACH = "Als erreicht melden"
CONDITION = "1st-Level-Support beim Kunden"


@dataclass(frozen=True, slots=True)
class Relation:
    """What an organisation states: ``via`` which bodies it belongs to the Anbieter, by their keys, and the evidence."""

    via: tuple[str, ...]
    type: str
    kind: str
    title: str
    reference: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What makes one offer another than the next. ``keys``: what the catalogue of OZG services is searched for."""

    title: str
    summary: str
    topic_id: str
    keys: str


async def register(kunde: Desk, query: str, name: str, channel: str) -> None:
    """Register an organisation as Kunde, found by its name in the register of public bodies, and ask for its accreditation."""
    await kunde.open("/registration")
    await kunde.send("Suchen", "registration", q=query)
    await kunde.follow(f"Weiter mit {name}")
    roles = {"roles": ["KUNDE"], "accreditations": [f"{channel}/KUNDE"]}
    await kunde.send("Registrieren", "organisation-registered", capacity="VERTRETUNGSBERECHTIGT", **roles, confirmed="true")
    await kunde.says("Ihre Organisation ist registriert")


async def state_relation(kunde: Desk, relation: Relation, channel: str) -> None:
    """State the in-house relation on the page of the own organisation, with a file as evidence."""
    await kunde.follow("Inhouse-Beziehung angeben")
    found: dict[str, str] = {}
    for key in relation.via:
        await kunde.send("Suchen", "relation", next__q=key, **found)
        found = {"next": key}
    evidence = {"kind": relation.kind, "title": relation.title, "reference": relation.reference}
    await kunde.send("Angabe speichern", channel=channel, type=relation.type, **found, **evidence)
    await kunde.follow(f"Datei : {relation.title}", "evidence")
    await kunde.send("Datei beifügen", file=PDF)
    await kunde.says("Die Datei ist beigefügt")


async def accredit(anbieter: Desk, name: str) -> None:
    """Examine the request of an organisation and accredit it."""
    await anbieter.open("/tasks", "tasks")
    await anbieter.follow("Akkreditierungen prüfen", "accreditations")
    await anbieter.follow(name)
    await anbieter.follow("Prüfung aufnehmen")
    await anbieter.send("Prüfung aufnehmen", "organisation")
    await anbieter.follow("Akkreditierung erteilen", "grant")
    await anbieter.send("Akkreditierung erteilen")
    await anbieter.says("Erteilt")


async def begin_offer(bereitsteller: Desk, title: str) -> str:
    """Begin the form of an offer with its name, and return the path of the offer."""
    await bereitsteller.open("/my/offerings", "mine")
    await bereitsteller.follow("Neue Leistung anbieten")
    await bereitsteller.send("Entwurf anlegen", "edit-new", title=title)
    return bereitsteller.path.removesuffix("/edit")


async def complete_offer(bereitsteller: Desk, path: str, offer: Offer, channel: str, valid_from: date) -> int:
    """Fill in the form of an offer, section by section, and return how many points of the checklist it answers."""
    here = f"{path}/edit"
    await bereitsteller.open(f"{here}/about", "edit-about")
    await bereitsteller.send("Speichern", summary=offer.summary, topic_id=offer.topic_id)
    await bereitsteller.open(f"{here}/keys")
    await bereitsteller.send("Suchen", "edit-keys", q=offer.keys)
    await bereitsteller.send("Speichern", ozg_ids=await bereitsteller.first("ozg_ids"))
    await bereitsteller.open(f"{here}/reuse", "edit-reuse")
    texts = {
        "nachnutzung": "Gebühren, Logo und Zuständigkeiten sind Parameter.",
        "technical_concept": "Webanwendung in Containern.",
    }
    await bereitsteller.send("Speichern", **texts, reifegrad="3")
    await bereitsteller.open(f"{here}/connection/new")
    await bereitsteller.send("Speichern", label="Gebührenordnung", name="gebuehrenordnung")
    await bereitsteller.send("Speichern", anbindungsarten=["FIT_CONNECT"])
    await bereitsteller.open(f"{here}/costs/new", "edit-price")
    price = {"label": "Betrieb", "kind": "BETRIEB_ONLINEDIENST", "amount": "2.400,00", "period": "JAHR", "key": "FEST"}
    await bereitsteller.send("Speichern", "edit-costs", **price, **_day("valid_from", valid_from))
    await bereitsteller.open(f"{here}/documents/new", "edit-document")
    await bereitsteller.send("Speichern", title="Leistungsbeschreibung", file=PDF)
    await bereitsteller.open(f"{here}/checklist", "edit-checklist")
    points = await bereitsteller.names("fulfilment.")
    await bereitsteller.send("Speichern", **dict.fromkeys(points, "ERFUELLT"))
    await bereitsteller.open(f"{here}/ways", "edit-ways")
    await bereitsteller.send("Speichern", "edit-complete", channels=[channel])
    return len(points)


async def hand_in_offer(bereitsteller: Desk, path: str) -> None:
    """Hand a complete form in."""
    await bereitsteller.open(f"{path}/edit")
    await bereitsteller.send("Formular einreichen")
    await bereitsteller.says("Das Formular ist eingereicht")


async def accept_offer(anbieter: Desk, title: str) -> None:
    """Accept a form that was handed in, and with it the Bereitstellungsvertrag, after which the offer is public."""
    await anbieter.open("/tasks/offerings", "tasks-offerings")
    await anbieter.follow(title, "offering-charge")
    await anbieter.follow("Formular annehmen")
    await anbieter.send("Formular annehmen")
    await anbieter.says("Das Formular ist angenommen")


async def find_offer(kunde: Desk, query: str, title: str) -> None:
    """Search the Schaufenster and open an offer by its name."""
    await kunde.open("/offerings")
    await kunde.search("Suchen", q=query)
    await kunde.arrives(kunde.address, title)
    await kunde.follow(title, exact=True)


async def declare_interest(kunde: Desk, offer: str, message: str) -> str:
    """Declare interest in an offer, again where ordering has not learnt of it yet, and return the path of the Vorgang."""
    await kunde.open(f"{offer}/interest", "interest")
    await kunde.send("Interesse bekunden", message=message)
    for _ in range(round(SECONDS / PAUSE)):
        if not kunde.path.endswith("/interest"):
            break
        await asyncio.sleep(PAUSE)
        await kunde.send("Interesse bekunden")
    await kunde.says("Ihr Interesse ist bekundet")
    return kunde.path


async def start_clarification(bereitsteller: Desk, order: str) -> None:
    """Begin the Abstimmung as soon as the interest is forwarded."""
    await bereitsteller.arrives(order, "Abstimmung aufnehmen")
    await bereitsteller.follow("Abstimmung aufnehmen", "clarification")
    await bereitsteller.send("Abstimmung aufnehmen", anbindungsart="FIT_CONNECT")
    await bereitsteller.says("Die Abstimmung hat begonnen")


async def ask(side: Desk, question: str) -> None:
    """Ask the other side something on the page of the Vorgang."""
    await side.follow("Frage stellen")
    await side.send("Frage stellen", "order-asked", text=question)
    await side.says("Ihre Frage ist gestellt")


async def answer(side: Desk, order: str, text: str) -> None:
    """Answer a question in a Vorgang."""
    await side.open(order)
    await side.follow("Beantworten", "answer")
    await side.send("Antworten", text=text)
    await side.says("Die Frage ist beantwortet")


async def settle_point(side: Desk) -> None:
    """Settle the first open point on the page of the Vorgang, as the form's example shows."""
    await side.follow(SETTLE)
    example = (await side.hint("value")).removeprefix(EXAMPLE)
    await side.send("Punkt als geklärt speichern", value=example)
    await side.says("Der Punkt ist geklärt")


async def settle_points(side: Desk, order: str) -> int:
    """Settle all open points of a side, and return how many there were."""
    await side.open(order)
    number = 0
    while await side.has(SETTLE):
        await settle_point(side)
        number += 1
    return number


async def confirm_conditions(bereitsteller: Desk, order: str) -> None:
    """Confirm the conditions, after which it is the Anbieter's turn."""
    await bereitsteller.open(order)
    await bereitsteller.follow("Konditionen bestätigen")
    await bereitsteller.send("Konditionen bestätigen", conditions=CONDITION)
    await bereitsteller.says("Die Konditionen sind bestätigt")


async def make_offer(anbieter: Desk, order: str, valid_until: date) -> None:
    """Make the Kunde an offer for the Nachnutzungsvertrag."""
    await anbieter.open(order)
    await anbieter.follow("Angebot machen", "make-offer")
    await anbieter.send("Angebot machen", **_day("valid_until", valid_until))
    await anbieter.says("Das Angebot ist gemacht")


async def place(kunde: Desk, order: str, reference: str) -> None:
    """Order, under the AGB that the form shows."""
    await kunde.open(order)
    await kunde.follow("Bestellen", exact=True)
    await kunde.send("Verbindlich bestellen", "order-placed", order_reference=reference, accepts_agb="true")
    await kunde.says("Sie haben bestellt")


async def open_contract(kunde: Desk, order: str) -> str:
    """Open the contract from the Vorgang as soon as it is concluded, and return its number."""
    await kunde.arrives(order, "Vertrag geschlossen")
    number = await kunde.link_to("/contracts/")
    await kunde.follow(number)
    return number


async def save_contract(kunde: Desk) -> bytes:
    """Save the contract as PDF from its page, as soon as it is made, and return the file."""
    await kunde.arrives(kunde.path, "PDF,")
    return await kunde.save(await kunde.link_to(f"{kunde.path}/documents/"))


async def start_onboarding(bereitsteller: Desk, order: str) -> None:
    """Begin the Anbindung."""
    await bereitsteller.open(order)
    await bereitsteller.follow("Anbindung beginnen")
    await bereitsteller.send("Anbindung beginnen", "order-onboarding")
    await bereitsteller.says("Die Anbindung hat begonnen")


async def reach_milestones(side: Desk, order: str) -> int:
    """Report all milestones of a side as reached, and return how many there were."""
    await side.open(order)
    number = 0
    while await side.has(REACH):
        await side.follow(REACH)
        await side.send(REACH)
        await side.says("Der Meilenstein ist gemeldet")
        number += 1
    return number


async def go_live(bereitsteller: Desk, order: str) -> None:
    """Declare productive use."""
    await bereitsteller.open(order)
    await bereitsteller.follow("Produktiven Betrieb erklären")
    await bereitsteller.send("Produktiven Betrieb erklären", "order-live")
    await bereitsteller.says("Der Dienst ist produktiv")


def _day(field: str, day: date) -> dict[str, str]:
    return {f"{field}__{part}": str(getattr(day, part)) for part in ("day", "month", "year")}
