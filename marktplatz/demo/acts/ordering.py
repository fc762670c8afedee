"""The Vorgang from interest to contract, through the Anbieter to whom it belongs."""

from __future__ import annotations

from datetime import UTC, datetime

from marktplatz.demo import flow
from marktplatz.demo.acts.registration import LEITWEG_ID
from marktplatz.demo.people import Json, eventually
from marktplatz.demo.screen import equals, holds
from marktplatz.demo.world import World, short

FORWARDED = "ordering.order.interest-forwarded.v1"


async def interest(world: World) -> None:
    """Declare interest; it is checked, forwarded, and the provider learns of it."""
    screen, cast = world.screen, world.cast
    screen.act("Interesse und Abstimmung")
    declared = await flow.declare(cast.husum, world.offers["fahrgast"]["id"], "govdigital")
    order_id = declared["id"]
    world.orders.append(order_id)
    forwarded = await flow.reaches(cast.husum, order_id, "WEITERGELEITET")
    screen.scene(
        "Husum",
        f"bekundet Interesse: {forwarded['number']}.",
        equals("am Zug", forwarded["waiting"]["party"], "BEREITSTELLER"),
        waiting=world.waiting(forwarded),
    )

    async def notice_of_interest() -> Json | None:
        inbox = await cast.komm_one.get("notify", "/v1/inbox", {"limit": 20})
        return next((it for it in inbox["items"] if (it["event_type"], it["subject_id"]) == (FORWARDED, order_id)), None)

    notice = await eventually("Komm.ONE is notified", notice_of_interest)
    screen.scene(
        "Komm.ONE",
        "ist benachrichtigt, wer an welcher Leistung Interesse hat.",
        holds("die Nachricht nennt den Vorgang", forwarded["number"] in notice["subject"] + notice["body"], notice),
    )


async def clarification(world: World) -> None:
    """Settle the open points and make the offer of the contract."""
    screen, cast, order_id = world.screen, world.cast, world.orders[0]
    agreed = await flow.clarify(cast.husum, cast.komm_one, order_id, ["Start frühestens am 01.04.2027."])
    screen.scene(
        "Komm.ONE",
        f"und Husum klären {len(agreed['points'])} Punkte, eine Frage.",
        equals("Stand", agreed["state"], "ABGESTIMMT"),
        holds("alle Punkte sind geklärt", all(point["settled"] for point in agreed["points"]), agreed["points"]),
        equals("am Zug", agreed["waiting"]["party"], "ANBIETER"),
        waiting=world.waiting(agreed),
    )
    offered = await flow.offer(cast.govdigital, order_id)
    screen.scene(
        "govdigital",
        "macht das Angebot für den Nachnutzungsvertrag.",
        equals("Stand", offered["state"], "ANGEBOT_ERSTELLT"),
        equals("am Zug", offered["waiting"]["party"], "KUNDE"),
        waiting=world.waiting(offered),
    )


async def contract(world: World) -> None:
    """Order; each Anbieter's processor concludes the contracts of its own channel."""
    screen, cast, order_id = world.screen, world.cast, world.orders[0]
    screen.act("Bestellung und Vertragskette über den richtigen Anbieter")
    placed = await flow.place(cast.husum, order_id, leitweg_id=LEITWEG_ID, order_reference="HUS-2026-118")
    screen.scene(
        "Husum",
        f"bestellt mit Leitweg-ID {LEITWEG_ID}.",
        equals("Leitweg-ID", placed["leitweg_id"], LEITWEG_ID),
        waiting=world.waiting(placed),
    )
    contracted = await flow.reaches(cast.husum, order_id, "VERTRAG_GESCHLOSSEN")
    found = await flow.contracts_of(cast.husum, order_id)
    detail = await cast.husum.get("contracts", f"/v1/contracts/{found[0]['id']}")
    screen.scene(
        "govdigital",
        f"schließt Vertrag {detail['number']}: {chain(detail)}.",
        equals("Verträge zum Vorgang", len(found), 1),
        equals("Nummer im Vorgang", contracted["contract"]["number"], detail["number"]),
        equals("Vertragskette", chain(detail), "Husum → govdigital → Komm.ONE"),
        waiting=world.waiting(contracted),
    )
    await _federal(world)


