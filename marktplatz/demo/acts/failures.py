"""The same order several times, and a process killed in the middle: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from marktplatz.demo import flow
from marktplatz.demo.screen import equals, holds
from marktplatz.demo.world import MARKETPLACE, World
from marktplatz.embedded import processor
from shared.messages.values import Channel

MANY = 10


async def failures(world: World) -> None:
    """Repeat an order, then kill a contract processor in the middle of ten."""
    world.screen.act("Nichts geht verloren, nichts kommt doppelt")
    await _twice(world)
    await _crash(world)


async def _twice(world: World) -> None:
    """The same order twice with one key, and once more as a duplicate event."""
    cast = world.cast
    offer = await world.offer("Fahrgastbeförderung: Verlängerung")
    order_id = await flow.ready_to_order(cast.husum, cast.komm_one, cast.govdigital, offer["id"])
    world.orders.append(order_id)
    first = await flow.place(cast.husum, order_id, key="husum-bestellung-7")
    again = await flow.place(cast.husum, order_id, key="husum-bestellung-7")
    await flow.reaches(cast.husum, order_id, "VERTRAG_GESCHLOSSEN")
    repeated = await world.tap.repeat("contracts.govdigital.request.v1", order_id)
    await world.tap.caught_up("contracts.govdigital")
    contracts = await flow.contracts_of(cast.husum, order_id)
    world.screen.scene(
        "Husum",
        "bestellt dreimal dasselbe, zweimal per API, einmal als Ereignis: ein Vertrag.",
        equals("Antwort auf die Wiederholung", again, first),
        # More than one record where the outbox itself had to send twice: a busy machine lets acknowledgements come late.
        holds("das Vertragsersuchen wurde mit allen Bytes noch einmal gesendet", repeated >= 1, repeated),
        equals("Verträge zum Vorgang", len(contracts), 1),
    )


async def _crash(world: World) -> None:
    """Kill the contract processor of govdigital in the middle of ten orders."""
    screen, cast = world.screen, world.cast
    offers = await asyncio.gather(*(world.offer(f"Fahrgastbeförderung, Fassung {number}") for number in range(1, MANY + 1)))
    orders = await asyncio.gather(
        *(flow.ready_to_order(cast.husum, cast.komm_one, cast.govdigital, offer["id"]) for offer in offers)
    )
    world.orders += orders
    half = MANY // 2
    await asyncio.gather(*(flow.place(cast.husum, order) for order in orders[:half]))
    killing = asyncio.create_task(world.run.kill_and_wait(processor(Channel.GOVDIGITAL)))
    await asyncio.gather(*(flow.place(cast.husum, order) for order in orders[half:]))
    died, successor = await killing
    screen.scene(
        MARKETPLACE,
        f"kill -9 mitten in zehn Bestellungen: Prozess {died} tot, {successor} läuft weiter.",
        holds("ein anderer Prozess läuft", died != successor, successor),
    )
    await asyncio.gather(*(flow.reaches(cast.husum, order, "VERTRAG_GESCHLOSSEN", seconds=60) for order in orders))
    found = [contract for order in orders for contract in await flow.contracts_of(cast.husum, order)]
    numbers = {contract["number"] for contract in found}
    year = datetime.now(UTC).year
    register = await cast.govdigital.get("contracts", f"/v1/registers/govdigital/{year}")
    screen.scene(
        MARKETPLACE,
        f"Zehn Bestellungen, zehn Verträge, Nummern 1 bis {register['last']} ohne Lücke; FITKO unberührt.",
        equals("Verträge, alle mit eigener Nummer", (len(found), len(numbers)), (MANY, MANY)),
        holds(f"Nummernkreis {year} ohne Lücke", not register["gaps"], register),
        equals("Starts des Prozessors FITKO", world.run.children[processor(Channel.FITKO)].starts, 1),
    )
