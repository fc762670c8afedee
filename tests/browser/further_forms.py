"""Further forms of the main flow, filled in on the way: an examination, operation of an offer, orders in one act, passing on."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from shared.ids import derived_id
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER
from tests.support.builders.orders import offering

if TYPE_CHECKING:
    from tests.browser.test_browser_forms import Marketplace, Seat
    from tests.component.ordering.ordering_world import World as OrderingWorld

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
"""A picture of one point (PNG)."""


async def examine(anbieter: Seat, name: str) -> None:
    """Examine the relation that an organisation has stated."""
    await anbieter.open("/tasks")
    await anbieter.follow("Inhouse-Angaben prüfen", "examinations")
    await anbieter.follow(name, "examination")
    await anbieter.send("Ergebnis festhalten", "examination-faults")
    found = {"organ_seat": "SHARED_DELEGATE", "joint_influence": "YES", "contrary_interests": "NO", "all_fields": "YES"}
    await anbieter.send("Ergebnis festhalten", **found, reason="Anhand der Satzung geprüft.")
    await anbieter.says("Das Ergebnis ist festgehalten")


async def state_operation(bereitsteller: Seat, here: str) -> None:
    """State how an offer is run: support, service level, faults, go-lives, and a picture of it."""
    await bereitsteller.open(f"{here}/support/new", "edit-support")
    hours: dict[str, str | list[str]] = {
        "days": ["MO", "FR"],
        "opens": "08:00",
        "closes": "16:00",
        "note": "Außer an Feiertagen.",
    }
    reached = {"mailbox": "support@komm-one.example", "telephone": "+49 711 8108-0", "url": "https://www.example.org/hilfe"}
    await bereitsteller.send("Speichern", "edit-support-list", level="SECOND_LEVEL", **reached, **hours)
    await bereitsteller.open(f"{here}/service_level/new", "edit-fault")
    times = {"reaction_minutes": "30", "restoration_minutes": "480", "around_the_clock": "true"}
    await bereitsteller.send("Speichern", fault="BETRIEBSVERHINDERND", **times)
    await bereitsteller.send("Speichern", availability="99,95", availability_period="JAHR")
    await bereitsteller.open(f"{here}/service_level", "edit-service-level")
    await bereitsteller.open(f"{here}/go_lives/new", "edit-go-live")
    day = {"on__day": "1", "on__month": "4", "on__year": "2027"}
    await bereitsteller.send("Speichern", land="DE-BW", place="Tübingen", **day)
    await bereitsteller.open(f"{here}/screenshots/new", "edit-screenshot")
    file = bereitsteller.page.locator("main [name=file]")
    await file.set_input_files({"name": "start.png", "mimeType": "image/png", "buffer": PIXEL})
    await bereitsteller.send("Speichern", title="Startseite")


async def order_together(marketplace: Marketplace, kunde: Seat, who: str) -> None:
    """Order two more services in one act."""
    orders = [await _ready(marketplace.orders, number, who) for number in (1, 2)]
    await kunde.open("/orders")
    await kunde.follow("Gemeinsam bestellen", "place-together")
    await kunde.send("Verbindlich bestellen", "place-together-faults")
    await kunde.send("Verbindlich bestellen", "placed-together", orders=orders, order_reference="HH-2", accepts_agb="true")
    await kunde.says("Gemeinsam bestellt")
    for it in orders:
        assert (await marketplace.orders.read(it, who))["state"] == "BESTELLT"


async def _ready(orders: OrderingWorld, number: int, who: str) -> str:
    """Return the id of a Vorgang of an offer of its own that can be ordered."""
    offering_id = derived_id("offering", f"together {number}")
    await orders.offer(offering(id=offering_id, title=f"Leistung {number}"))
    order = await orders.declare(who, offering_id=offering_id)
    await orders.judge(order)
    order = await orders.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    for point in order["points"]:
        if point["mandatory"] and not point["settled"]:
            owner = who if point["owner"] == "KUNDE" else BEREITSTELLER
            await orders.step(order["id"], f"points/{point['id']}/settle", owner, {"value": point["example"]})
    await orders.step(order["id"], "conditions", BEREITSTELLER, {"conditions": ["1st-Level-Support beim Kunden"]})
    await orders.step(order["id"], "offer", ANBIETER, {"valid_until": "2026-12-31"})
    return str(order["id"])


async def pass_on(land: Seat, contract_id: str, name: str) -> None:
    """Pass a contract on to a body, which is looked for, after the contract was seen; and name who answers questions about it."""
    await land.open(f"/contracts/{contract_id}")
    await land.follow("Vertrag weitergeben", "pass-on")
    await land.send("Weiter zur Prüfung", "pass-on-faults")
    await land.send("Suchen", grantee__q=name)
    await land.page.locator("main [name=grantee]").first.check()
    day = {"valid_to__day": "31", "valid_to__month": "12", "valid_to__year": "2027"}
    await land.send("Weiter zur Prüfung", "pass-on-check", order_reference="SN-7", **day)
    await land.send("Verbindlich anbieten", "passed-on")
    await land.says("Der Vertrag ist angeboten")
    await land.open(f"/contracts/{contract_id}/contacts", "contract-contacts")
    person = {"kind": "RECHNUNG", "name": "Kasse", "email": "kasse@sachsen.example"}
    await land.send("Ansprechpersonen speichern", **{f"contacts__0__{name}": value for name, value in person.items()})
    await land.says("Die Ansprechpersonen sind gespeichert")
