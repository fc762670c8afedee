"""The scenes of the story, in order. Each acts over the public interfaces and checks what it narrates."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from marktplatz.console import progress_bars
from marktplatz.demo import flow
from marktplatz.demo.cast import Cast
from marktplatz.demo.people import Json, eventually
from marktplatz.demo.story import Story
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded, processor
from marktplatz.loading import load_reference_data
from shared.messages.values import Channel

EXPECTED = {"municipalities": 10_751, "states": 17, "districts": 294}
"""16 Länder and the Bund; the 106 kreisfreie Städte among the 400 districts are counted as municipalities."""

MANY = 10
CONCERNED = {
    "ordering.order.interest-declared.v1": ("customer",),
    "ordering.order.interest-forwarded.v1": ("provider",),
    "ordering.order.refused.v1": ("customer",),
    "ordering.order.clarification-started.v1": ("customer",),
    "ordering.order.point-settled.v1": ("not owner",),
    "ordering.order.question-asked.v1": ("not asked_by",),
    "ordering.order.question-answered.v1": ("not answered_by",),
    "ordering.order.conditions-confirmed.v1": ("customer", "channel"),
    "ordering.order.offer-made.v1": ("customer",),
    "ordering.order.placed.v1": ("provider", "channel"),
    "ordering.order.onboarding-started.v1": ("customer",),
    "ordering.order.milestone-reached.v1": ("customer", "provider"),
    "ordering.order.went-live.v1": ("customer", "provider", "channel"),
    "contracts.contract.concluded.v1": ("customer", "provider", "channel"),
}
"""Whom the story expects to be notified of an event, written down here independently of notify.

