"""The main flow once more as people go through it: by forms of the portal alone, in a real browser where one is installed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta

from marktplatz.demo import flow, forms
from marktplatz.demo.acts.ordering import chain
from marktplatz.demo.browser import opened, program
from marktplatz.demo.desk import Desk
from marktplatz.demo.people import Json
from marktplatz.demo.screen import equals, holds
from marktplatz.demo.world import World
from services.contracts.documents import rendering

CHANNEL = "govdigital"
OFFER = forms.Offer(
    title="Parkausweise und Zufahrtsberechtigungen",
    summary="Antrag auf Bewohnerparkausweise und auf Zufahrt zu Fußgängerzonen, mit Bezahlung und Nachweisen.",
    topic_id="mobilitaet_reisen",
    keys="Parkausweise",
)
MEMBERSHIP = forms.Relation(
    via=(),
    type="MEMBER",
    kind="MITGLIEDERLISTE",
    title="Mitgliederliste der govdigital",
    reference="https://www.vitako.de/SitePages/Nachrichten.aspx?item=58",
)
WAY = "govdigital eG: Möglich"
"""What the pre-check says at the offer to whom it is free."""
REFERENCE = "K-2026-77"
VALID_DAYS = 60


@dataclass(frozen=True, slots=True)
class _Desks:
    kunde: Desk
    bereitsteller: Desk
    anbieter: Desk


async def browser(world: World) -> None:
    """Bring an offer of Komm.ONE from the empty form, and Köln from its registration, to productive use by forms."""
    found, portal = program(), world.run.portal
    if found is None or portal is None:
        world.screen.line("Im Browser wird nichts gezeigt: dafür fehlt Chromium (chromium-headless-shell) oder playwright.")
        return
    world.screen.act("Dasselbe im Browser, allein mit den Formularen des Portals")
    cast = world.cast
    async with opened(found, portal) as window:
        desks = _Desks(*await asyncio.gather(*(window.desk(it.subject) for it in (cast.koeln, cast.komm_one, cast.govdigital))))
        offer = await _begin(world, desks)
        order = await _interest(world, desks, offer)
        await _clarification(world, desks, order)
        contract = await _contract(world, desks, order)
        await _delivery(world, desks, order)
        await _all_see_it(world, desks, order, contract)


async def _begin(world: World, desks: _Desks) -> str:
    """Register Köln and fill in the offer, each at their own desk at the same time; return the path of the offer."""
    cast, screen = world.cast, world.screen
    (offer, points), _ = await asyncio.gather(_offered(desks.bereitsteller), _registered(world, desks.kunde))
    await forms.accredit(desks.anbieter, cast.koeln.organisation_name)
    organisation = await cast.koeln.get("eligibility", f"/v1/organisations/{cast.koeln.organisation}")
    screen.scene(
        "Köln",
        "registriert sich und legt einen Nachweis bei; govdigital prüft und akkreditiert.",
        equals(
            "Akkreditierungen", [(it["channel"], it["state"]) for it in organisation["accreditations"]], [(CHANNEL, "ERTEILT")]
        ),
    )
    await forms.accept_offer(desks.anbieter, OFFER.title)
    await desks.anbieter.arrives(offer, "Bestellbar")
    published = await cast.komm_one.get("catalog", f"/v1{offer}")
    (provision,) = published["workflow"]["provisions"]
    screen.scene(
        "Komm.ONE",
        f"füllt ein leeres Formular aus ({points} Punkte); öffentlich mit Vertrag {provision['number']}.",
        equals("Stand des Angebots", published["state"], "VEROEFFENTLICHT"),
        equals("Bereitstellungsvertrag", (provision["state"], provision["channel"]), ("GESCHLOSSEN", CHANNEL)),
    )
    return offer


async def _offered(bereitsteller: Desk) -> tuple[str, int]:
    offer = await forms.begin_offer(bereitsteller, OFFER.title)
    points = await forms.complete_offer(bereitsteller, offer, OFFER, CHANNEL, date(_today().year, 1, 1))
    await forms.hand_in_offer(bereitsteller, offer)
    return offer, points


async def _registered(world: World, kunde: Desk) -> None:
    await forms.register(kunde, "Köln", world.cast.koeln.organisation_name, CHANNEL)
    await forms.state_relation(kunde, MEMBERSHIP, CHANNEL)


async def _interest(world: World, desks: _Desks, offer: str) -> str:
    """Find the offer, read the own Bestellweg and declare interest; return the path of the Vorgang."""
    kunde = desks.kunde
    await forms.find_offer(kunde, "Parkausweise", OFFER.title)
    found = kunde.path
    await kunde.arrives(found, WAY)
    order = await forms.declare_interest(kunde, found, "Wir möchten zum nächsten Quartal starten.")
    world.orders.append(order.removeprefix("/orders/"))
    world.kunden.append(world.cast.koeln)
    declared = await _state(world, order)
    world.screen.scene(
        "Köln",
        f"findet sie, liest „{WAY}“, bekundet Interesse: {declared['number']}.",
        equals("gefundene Leistung", found, offer),
        equals("Leistung des Vorgangs", declared["offering"]["title"], OFFER.title),
    )
    return order


async def _clarification(world: World, desks: _Desks, order: str) -> None:
    """Settle all points, ask and answer a question, confirm the conditions, and make the offer of the contract."""
    kunde, bereitsteller = desks.kunde, desks.bereitsteller
    await forms.start_clarification(bereitsteller, order)
    await forms.ask(bereitsteller, "Wie viele Ausweise geben Sie im Jahr aus?")
    await forms.answer(kunde, order, "Etwa 90.000.")
    settled = await asyncio.gather(forms.settle_points(kunde, order), forms.settle_points(bereitsteller, order))
    await forms.confirm_conditions(bereitsteller, order)
    await forms.make_offer(desks.anbieter, order, _today() + timedelta(days=VALID_DAYS))
    offered = await _state(world, order)
    world.screen.scene(
        "Komm.ONE",
        f"und Köln klären {sum(settled)} Punkte und eine Rückfrage; govdigital macht das Angebot.",
        equals("Stand", offered["state"], "ANGEBOT_ERSTELLT"),
        equals("geklärte Punkte", [it["settled"] for it in offered["points"]], [True] * sum(settled)),
        equals("Antwort auf die Rückfrage", [it["answer"] for it in offered["questions"]], ["Etwa 90.000."]),
    )


async def _contract(world: World, desks: _Desks, order: str) -> str:
    """Order, open the contract and save it as PDF where documents can be made here; return its path."""
    kunde = desks.kunde
    await forms.place(kunde, order, REFERENCE)
    number = await forms.open_contract(kunde, order)
    path = kunde.path
    saved = await forms.save_contract(kunde) if rendering.available() else None
    (contract,) = await flow.contracts_of(world.cast.koeln, order.removeprefix("/orders/"))
    world.screen.scene(
        "Köln",
        f"bestellt: Vertrag {number}" + ("." if saved is None else f", als PDF gespeichert ({len(saved) // 1024} KB)."),
        equals("Vertrag", (f"/contracts/{contract['id']}", contract["number"]), (path, number)),
        equals("Vertragskette", chain(contract), "Köln → govdigital → Komm.ONE"),
        *([] if saved is None else [holds("der Vertrag ist ein PDF", saved.startswith(b"%PDF-"), saved[:20])]),
    )
    return path


async def _delivery(world: World, desks: _Desks, order: str) -> None:
    """Reach every milestone and go live."""
    await forms.start_onboarding(desks.bereitsteller, order)
    sides = (desks.kunde, desks.bereitsteller)
    reached = await asyncio.gather(*(forms.reach_milestones(it, order) for it in sides))
    await forms.go_live(desks.bereitsteller, order)
    live = await _state(world, order)
    world.screen.scene(
        "Komm.ONE",
        f"und Köln melden {sum(reached)} Meilensteine; Vorgang {live['number']} ist PRODUKTIV.",
        equals("Stand", live["state"], "PRODUKTIV"),
        equals("gemeldete Meilensteine", len(live["milestones"]), sum(reached)),
    )


async def _all_see_it(world: World, desks: _Desks, order: str, contract: str) -> None:
    """Have each side read the Vorgang, the contract and the newest notice about it."""
    live = await _state(world, order)
    notice = f"„{OFFER.title}“ ist bei {world.cast.koeln.organisation_name} produktiv"
    checks = []
    for desk in (desks.kunde, desks.bereitsteller, desks.anbieter):
        await desk.arrives(f"/inbox?order_id={live['id']}", notice)
        for path, words in ((order, live["number"]), (contract, live["contract"]["number"])):
            await desk.open(path)
            text = await desk.text()
            checks.append(holds(f"{path} zeigt {desk.name}: {words}", words in text, text))
    world.screen.scene("Alle drei", "sehen Vorgang, Vertrag und Posteingang, angemeldet im Browser.", *checks)


async def _state(world: World, order: str) -> Json:
    """Return a Vorgang by the API, which shows what the forms have brought about."""
    return await world.cast.koeln.get("ordering", f"/v1{order}")


def _today() -> date:
    return date.today()  # noqa: DTZ011 - the day on this machine is what a person fills in
