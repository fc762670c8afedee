"""The catalog is filled from the reference data, and the first offer goes to the Schaufenster."""

from __future__ import annotations

import httpx

from marktplatz.console import progress_bars
from marktplatz.demo import flow
from marktplatz.demo.people import eventually
from marktplatz.demo.screen import equals, holds
from marktplatz.demo.world import MARKETPLACE, World
from marktplatz.loading import load_assumed_facts, load_reference_data

EXPECTED = {"municipalities": ("Gemeinden", 10_751), "states": ("Länder und Bund", 17), "districts": ("Kreise", 294)}
"""16 Länder and the Bund; the 106 kreisfreie Städte among the 400 districts are counted as municipalities."""


async def fill(world: World) -> None:
    """Load the reference data and publish the first offer."""
    world.screen.act("Der Katalog füllt sich aus echten Referenzdaten")
    await _load(world)
    await _incomplete(world)
    await _publish(world)


async def _load(world: World) -> None:
    with progress_bars(world.screen.console, transient=True) as progress:
        counts = await load_reference_data(world.run.settings, progress)
    assumed = await load_assumed_facts(world.run.settings)
    bodies = await world.cast.husum.get("eligibility", "/v1/bodies", {"q": "husum", "type": "KOMMUNE"})
    names = [item["name"] for item in bodies["items"]]
    world.screen.scene(
        MARKETPLACE,
        "lädt 10.751 Gemeinden, 294 Kreise, 16 Länder und den Bund; findet darin Husum.",
        *(equals(f"Anzahl {label}", counts.get(kind), number) for kind, (label, number) in EXPECTED.items()),
        holds("die Suche findet „Husum, Stadt“", "Husum, Stadt" in names, names),
    )
    world.screen.scene(
        MARKETPLACE,
        f"kennt {counts['ozg']} OZG-Leistungen, {counts['leika']} LeiKa-Schlüssel, {counts['it_providers']} IT-Dienstleister.",
        holds("alle Verzeichnisse sind gefüllt", all(counts[kind] for kind in ("ozg", "leika", "it_providers")), counts),
    )
    world.screen.scene(
        MARKETPLACE,
        "nimmt für die Vorführung Ungeprüftes an: Organsitze, Umsätze, Erklärungen.",
        holds("die Annahmen sind als solche eingetragen", assumed, assumed),
    )
    world.checklist = await world.cast.komm_one.get("catalog", "/v1/reference/requirements")


async def _incomplete(world: World) -> None:
    cast = world.cast
    draft = {**_form(world), "requirements": [], "price_items": []}
    incomplete = await cast.komm_one.post("catalog", "/v1/offerings", draft)
    refused = await cast.komm_one.send("POST", "catalog", f"/v1/offerings/{incomplete['id']}/submit", {})
    points = refused.json().get("points", [])
    world.screen.scene(
        "Komm.ONE",
        f"reicht ein lückenhaftes Formular ein: {len(points)} Mängel.",
        holds("mehr als ein Mangel auf einmal genannt", len(points) > 1, refused.text),
        waiting="wartet auf Komm.ONE: Formular",
    )
    await _not_admitted(world, f"/v1/offerings/{incomplete['id']}")


async def _not_admitted(world: World, path: str) -> None:
    """Complete the form of an offer and submit it before its Bereitsteller is registered and accredited."""
    komm_one = world.cast.komm_one
    await komm_one.edit("catalog", path, lambda _: _form(world))

    async def decided() -> httpx.Response | None:
        answer = await komm_one.send("POST", "catalog", f"{path}/submit", {})
        return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer

    refused = (await eventually("catalog has read the rights of organisations", decided)).json()
    world.screen.scene(
        "Komm.ONE",
        "füllt es aus, ist aber nicht registriert.",
        equals("Grund der Ablehnung", refused["code"], "provider_not_registered"),
        equals("Kanäle, bei denen die Akkreditierung fehlt", refused["channels"], ["govdigital"]),
        waiting="wartet auf Komm.ONE: Registrierung",
    )
    await komm_one.post("catalog", f"{path}/withdraw", {"reason": "Zweitfassung."})


async def _publish(world: World) -> None:
    cast = world.cast
    published = await flow.publish(cast.komm_one, cast.govdigital, _form(world))
    world.offers["fahrgast"] = published
    (provision,) = published["workflow"]["provisions"]
    world.screen.scene(
        "govdigital",
        f"akkreditiert Komm.ONE, prüft das Formular: öffentlich mit Vertrag {provision['number']}.",
        equals("Stand des Angebots", published["state"], "VEROEFFENTLICHT"),
        equals("Bereitstellungsvertrag", (provision["state"], provision["channel"]), ("GESCHLOSSEN", "govdigital")),
    )
    found = await cast.husum.get(
        "catalog", "/v1/offerings", {"q": "fahrgast", "channel": "govdigital", "anbindungsart": "FIT_CONNECT"}
    )
    world.screen.scene(
        "Husum",
        "findet die Leistung im Schaufenster: Suche „fahrgast“, Filter FIT-Connect.",
        equals("gefundene Angebote", [item["id"] for item in found["items"]], [published["id"]]),
    )


def _form(world: World) -> dict[str, object]:
    return flow.form(
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
