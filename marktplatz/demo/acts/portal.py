"""A federated portal joins late, is away, drifts, and knows each time by itself whether it is in step."""

from __future__ import annotations

from marktplatz.demo import flow
from marktplatz.demo.people import Json, eventually
from marktplatz.demo.portal import Portal
from marktplatz.demo.screen import Check, equals, holds
from marktplatz.demo.world import World
from shared.topics import OFFERINGS

NAME = "portal-sh"
SHORT = "Portal SH"
SUMMARY = "Antrag auf Fahrerlaubnis zur Fahrgastbeförderung, jetzt auch für Taxen."
PACE = {"CATALOG_CHECKPOINT_EVERY": "PT1S", "CATALOG_UPKEEP_EVERY": "PT1S", "CATALOG_REMOVE_AFTER": "PT1S"}
"""Settings of the catalog under which nobody waits for a checkpoint, or thirty days for an offer to leave the topic."""


async def portal(world: World) -> None:
    """Follow the catalog with the portal kit: late, after an absence, after damage."""
    world.screen.act("Ein föderiertes Portal lebt von den Themen allein")
    found = Portal(NAME, world.run.bootstrap, world.run.settings.var)
    await _joins_late(world, found)
    await _was_away(world, found)
    await _is_damaged(world, found)


async def _joins_late(world: World, found: Portal) -> None:
    joined = await found.follow()
    offers = await found.offers()
    world.screen.scene(
        SHORT,
        f"kommt spät dazu, liest {len(offers)} Angebote von vorn: Prüfsumme wie beim Marktplatz.",
        equals("Rückgabe von efa-portal follow", (joined.code, _last(joined.text) if joined.code else ""), (0, "")),
        equals(
            "Prüfsumme des Portals", await found.digest(OFFERINGS.name), await world.tap.checkpoint("offering", OFFERINGS.name)
        ),
        holds("das erste Angebot ist dabei", world.offers["fahrgast"]["id"] in offers, list(offers)),
    )


async def _was_away(world: World, found: Portal) -> None:
    cast = world.cast
    edited, gone = world.offers["fahrgast"], await world.offer("Fahrgastbeförderung: Ersatzausfertigung")
    await found.follow()
    before = await found.offers()
    path = f"/v1/offerings/{edited['id']}"
    changed = await cast.komm_one.edit("catalog", path, lambda shown: {**_form_of(world, shown), "summary": SUMMARY})
    await cast.komm_one.post("catalog", f"/v1/offerings/{gone['id']}/withdraw", {"reason": "Geht in einem anderen Angebot auf."})
    await eventually("the withdrawn offer has left the topic", lambda: world.tap.is_removed(OFFERINGS.name, gone["id"]))
    returned = await found.follow()
    after = await found.offers()
    world.screen.scene(
        SHORT,
        "war abgeschaltet, verpasste Änderung und Rücknahme, holt beides nach, stimmt.",
        holds("vorher war das zurückgenommene Angebot zu sehen", gone["id"] in before, list(before)),
        equals("Rückgabe von efa-portal follow", (returned.code, _last(returned.text) if returned.code else ""), (0, "")),
        equals("das geänderte Angebot", after[edited["id"]]["summary"], changed["summary"]),
        holds("das zurückgenommene Angebot ist fort", gone["id"] not in after, list(after)),
        equals(
            "Prüfsumme des Portals", await found.digest(OFFERINGS.name), await world.tap.checkpoint("offering", OFFERINGS.name)
        ),
    )


async def _is_damaged(world: World, found: Portal) -> None:
    found.change_one_byte()
    damaged = await found.verify()
    healed = await found.follow()
    audited = await found.verify()
    world.screen.scene(
        SHORT,
        "hat ein falsches Byte im eigenen Speicher: gefunden, neu gelesen, ausgetauscht.",
        equals("Rückgabe der Prüfung vor der Heilung", damaged.code, 1),
        equals("Rückgabe der Heilung und der Prüfung danach", (healed.code, audited.code), (0, 0)),
        equals(
            "Prüfsumme des Portals", await found.digest(OFFERINGS.name), await world.tap.checkpoint("offering", OFFERINGS.name)
        ),
    )


async def _same_digest(world: World, found: Portal) -> Check:
    expected = await world.tap.checkpoint("offering", OFFERINGS.name)
    return equals("Prüfsumme des Portals", await found.digest(OFFERINGS.name), expected)


def _form_of(world: World, shown: Json) -> Json:
    """Return the form of an offer as its Bereitsteller filled it in."""
    fields = flow.form(world.checklist, title="", summary="", topic_id="", ozg_ids=[], leika_keys=[], anbindungsarten=[])
    form = {name: shown[name] for name in {*fields, "known_listing"}}
    return {**form, "channels": [listing["channel"] for listing in shown["channels"]]}


def _last(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else ""