async def _federal(world: World) -> None:
    """Sachsen orders a service of Nordrhein-Westfalen through FITKO."""
    cast = world.cast
    leika = await cast.sachsen.get("catalog", "/v1/reference/leika", {"q": "Grundsicherung", "limit": 1})
    draft = flow.form(
        world.checklist,
        title="Sozialplattform",
        summary="Plattform für Sozialleistungen: Anträge stellen, Beratungsstellen finden, Bescheide empfangen.",
        topic_id="arbeit_ruhestand",
        leika_keys=[leika["items"][0]["leika_key"]],
        anbindungsarten=["FIT_CONNECT", "OSCI_XTA"],
        channels=["fitko"],
        known_listing="E007",
    )
    offer = await flow.publish(cast.nordrhein_westfalen, cast.fitko, draft)
    world.offers["sozialplattform"] = offer
    await flow.register(cast.sachsen, cast.fitko, "KUNDE", None)
    order_id = await flow.ready_to_order(cast.sachsen, cast.nordrhein_westfalen, cast.fitko, offer["id"])
    world.orders.append(order_id)
    await flow.place(cast.sachsen, order_id)
    order = await flow.reaches(cast.sachsen, order_id, "VERTRAG_GESCHLOSSEN")
    (concluded,) = await flow.contracts_of(cast.sachsen, order_id)
    world.screen.scene(
        "FITKO",
        f"schließt zur Sozialplattform Vertrag {order['contract']['number']}: {chain(concluded)}.",
        equals("Nummer im eigenen Kreis", order["contract"]["number"], f"FITST/{datetime.now(UTC).year}/0002"),
        equals("Vertragskette", chain(concluded), "Sachsen → FITKO → NRW"),
    )


async def refusal(world: World) -> None:
    """A municipality tries FITKO directly and learns why not, and which way is open."""
    screen, cast = world.screen, world.cast
    order = await flow.declare(cast.husum, world.offers["sozialplattform"]["id"], "fitko")
    world.orders.append(order["id"])
    refused = await flow.reaches(cast.husum, order["id"], "ABGELEHNT")
    reason = refused["refusal"]
    verdict = await cast.husum.get("eligibility", f"/v1/verdicts/{order['id']}")
    assessment = verdict["checks"][-1]["assessment"]
    record = await cast.husum.get("eligibility", f"/v1/verdict-records/{assessment['record']}/replay")
    screen.scene(
        "Husum",
        "will die Sozialplattform unmittelbar bei der FITKO und wird abgelehnt.",
        holds("Regel, Grund und Abhilfe", reason["code"] and reason["reason"] and reason["remedy"], reason),
        holds("die Abhilfe nennt den offenen Weg, govdigital", "govdigital" in (reason["remedy"] or ""), reason),
        equals("dieselbe Prüfung, noch einmal gerechnet", record["hash"], assessment["hash"]),
        waiting=world.waiting(refused),
        notes=[f"Grund: {reason['reason']}", f"Abhilfe: {reason['remedy']}", _tree(world, assessment)],
    )


async def delivery(world: World) -> None:
    """Report every milestone and go live."""
    screen, cast, order_id = world.screen, world.cast, world.orders[0]
    screen.act("Lieferung und Benachrichtigungen")
    live = await flow.deliver(cast.husum, cast.komm_one, order_id)
    screen.scene(
        "Komm.ONE",
        f"und Husum erreichen {len(live['milestones'])} Meilensteine; Vorgang {live['number']} ist PRODUKTIV.",
        equals("Stand", live["state"], "PRODUKTIV"),
        equals("am Zug", live["waiting"], None),
        waiting=world.waiting(live),
    )


def _tree(world: World, assessment: Json) -> str:
    """Return the legs of a verdict on one line, each with the rules that decide it."""
    legs = []
    for leg in assessment["legs"]:
        rules = [rule["rule"] for rule in assessment["rules"] if rule["leg"] == leg["leg"]]
        legs.append(f"{leg['leg']} {world.label('Verdict', leg['verdict'])}" + (f" ({', '.join(rules)})" if rules else ""))
    return f"Prüfbaum: {'; '.join(legs)}"


def chain(contract: Json) -> str:
    """Return the chain of a contract: Kunde, Anbieter, Bereitsteller."""
    return " → ".join(short(contract[party]) for party in ("customer", "anbieter", "provider"))
