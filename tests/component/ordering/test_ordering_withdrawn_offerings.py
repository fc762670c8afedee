"""The Vorgänge of an offer follow its withdrawal, each once, however often the event comes."""

from __future__ import annotations

from typing import Any

import pytest

from services.ordering import withdrawn_offerings
from shared.messages.catalog import OfferingWithdrawn
from shared.messages.values import OfferingState
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE, OTHER_ANBIETER, STRANGER, World
from tests.support.builders.orders import OFFERING_ID, offering

REASON = "Der Dienst wird eingestellt."


async def test_every_open_vorgang_of_the_offer_is_told_or_ended_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withdrawn_offerings, "BATCH", 2)
    orders = [await world.declare(f"kim/0100{number}0000000/KUNDE") for number in range(5)]
    gone = await world.declare("kim/010090000000/KUNDE")
    await world.step(gone["id"], "withdraw", "kim/010090000000/KUNDE")
    for ends, kind in ((False, "ordering.order.offering-ended.v1"), (True, "ordering.order.refused.v1")):
        state = offering(state=OfferingState.ZURUECKGEZOGEN)
        event = world.received(OfferingWithdrawn(offering=state, reason=REASON, ends_open_orders=ends), OFFERING_ID)
        for _ in range(2):
            assert await world.feed(event) == []
        told = [it.key for it in world.publisher.events if it.type == kind]
        assert sorted(told) == sorted(order["id"] for order in orders)


async def test_who_may_withdraw_reads_how_many_open_vorgaenge_that_touches(world: World) -> None:
    path = f"/v1/orders/counts/{OFFERING_ID}"

    async def counts(who: str) -> list[dict[str, Any]]:
        answer = await world.get(path, who)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["states"]
        return found

    assert await counts(BEREITSTELLER) == []
    await world.contracted()
    gone, checked, *forwarded = [await world.declare(f"kim/0100{number}0000000/KUNDE") for number in range(4)]
    await world.step(gone["id"], "withdraw", "kim/010000000000/KUNDE")
    for order in forwarded:
        await world.judge(order)
    assert (await world.read(checked["id"], ANBIETER))["state"] == "INTERESSE_BEKUNDET"
    shown = [
        {"state": "WEITERGELEITET", "count": 2, "may_end": True},
        {"state": "VERTRAG_GESCHLOSSEN", "count": 1, "may_end": False},
    ]
    assert await counts(BEREITSTELLER) == shown, "what is not forwarded yet is not the Bereitsteller's to know"
    assert await counts(ANBIETER) == [{"state": "INTERESSE_BEKUNDET", "count": 1, "may_end": True}, *shown]
    assert await counts(OTHER_ANBIETER) == []
    for who in (KUNDE, STRANGER):
        assert (await world.get(path, who)).status_code == 403
    nothing = await world.get(path.replace(OFFERING_ID, gone["id"]), BEREITSTELLER)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "offering_not_found")