``not owner``: the side that the event's field ``owner`` does not name.
"""

LEITWEG_ID = "01054056-HUSUM1-64"


@dataclass(slots=True)
class World:
    """What the scenes share: the run, the people, what came about so far."""

    run: Embedded
    story: Story
    cast: Cast
    tap: Tap
    checklist: Json = field(default_factory=dict)
    offers: dict[str, Json] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)


async def load(world: World) -> None:
    """Scene 1: the real reference data."""
    world.story.scene(1, "Referenzdaten: Länder, Kreise, Gemeinden, IT-Dienstleister, OZG und LeiKa, bekannte EfA-Leistungen")
    with progress_bars(world.story.console, transient=True) as progress:
        counts = await load_reference_data(world.run.settings, progress)
    world.story.say("; ".join(f"{kind}: {count}" for kind, count in sorted(counts.items())))
    bodies = await world.cast.husum.get("eligibility", "/v1/bodies", {"q": "husum", "type": "KOMMUNE"})
    names = [item["name"] for item in bodies["items"]]
    world.story.check("„husum“ findet die Stadt Husum im Verzeichnis der Gebietskörperschaften", "Husum, Stadt" in names, names)
    for kind, number in EXPECTED.items():
        world.story.check(f"{kind}: {number} geladen", counts.get(kind) == number, counts)
    world.checklist = await world.cast.komm_one.get("catalog", "/v1/reference/requirements")


async def offer(world: World) -> None:
    """Scene 2: Komm.ONE offers a service for govdigital."""
    story, cast = world.story, world.cast
    story.scene(2, "Komm.ONE bietet „Fahrerlaubnis zur Fahrgastbeförderung“ über govdigital an")
    draft = flow.form(
        world.checklist,
        title="Fahrerlaubnis zur Fahrgastbeförderung",
        summary="Antrag auf Erteilung und Verlängerung der Fahrerlaubnis zur Fahrgastbeförderung, mit Bezahlung und Nachweisen.",
        topic_id="mobilitaet_reisen",
        ozg_ids=["10424"],
        leika_keys=["99084003001000"],
        anbindungsarten=["FIT_CONNECT", "OSCI_XTA"],
        channels=["govdigital"],
        known_listing="E018",
    )
    incomplete = await cast.komm_one.post("catalog", "/v1/offerings", {**draft, "requirements": [], "price_items": []})
    refused = await cast.komm_one.send("POST", "catalog", f"/v1/offerings/{incomplete['id']}/submit", {})
    points = refused.json().get("points", [])
    story.check(f"Ein unvollständiges Formular wird nicht angenommen: {len(points)} Mängel auf einmal genannt", len(points) > 1)
    await cast.komm_one.post("catalog", f"/v1/offerings/{incomplete['id']}/withdraw", {"reason": "Zweitfassung."})

    published = await flow.publish(cast.komm_one, cast.govdigital, draft, "GD-B-2026-017")
    world.offers["fahrgast"] = published
    story.check("Formular geprüft, Bereitstellungsvertrag erfasst, veröffentlicht", published["state"] == "VEROEFFENTLICHT")
    found = await cast.husum.get(
        "catalog", "/v1/offerings", {"q": "fahrgast", "channel": "govdigital", "anbindungsart": "FIT_CONNECT"}
    )
    ids = [item["id"] for item in found["items"]]
    story.check("Im Schaufenster über Suche und Filter gefunden", ids == [published["id"]], ids)
    story.say("Facetten: " + ", ".join(f"{name} ({len(values)})" for name, values in sorted(found["facets"].items())))


async def register(world: World) -> None:
    """Scene 3: a municipality registers, states its in-house relation and is accredited."""
    story, cast = world.story, world.cast
    story.scene(3, "Die Stadt Husum registriert sich, erklärt ihr Inhouse-Verhältnis und wird als Kunde akkreditiert")
    before = await _check(cast, "govdigital")
    story.say(f"Vorprüfung davor: {before['verdict']} - {_decisive(before)['reason']}")
    story.check("Ohne Registrierung und Nachweis gibt es noch keinen freien Weg", before["verdict"] == "NO_EVIDENCE", before)
    for person, role in ((cast.husum, "Kunde"), (cast.komm_one, "Bereitsteller"), (cast.govdigital, "Anbieter")):
        await person.put(
            "notify",
            "/v1/contacts/me",
            {"name": f"{role} {person.organisation_name}", "email": f"{person.subject}@example.org", "language": "de"},
        )
    relation = {
        "path": ["010540056056", "itvsh", "dataport", "govdigital"],
        "type": "TRAEGER",
        "valid_from": "2012-01-01",
        "evidence": [{"type": "SATZUNG", "title": "Organisationssatzung des ITVSH", "reference": "Az. 10.24/2012"}],
    }
    organisation = await flow.register(
        cast.husum, cast.govdigital, "KUNDE", relation, kunde={"ars": "010540056056", "leitweg_id": LEITWEG_ID}
    )
    state = organisation["accreditations"][0]["state"]
    story.check("Akkreditiert als Kunde bei govdigital", state == "ERTEILT", organisation)
    after = await _check(cast, "govdigital")
    for finding in after["findings"]:
        story.say(f"{finding['leg']} {finding['rule']}: {finding['reason']}")
    story.check("Vorprüfung jetzt: EXEMPT, über Husum → ITVSH → Dataport → govdigital", after["verdict"] == "EXEMPT", after)


async def main_flow(world: World) -> None:
    """Scene 4: interest, clarification, order, contract, delivery."""
    story, cast = world.story, world.cast
    story.scene(4, "Vom Interesse bis PRODUKTIV")
    order = await flow.declare(cast.husum, world.offers["fahrgast"]["id"], "govdigital")
    world.orders.append(order["id"])
    await flow.reaches(cast.husum, order["id"], "WEITERGELEITET")
    forwarded = await cast.komm_one.get("ordering", f"/v1/orders/{order['id']}")
    waiting = forwarded["waiting"]
    story.check(
        f"{order['number']}: Interesse vorgeprüft und weitergeleitet; es wartet auf {waiting['party']} seit {waiting['since']}",
        waiting["party"] == "BEREITSTELLER",
        waiting,
    )
    agreed = await flow.clarify(cast.husum, cast.komm_one, order["id"], ["Start frühestens am 01.04.2027."])
    story.check(f"{len(agreed['points'])} offene Punkte geklärt, Konditionen bestätigt", agreed["state"] == "ABGESTIMMT", agreed)
    offered = await flow.offer(cast.govdigital, order["id"])
    story.check("govdigital hat das Angebot für den Nachnutzungsvertrag erstellt", offered["state"] == "ANGEBOT_ERSTELLT")
    await flow.place(cast.husum, order["id"], leitweg_id=LEITWEG_ID, order_reference="HUS-2026-118")
    contracted = await flow.reaches(cast.husum, order["id"], "VERTRAG_GESCHLOSSEN")
    number = contracted["contract"]["number"]
    contracts = await flow.contracts_of(cast.husum, order["id"])
    story.check(f"Vertrag {number} vom Prozessor govdigital geschlossen", len(contracts) == 1, contracts)
    contract = await cast.husum.get("contracts", f"/v1/contracts/{contracts[0]['id']}")
    story.say(f"{contract['title']}, AGB {contract['agb']['version']}, {len(contract['price_items'])} Preiszeile(n), "
              f"{len(contract['conditions'])} Kondition(en)")  # fmt: skip
    live = await flow.deliver(cast.husum, cast.komm_one, order["id"])
    story.check(f"{len(live['milestones'])} Meilensteine erreicht: PRODUKTIV", live["state"] == "PRODUKTIV", live["state"])
    _timeline(story, live)


async def federal(world: World) -> None:
    """Scene 5: Sachsen orders a service of Nordrhein-Westfalen through FITKO."""
    story, cast = world.story, world.cast
    story.scene(5, "Sachsen bestellt die Sozialplattform Nordrhein-Westfalens über die FITKO")
    draft = flow.form(
        world.checklist,
        title="Sozialplattform",
        summary="Plattform für Sozialleistungen: Anträge stellen, Beratungsstellen finden, Bescheide empfangen.",
        topic_id="arbeit_ruhestand",
        leika_keys=["99107014017000"],
        anbindungsarten=["FIT_CONNECT", "OSCI_XTA"],
        channels=["fitko"],
        known_listing="E007",
    )
    found = await cast.sachsen.get("catalog", "/v1/reference/leika", {"q": "Grundsicherung", "limit": 1})
    draft["leika_keys"] = [found["items"][0]["leika_key"]]
    offer = await flow.publish(cast.nordrhein_westfalen, cast.fitko, draft, "FITST-E/2026/004")
    world.offers["sozialplattform"] = offer
    await flow.register(cast.sachsen, cast.fitko, "KUNDE", None)
    order_id = await flow.ready_to_order(cast.sachsen, cast.nordrhein_westfalen, cast.fitko, offer["id"])
    world.orders.append(order_id)
    await flow.place(cast.sachsen, order_id)
    order = await flow.reaches(cast.sachsen, order_id, "VERTRAG_GESCHLOSSEN")
    expected = f"FITST/{datetime.now(UTC).year}/0001"
    story.check(
        f"Der Prozessor FITKO hat Vertrag {expected} geschlossen", order["contract"]["number"] == expected, order["contract"]
    )


async def refusal(world: World) -> None:
    """Scene 6: a municipality tries FITKO directly."""
    story, cast = world.story, world.cast
    story.scene(6, "Die Stadt Husum versucht es direkt bei der FITKO")
    order = await flow.declare(cast.husum, world.offers["sozialplattform"]["id"], "fitko")
    world.orders.append(order["id"])
    refused = await flow.reaches(cast.husum, order["id"], "ABGELEHNT")
    verdict, reason = refused["verdict"], refused["refusal"]
    finding = next(item for item in verdict["findings"] if item["verdict"] == verdict["verdict"])
    story.say(f"Regel {finding['rule']}: {reason['reason']}")
    story.say(f"Abhilfe: {reason['remedy']}")
    story.check("Abgelehnt mit Regel, Grund und Abhilfe", bool(reason["code"] and reason["reason"] and reason["remedy"]), reason)
    story.check("Die Abhilfe nennt den Weg, der offen wäre", "govdigital" in reason["remedy"], reason)


async def twice(world: World) -> None:
    """Scene 7: the same order twice with one key, and once more as a duplicate event."""
    story, cast = world.story, world.cast
    story.scene(7, "Dieselbe Bestellung zweimal mit einem Idempotency-Key und ein drittes Mal als doppeltes Ereignis")
    offer = await _offer_copy(world, "Fahrgastbeförderung: Verlängerung")
    order_id = await flow.ready_to_order(cast.husum, cast.komm_one, cast.govdigital, offer["id"])
    world.orders.append(order_id)
    first = await flow.place(cast.husum, order_id, key="husum-bestellung-7")
    again = await flow.place(cast.husum, order_id, key="husum-bestellung-7")
    story.check("Beide Anfragen haben dieselbe Antwort", first == again)
    await flow.reaches(cast.husum, order_id, "VERTRAG_GESCHLOSSEN")
    repeated = await world.tap.repeat("contracts.govdigital.request.v1", order_id)
    # More than one record where the outbox itself had to send twice: a busy machine lets acknowledgements come late.
    story.check("Das Vertragsersuchen wurde mit allen Bytes noch einmal gesendet", repeated >= 1, repeated)
    await world.tap.caught_up("contracts.govdigital")
    contracts = await flow.contracts_of(cast.husum, order_id)
    story.check("Es gibt genau einen Vertrag", len(contracts) == 1, contracts)


async def crash(world: World) -> None:
    """Scene 8: kill -9 of the contract processor in the middle of ten orders."""
    story, cast = world.story, world.cast
    story.scene(8, "kill -9 des Vertragsprozessors govdigital mitten in zehn Bestellungen")
    name = processor(Channel.GOVDIGITAL)
    offers = await asyncio.gather(*(_offer_copy(world, f"Fahrgastbeförderung, Fassung {n}") for n in range(1, MANY + 1)))
    orders = await asyncio.gather(
        *(flow.ready_to_order(cast.husum, cast.komm_one, cast.govdigital, offer["id"]) for offer in offers)
    )
    world.orders += orders
    half = MANY // 2
    await asyncio.gather(*(flow.place(cast.husum, order) for order in orders[:half]))
    killing = asyncio.create_task(world.run.kill_and_wait(name))
    await asyncio.gather(*(flow.place(cast.husum, order) for order in orders[half:]))
    died, successor = await killing
    story.say(f"Prozess {died} getötet, Nachfolger {successor} läuft")
    await asyncio.gather(*(flow.reaches(cast.husum, order, "VERTRAG_GESCHLOSSEN", seconds=60) for order in orders))
    found = [contract for order in orders for contract in await flow.contracts_of(cast.husum, order)]
    numbers = {contract["number"] for contract in found}
    story.check("Zehn Bestellungen, zehn Verträge, keiner doppelt", len(found) == MANY == len(numbers), sorted(numbers))
    year = datetime.now(UTC).year
    register = await cast.govdigital.get("contracts", f"/v1/registers/govdigital/{year}")
    story.check(f"Nummernkreis {year} ohne Lücke: 1 bis {register['last']}", not register["gaps"], register)
    story.check("Die FITKO hat davon nichts bemerkt", world.run.children[processor(Channel.FITKO)].starts == 1)


async def notifications(world: World) -> None:
    """Everybody concerned got exactly one notification per event and channel."""
    story = world.story
    await world.tap.caught_up("notify.dispatch")
    deliveries = await eventually("deliveries settle", world.tap.settled_deliveries)
    keys = [(d["event_id"], d["organisation"], d.get("person"), d["channel"]) for d in deliveries]
    doubles = len(keys) - len(set(keys))
    story.check(f"{len(keys)} Benachrichtigungen, keine doppelt", doubles == 0 and keys, doubles)
    notified = Counter((d["event_id"], d["organisation"]) for d in deliveries if d["channel"] == "INBOX")
    expected = await world.tap.concerned(CONCERNED)
    wrong = {pair: notified[pair] for pair in expected if notified[pair] != 1}
    story.check(f"Alle {len(expected)} Betroffenen der Ereignisse haben genau eine im Posteingang",
                expected and not wrong, wrong)  # fmt: skip
    mails = [d for d in deliveries if d["channel"] == "EMAIL"]
    story.check(f"{len(mails)} davon als E-Mail, ebenso viele kamen am Mailserver an", len(mails) == world.run.smtp.count > 0,
                (len(mails), world.run.smtp.count))  # fmt: skip
    inbox = await world.cast.husum.get("notify", "/v1/inbox", {"limit": 3})
    for item in inbox["items"]:
        story.say(f"Posteingang Husum: {item['subject']}")


async def _offer_copy(world: World, title: str) -> Json:
    model = world.offers["fahrgast"]
    draft = flow.form(
        world.checklist,
        title=title,
        summary=model["summary"],
        topic_id="mobilitaet_reisen",
        ozg_ids=["10424"],
        leika_keys=["99084003001000"],
        anbindungsarten=["FIT_CONNECT"],
        channels=["govdigital"],
    )
    return await flow.publish(world.cast.komm_one, world.cast.govdigital, draft, f"GD-B-{abs(hash(title)) % 10_000:04d}")


async def _check(cast: Cast, channel: str) -> Json:
    answer = await cast.husum.post("eligibility", "/v1/checks", {"provider": "komm_one", "channel": channel})
    assessment: Json = answer["assessments"][0]
    return assessment


def _decisive(assessment: Json) -> Json:
    return next(item for item in assessment["findings"] if item["verdict"] == assessment["verdict"])


def _timeline(story: Story, order: Json) -> None:
    steps = [step for step in order["timeline"] if step["command"] not in ("settle_point", "reach_milestone")]
    rows = [(step["at"][11:19], step["command"], step["party"], step.get("note") or "") for step in steps]
    story.table(f"Verlauf von {order['number']}", ("Zeit", "Schritt", "durch", "Vermerk"), rows)
